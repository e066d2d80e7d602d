//! The keys of kept data folders: they are no secrets of a request, so nobody noted them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorkey::auth::Keyring;
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Algorithm, Clock, SigningKey};
use doorkey::store::{Sled, SledOptions, Store};

use crate::register::Register;

/// Notes the master key, and the private keys that it opens, of every data folder below.
pub(crate) fn note_keys(folder: &Path, register: &mut Register) {
    for data in data_folders(folder) {
        let Ok(text) = fs::read_to_string(data.join("master.key")) else { continue };
        let Ok(master) = MasterKey::from_text(&text) else { continue };
        register.note("master_key", text.trim().as_bytes());
        register.note("master_key", &bytes_of(text.trim()));
        for key in keys(&data) {
            let context = format!("key/{}", key.id).into_bytes();
            if let Ok(private) = master.open(&context, &key.sealed) {
                register.note("private_key", &private);
            }
        }
    }
}

fn data_folders(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if folder.join("master.key").exists() {
        found.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(data_folders(&entry.path()));
        }
    }
    found
}

/// The sealed keys of a store, out of a copy; none when it cannot be opened, as a test may have
/// wanted it.
fn keys(data: &Path) -> Vec<SigningKey> {
    let copy = tempfile::tempdir().unwrap();
    let journals = copy.path().join("data/journal");
    fs::create_dir_all(&journals).unwrap();
    let Ok(entries) = fs::read_dir(data.join("journal")) else { return Vec::new() };
    for entry in entries.map(Result::unwrap) {
        fs::copy(entry.path(), journals.join(entry.file_name())).unwrap();
    }
    let opened = Sled::open(&copy.path().join("data"), SledOptions::new(Clock::system()));
    let Ok(sled) = opened else { return Vec::new() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Store::new(Arc::new(sled)).keys().all()).unwrap_or_default()
}

/// What the text of a master key stands for.
fn bytes_of(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

/// A data folder with one signing key; that key.
pub(crate) fn planted(data: &Path) -> Vec<u8> {
    fs::create_dir_all(data.parent().unwrap()).unwrap();
    let (clock, random) = (Clock::system(), Random::system());
    let store = Store::new(Arc::new(Sled::open(data, SledOptions::new(clock.clone())).unwrap()));
    let master = MasterKey::generate(&random);
    let text = master.to_text();
    fs::write(data.join("master.key"), text.expose()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let opening = Keyring::open(&store, master, Algorithm::Es256, (clock.now(), &random));
    runtime.block_on(opening).unwrap();
    let key = runtime.block_on(store.keys().all()).unwrap().remove(0);
    let context = format!("key/{}", key.id).into_bytes();
    MasterKey::from_text(text.expose()).unwrap().open(&context, &key.sealed).unwrap().to_vec()
}
