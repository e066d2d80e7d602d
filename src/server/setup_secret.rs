//! The one-time setup secret's file, for whoever cannot read the first lines of the output.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::master_key::write_new;
use crate::model::Secret;

/// Where it is.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join("setup-secret")
}

/// The secret of an earlier start; `None` when there is none to read.
pub(super) fn read(path: &Path) -> Option<Secret> {
    let text = Secret::new(fs::read_to_string(path).ok()?);
    Some(Secret::new(text.expose().trim().to_owned()))
}

/// Writes the secret, over an older one, for the owner only.
pub(super) fn write(path: &Path, secret: &Secret) -> io::Result<()> {
    if read(path).is_some_and(|old| old.expose() == secret.expose()) {
        return Ok(());
    }
    remove(path)?;
    write_new(path, secret)
}

/// Removes it; it may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// PW-14.
    #[test]
    fn the_secret_is_in_a_private_file_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        for text in ["first", "second", "second"] {
            write(&path, &Secret::new(text.to_owned())).unwrap();
            assert_eq!(read(&path).unwrap().expose(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        }
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(read(&path).is_none());
    }
}
