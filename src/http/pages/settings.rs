//! What the deployment decides about the pages.

use super::language::Language;
use crate::model::Colour;

/// How the pages look, speak, and where they lead to.
#[derive(Debug, Clone)]
pub struct Look {
    /// What the installation is called.
    pub name: String,
    /// `None`: the name stands alone.
    pub logo: Option<Logo>,
    /// The colour of buttons and links.
    pub accent: Colour,
    /// What is offered, at least one; the first to whoever asks for none of them.
    pub languages: Vec<Language>,
    /// The addresses elsewhere that a login may lead to, each whole and exact.
    pub return_to: Vec<String>,
}

/// A picture for every page.
#[derive(Debug, Clone)]
pub struct Logo {
    pub(super) media: &'static str,
    pub(super) ending: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Logo {
    /// The largest one, in bytes: every visitor fetches it.
    pub const MAX: u64 = 64 * 1024;

    /// The picture in these bytes, by what they begin with; `None` when it is neither a PNG nor
    /// an SVG.
    #[must_use]
    pub fn recognize(bytes: Vec<u8>) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self { media: "image/png", ending: "png", bytes });
        }
        let text = str::from_utf8(&bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
        let is_svg =
            text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"));
        is_svg.then_some(Self { media: "image/svg+xml", ending: "svg", bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_what_its_bytes_are() {
        let media = |bytes: &[u8]| Logo::recognize(bytes.to_vec()).map(|logo| logo.media);
        assert_eq!(media(b"\x89PNG\r\n\x1a\n\0\0"), Some("image/png"));
        assert_eq!(media(b"<svg xmlns=\"x\"/>"), Some("image/svg+xml"));
        assert_eq!(media(b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg/>"), Some("image/svg+xml"));
        for other in [&b""[..], b"GIF89a", b"<html><svg>", b"\xff\xd8\xff", b"<?xml ?><a/>"] {
            assert_eq!(media(other), None);
        }
    }
}
