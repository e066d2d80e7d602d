//! The logo's file, read once at the start.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Error;
use crate::http::Logo;

/// The picture in this file; `None` for the empty path, which is no logo.
///
/// # Errors
/// [`Error::Logo`] for a file that cannot be read, is too large or is no picture that we know.
pub(super) fn read(path: &Path) -> Result<Option<Logo>, Error> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let refused = |why: String| Error::Logo(path.to_owned(), why);
    let bytes = bytes(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > Logo::MAX {
        return Err(refused("is larger than 64 KiB; make it smaller".to_owned()));
    }
    let logo = Logo::recognize(bytes);
    logo.map(Some).ok_or_else(|| refused("is neither a PNG nor an SVG file".to_owned()))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Logo::MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_logo_is_read_or_the_reason_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo");
        let said = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let read = read(&path).map(|logo| logo.is_some());
            read.map_err(|error| error.to_string().replace(&path.display().to_string(), "F"))
        };
        assert_eq!(said(b"<svg/>"), Ok(true));
        let why = "pages.logo: F is neither a PNG nor an SVG file";
        assert_eq!(said(b"GIF89a"), Err(why.to_owned()));
        let large = [b"<svg>".to_vec(), vec![b' '; 64 * 1024]].concat();
        let why = "pages.logo: F is larger than 64 KiB; make it smaller";
        assert_eq!(said(&large), Err(why.to_owned()));
        fs::remove_file(&path).unwrap();
        let gone = read(&path).unwrap_err().to_string();
        assert!(gone.contains("cannot be read: "), "{gone}");
        assert!(read(Path::new("")).unwrap().is_none());
    }
}
