//! The master key's file: outside the store, made once, never silently made again.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::crypto::{MasterKey, Random};
use crate::model::Secret;

/// Why there is no master key to use.
#[derive(Debug)]
pub enum MasterKeyError {
    /// The store holds keys sealed with a master key that is not there.
    Missing(PathBuf),
    /// The configured file is not there, and nothing in the store is sealed with it yet.
    NotMade(PathBuf),
    /// The file holds no master key.
    Damaged(PathBuf),
    /// The file belongs to another user than this one or root.
    NotOurs(PathBuf),
    /// Others may read the file.
    TooOpen(PathBuf, u32),
    /// The file could not be read or made.
    Io(PathBuf, io::Error),
}

impl fmt::Display for MasterKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "the master key {} is missing: the signing keys in the store are sealed with it; put it back from where you keep it",
                path.display()
            ),
            Self::NotMade(path) => write!(
                f,
                "the master key {0} that is configured is not there, and the store has no keys yet: make it with `(umask 077; head -c 32 /dev/urandom | basenc --base64url | tr -d = > '{0}')`",
                path.display()
            ),
            Self::Damaged(path) => write!(
                f,
                "{} holds no master key (one line of 43 characters): put the right one back from where you keep it",
                path.display()
            ),
            Self::NotOurs(path) => write!(
                f,
                "the master key {} belongs to another user: run doorkey as its owner",
                path.display()
            ),
            Self::TooOpen(path, mode) => write!(
                f,
                "the master key {} may be read by others (mode {mode:04o}): run chmod 600 on it, and think about who could have read it",
                path.display()
            ),
            Self::Io(path, error) => {
                write!(f, "the master key {} cannot be used: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for MasterKeyError {}

/// The name in the data folder.
const NAME: &str = "master.key";

/// Reads the master key from `configured` or the data folder. Only for a store without keys,
/// and only in the data folder, one is made when there is none.
pub(super) fn open(
    configured: Option<&Path>,
    data: &Path,
    (store_is_new, random): (bool, &Random),
) -> Result<MasterKey, MasterKeyError> {
    let path = configured.map_or_else(|| data.join(NAME), Path::to_owned);
    match read(&path) {
        Err(MasterKeyError::Io(_, error)) if error.kind() == ErrorKind::NotFound => {
            match (store_is_new, configured) {
                (true, None) => {
                    create(&path, random).map_err(|error| MasterKeyError::Io(path, error))
                }
                (true, Some(_)) => Err(MasterKeyError::NotMade(path)),
                (false, _) => Err(MasterKeyError::Missing(path)),
            }
        }
        read => read,
    }
}

fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let io = |error| MasterKeyError::Io(path.to_owned(), error);
    let found = fs::metadata(path).map_err(io)?;
    let ours = [rustix::process::geteuid().as_raw(), 0];
    if !ours.contains(&found.uid()) {
        return Err(MasterKeyError::NotOurs(path.to_owned()));
    }
    let mode = found.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::TooOpen(path.to_owned(), mode));
    }
    let text = Secret::new(fs::read_to_string(path).map_err(io)?);
    MasterKey::from_text(text.expose()).map_err(|_| MasterKeyError::Damaged(path.to_owned()))
}

/// Made with its mode and only if it is not there; durable, name included, before anything is
/// sealed with it.
fn create(path: &Path, random: &Random) -> io::Result<MasterKey> {
    let key = MasterKey::generate(random);
    write_new(path, &key.to_text())?;
    Ok(key)
}

/// Writes a secret to a file that must not exist yet, for its owner only. It gets its name when
/// it is whole: a power cut must not leave an empty file in its place. The caller holds the
/// lock of the folder, so nobody else makes the file meanwhile.
pub(super) fn write_new(path: &Path, secret: &Secret) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let unfinished = path.with_added_extension("new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(secret.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path, is_new: bool) -> Result<MasterKey, MasterKeyError> {
        open(None, folder, (is_new, &Random::seeded(1)))
    }

    /// KEY-03, KEY-04.
    #[test]
    fn a_new_store_gets_a_private_key_and_later_starts_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let first = opened(folder.path(), true).unwrap().to_text();
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let read = opened(folder.path(), false).unwrap().to_text();
        assert_eq!(first.expose(), read.expose());
    }

    /// What a power cut leaves; `tests/powercut` looks at every moment.
    #[test]
    fn a_key_that_was_cut_off_while_it_was_written_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("master.key.new"), "half").unwrap();
        let first = opened(folder.path(), true).unwrap().to_text();
        let read = opened(folder.path(), false).unwrap().to_text();
        assert_eq!(first.expose(), read.expose());
        assert!(!folder.path().join("master.key.new").exists());
    }

    /// KEY-04.
    #[test]
    fn a_missing_key_of_a_store_with_keys_is_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let error = opened(folder.path(), false).unwrap_err();
        assert!(matches!(error, MasterKeyError::Missing(_)), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// KEY-04.
    #[test]
    fn an_empty_or_damaged_key_is_an_error_and_stays_as_it_is() {
        for damaged in ["", "\n", "short", &"A".repeat(44)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(NAME);
            write_new(&path, &Secret::new(damaged.to_owned())).unwrap();
            for is_new in [true, false] {
                let error = opened(folder.path(), is_new).unwrap_err();
                assert!(matches!(error, MasterKeyError::Damaged(_)), "{damaged:?}: {error}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{damaged}\n"));
        }
    }

    /// KEY-03.
    #[test]
    fn a_key_that_others_can_read_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        opened(folder.path(), true).unwrap();
        let path = folder.path().join(NAME);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = opened(folder.path(), false).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_configured_file_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("elsewhere.key");
        let opened = |is_new| open(Some(&path), folder.path(), (is_new, &Random::seeded(1)));
        assert!(matches!(opened(true), Err(MasterKeyError::NotMade(_))));
        assert!(matches!(opened(false), Err(MasterKeyError::Missing(_))));
    }
}
