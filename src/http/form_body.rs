//! Bodies of HTML forms (`application/x-www-form-urlencoded`, WHATWG URL 5.1), read strictly:
//! declared as such, each field known and named once.

use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};
use warp::http::HeaderMap;

use super::json::is_declared;
use super::kind::Kind;
use super::problem::Problem;
use super::query::decode;
use crate::model::Rule;

/// Reads a form into `T`, whose members are texts and which must derive `Deserialize` with
/// `deny_unknown_fields`.
///
/// # Errors
/// `unsupported_media_type`, and `invalid_request` for what is no text, or has an unknown, a
/// repeated or a missing field. No value is repeated.
pub(super) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if !is_declared(headers, "application/x-www-form-urlencoded") {
        return Err(Problem::new(Kind::UnsupportedMediaType, Rule::MediaType));
    }
    let refused = |detail| Problem::new(Kind::InvalidRequest, Rule::FormFields).detail(detail);
    let pairs = str::from_utf8(body).ok().and_then(pairs);
    let pairs = pairs.ok_or_else(|| refused("The form is not text in UTF-8."))?;
    let read = T::deserialize(MapDeserializer::<_, Error>::new(pairs.into_iter()));
    read.map_err(|_| refused("A field of the form is unknown, repeated or missing."))
}

fn pairs(body: &str) -> Option<Vec<(String, String)>> {
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Some((decode(name)?, decode(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use warp::http::HeaderValue;
    use warp::http::header::CONTENT_TYPE;

    use super::*;
    use crate::model::Secret;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fields {
        username: String,
        password: Secret,
        #[serde(default)]
        rd: String,
    }

    fn read(media: &'static str, body: &str) -> Result<Fields, Kind> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        parse(&headers, body.as_bytes()).map_err(|problem| problem.kind())
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let read = read(FORM, "username=ann&password=%C3%A4+b%26%3D&rd=").unwrap();
        assert_eq!((read.username.as_str(), read.rd.as_str()), ("ann", ""));
        assert_eq!(read.password.expose(), "\u{e4} b&=");
    }

    /// INP-01.
    #[test]
    fn what_is_unknown_repeated_missing_or_no_text_is_refused() {
        for body in [
            "",
            "username=ann",
            "username=ann&password=x&x=1",
            "username=ann&password=x&username=ann",
            "username=ann&password=x&%75sername=ann",
            "username=ann&password=%ff",
            "username=ann&password=%f",
            "{\"username\":\"ann\",\"password\":\"x\"}",
        ] {
            assert_eq!(read(FORM, body).unwrap_err(), Kind::InvalidRequest, "{body}");
        }
    }

    /// CSRF-05.
    #[test]
    fn another_media_type_is_not_read() {
        for media in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
            let refused = read(media, "username=ann&password=x").unwrap_err();
            assert_eq!(refused, Kind::UnsupportedMediaType, "{media}");
        }
        assert!(
            read("application/x-www-form-urlencoded; charset=UTF-8", "username=a&password=x")
                .is_ok()
        );
    }
}
