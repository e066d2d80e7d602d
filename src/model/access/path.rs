//! Paths in the one form that proxies, apps and rules read alike.

use std::fmt::Write as _;

use super::NotCanonical;

/// The path of a URL (RFC 3986, 3.3) without its query, in a form that nothing on the way reads
/// otherwise than the rules do:
///
/// - it begins with `/`, has no empty segment but at its end, and none that is `.` or `..`;
/// - it is visible ASCII without `\`, `;` (which some apps cut off), `?`, `#`, and what browsers always
///   escape: quotes, angle brackets, braces and the backtick;
/// - each `%` begins an escape of two hexadecimal digits, for a byte that needs one: no letter,
///   digit, `-`, `.`, `_`, `~`, no `/`, `\` or control character; the bytes are UTF-8, and hold no
///   escape once more.
///
/// Digits of escapes are kept in upper case. Rules go by what is escaped and not by how, as apps do:
/// `/a:b` and `/a%3Ab` are one path to both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPath {
    text: String,
    /// Without escapes. No slash, backslash or control character comes from one.
    plain: String,
}

impl CanonicalPath {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What apps make of it: the text without escapes, for comparing only.
    pub(super) fn plain(&self) -> &str {
        &self.plain
    }

    /// The path of a folder, written without a slash at its end; empty is the root.
    ///
    /// # Errors
    /// As [`CanonicalPath::parse`].
    pub(super) fn folder(text: &str) -> Result<Self, NotCanonical> {
        match text {
            "" => Ok(Self { text: String::new(), plain: String::new() }),
            _ if text.ends_with('/') => Err(NotCanonical("the path has an empty segment (//)")),
            _ => Self::parse(text),
        }
    }

    /// The path when it is in that form.
    ///
    /// # Errors
    /// What speaks against it.
    pub fn parse(text: &str) -> Result<Self, NotCanonical> {
        let inner = text.strip_prefix('/').ok_or(NotCanonical("the path does not begin with /"))?;
        let (text, plain) = with_checked_escapes(text)?;
        let last = inner.split('/').count() - 1;
        for (place, segment) in inner.split('/').enumerate() {
            match segment {
                "" if place < last => {
                    return Err(NotCanonical("the path has an empty segment (//)"));
                }
                "." | ".." => return Err(NotCanonical("the path has a segment . or ..")),
                _ => {}
            }
        }
        Ok(Self { text, plain })
    }
}

/// Whether the byte may stand in a path as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\\;?#%\"<>`{}".contains(&byte)
}

/// Whether a byte has a reason to be escaped, and no power when it is.
fn needs_escape(byte: u8) -> bool {
    let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !unreserved && !byte.is_ascii_control() && byte != b'/' && byte != b'\\'
}

fn hex(digit: Option<u8>) -> Option<u8> {
    char::from(digit?).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

/// The same path with the digits of its escapes in upper case, and without its escapes.
fn with_checked_escapes(text: &str) -> Result<(String, String), NotCanonical> {
    let (mut path, mut decoded) = (String::with_capacity(text.len()), Vec::new());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = (hex(bytes.next()), hex(bytes.next()));
            let (Some(high), Some(low)) = digits else {
                return Err(NotCanonical("a % in the path begins no escape"));
            };
            let escaped = high << 4 | low;
            if !needs_escape(escaped) {
                return Err(NotCanonical(
                    "the path escapes a character that needs none, or a slash, backslash or control",
                ));
            }
            let _ = write!(path, "%{escaped:02X}");
            decoded.push(escaped);
        } else if is_plain(byte) {
            path.push(char::from(byte));
            decoded.push(byte);
        } else {
            return Err(NotCanonical("the path has a character that must be escaped, or a ;"));
        }
    }
    let is_twice = |three: &[u8]| three[0] == b'%' && three[1..].iter().all(u8::is_ascii_hexdigit);
    if decoded.windows(3).any(is_twice) {
        return Err(NotCanonical("the path is escaped twice"));
    }
    match String::from_utf8(decoded) {
        Ok(plain) => Ok((path, plain)),
        Err(_) => Err(NotCanonical("the path is not UTF-8")),
    }
}
