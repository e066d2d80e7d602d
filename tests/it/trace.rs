//! The secrets of a run, noted, and everything that the run writes, kept:
//! `DOORKEY_TRACE_SECRETS=FOLDER cargo test --test it` logs all crates at TRACE and leaves in FOLDER
//! what `tests/secrets` searches. Without that variable nothing here does anything.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::store::engine::Engine;
use serde_json::Value;
use tracing::level_filters::LevelFilter;

/// Shorter ones are words that stand everywhere ("wrong"), longer ones are refused unread.
const LENGTHS: std::ops::Range<usize> = 12..8 * 1024;

/// Where everything goes; `None` in a plain run.
pub fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(find).as_deref()
}

/// The harness is part of another test binary too, whose runs are not searched.
#[expect(clippy::disallowed_methods, reason = "what a test does is not the program's setting")]
fn find() -> Option<PathBuf> {
    let folder = std::env::var_os("DOORKEY_TRACE_SECRETS")?;
    (env!("CARGO_CRATE_NAME") == "it").then(|| folder.into())
}

/// A new file or folder of this kind.
pub fn place(kind: &str) -> Option<PathBuf> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let folder = folder()?.join(kind);
    fs::create_dir_all(&folder).unwrap();
    Some(folder.join(format!("{}-{number}", std::process::id())))
}

/// Keeps these bytes to be searched.
pub fn keep(kind: &str, bytes: &[u8]) {
    if let Some(file) = place(kind).filter(|_| !bytes.is_empty()) {
        fs::write(file, bytes).unwrap();
    }
}

/// Notes a value that must be found nowhere; `kind` says what it is. What is noted as `public`
/// was also sent as a name, and proves nothing.
pub fn secret(kind: &str, value: impl AsRef<[u8]>) {
    static SEEN: Mutex<Option<(HashSet<String>, File)>> = Mutex::new(None);
    let (Some(folder), value) = (folder(), value.as_ref()) else { return };
    // A row of x stands in paths that are too long, too.
    let is_plain = value.iter().collect::<HashSet<_>>().len() < 3;
    if !LENGTHS.contains(&value.len()) || is_plain {
        return;
    }
    let line = format!("{kind} {}\n", URL_SAFE_NO_PAD.encode(value));
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let (lines, file) = seen.get_or_insert_with(|| {
        let file = OpenOptions::new().create(true).append(true).open(folder.join("register"));
        (HashSet::new(), file.unwrap())
    });
    if lines.insert(line.clone()) {
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// Notes what a JSON body says that only its sender knows.
pub fn sent(body: &[u8]) {
    if folder().is_none() {
        return;
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return };
    for (name, value) in &members {
        let Some(value) = value.as_str() else { continue };
        match name.as_str() {
            "password" | "current_password" | "new_password" => secret("password", value),
            "secret" => secret("setup_secret", value),
            "username" | "email" | "display_name" => secret("public", value),
            _ => {}
        }
    }
}

/// Notes what an answer gave out: tokens, cookies, links, secrets of services and API tokens.
pub fn answered(body: &[u8], cookies: impl Iterator<Item = String>) {
    if folder().is_none() {
        return;
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(token) = body["access_token"].as_str() {
        secret("access_token", token);
        secret("access_token_signature", token.rsplit('.').next().unwrap());
    }
    if let Some(text) = body["secret"].as_str() {
        secret("given_secret", text);
    }
    link(body["link"].as_str().unwrap_or_default());
    for cookie in cookies {
        let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1;
        token("refresh_token", value);
    }
}

/// Notes the tokens of the links in a text.
pub fn link(text: &str) {
    for part in text.split("token=").skip(1) {
        token(
            "link_token",
            part.split(|c: char| c.is_whitespace() || "\"&".contains(c)).next().unwrap(),
        );
    }
}

/// `id.secret`, and the secret alone, as text and as bytes.
fn token(kind: &str, text: &str) {
    let Some((_, half)) = text.split_once('.') else { return };
    secret(kind, text);
    secret(kind, half);
    secret(kind, URL_SAFE_NO_PAD.decode(half).unwrap_or_default());
}

/// Logs everything of every crate to a file, from now on, once.
pub fn log() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let Some(path) = place("logs") else { return };
        let file = File::create(path).unwrap();
        log::set_logger(Box::leak(Box::new(Records(file.try_clone().unwrap())))).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE);
        lines.with_ansi(false).with_writer(Mutex::new(file)).init();
    });
}

/// What crates say through `log` instead of `tracing`.
struct Records(File);

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        let _ = (&self.0).write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

/// Keeps what is in an engine that answers at once, as one in memory does.
pub fn records(engine: &dyn Engine) {
    if folder().is_none() {
        return;
    }
    let mut scan = engine.scan(b"", None, usize::MAX);
    let mut waiting = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(entries)) = scan.as_mut().poll(&mut waiting) else { return };
    let lines: Vec<u8> = entries
        .into_iter()
        .flat_map(|e| [e.key, b" ".to_vec(), e.value, b"\n".to_vec()].concat())
        .collect();
    keep("records", &lines);
}

/// Keeps a whole folder that is about to go.
pub fn keep_folder(from: &Path) {
    if let Some(to) = place("places") {
        copy(from, &to).unwrap();
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = {
            let e = entry?;
            let to = to.join(e.file_name());
            (e, to)
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
