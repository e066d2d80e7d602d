//! `doorkey config check`

use serde_json::json;

use super::args::{Config, Place};
use super::control::{data_folder, load};
use super::{Error, print};
use crate::server::{self, check_tls};

pub(super) fn run(place: Place, command: &Config) -> Result<(), Error> {
    let Config::Check { form } = command;
    let loaded = load(place, None)?;
    check_tls(&loaded.config.tls).map_err(server::Error::Tls)?;
    let (data, settings) = (data_folder(&loaded)?, loaded.effective());
    if form.json {
        return print::json(&json!({
            "file": loaded.file,
            "data": data,
            "master_key_file": loaded.master_key_file,
            "settings": settings,
            "notes": loaded.notes(),
        }));
    }
    let rows = settings.into_iter().map(|s| [s.key, s.value, s.source]);
    print::table(["KEY", "VALUE", "SOURCE"], rows.collect())?;
    loaded.notes().iter().for_each(|note| print::note(note));
    print::note(&format!("data folder: {}", data.display()));
    Ok(())
}
