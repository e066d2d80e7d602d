//! The name and secret of a service: HTTP Basic authentication (RFC 7617), each part in form
//! encoding inside (RFC 6749, 2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use super::kind::Kind;
use super::problem::Problem;
use super::query;
use crate::model::{Rule, Secret};

/// An Authorization header that cannot be read in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadBasic(Rule);

impl From<BadBasic> for Problem {
    fn from(BadBasic(rule): BadBasic) -> Self {
        Self::new(Kind::MalformedHeader, rule)
    }
}

/// The name and the secret; `None` without the header or with another scheme, whatever it says.
///
/// # Errors
/// [`BadBasic`] for two headers and for what is not base64 of text with a colon.
pub(super) fn basic(headers: &HeaderMap) -> Result<Option<(String, Secret)>, BadBasic> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(BadBasic(Rule::AuthorizationRepeated));
    }
    let text = line.to_str().map_err(|_| BadBasic(Rule::AuthorizationNotText))?;
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    parse(credentials).map(Some).ok_or(BadBasic(Rule::BasicForm))
}

fn parse(credentials: &str) -> Option<(String, Secret)> {
    let text = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    // Wiped when it goes.
    let text = Secret::new(text);
    let (id, secret) = text.expose().split_once(':')?;
    Some((query::decode(id)?, Secret::new(query::decode(secret)?)))
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn read(lines: &[&str]) -> Result<Option<(String, String)>, BadBasic> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_str(line).unwrap());
        }
        let read = basic(&headers)?;
        Ok(read.map(|(id, secret)| (id, secret.expose().to_owned())))
    }

    fn line(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    /// OAU-10.
    #[test]
    fn both_parts_are_form_encoded_inside() {
        let pair = |id: &str, secret: &str| Ok(Some((id.to_owned(), secret.to_owned())));
        assert_eq!(read(&[&line("wiki:dk_svc_x")]), pair("wiki", "dk_svc_x"));
        assert_eq!(read(&[&line("a%3Ab:c+d%25:e")]), pair("a:b", "c d%:e"));
        assert_eq!(read(&[&line("wiki:").replace("Basic", "bAsIc")]), pair("wiki", ""));
    }

    /// OAU-10.
    #[test]
    fn what_is_not_one_such_header_is_no_proof() {
        for other in ["Bearer abc", "Basically abc", "Digest username=x"] {
            assert_eq!(read(&[other]), Ok(None), "{other}");
        }
        assert_eq!(read(&[]), Ok(None));
        let (no_colon, no_text) = (line("wiki"), line("a%zz:b"));
        let two_spaces = line("wiki:x").replace(' ', "  ");
        for bad in ["Basic", "Basic ", "Basic a b", "Basic %%%", &no_colon, &no_text, &two_spaces] {
            assert_eq!(read(&[bad]), Err(BadBasic(Rule::BasicForm)), "{bad}");
        }
        assert_eq!(read(&[&line("a:b"), &line("a:b")]), Err(BadBasic(Rule::AuthorizationRepeated)));
        assert_eq!(read(&[&line("a:b"), "Bearer abc"]), Err(BadBasic(Rule::AuthorizationRepeated)));
    }
}
