//! What a token says of itself, whether or not any of it is true: for a person who asks why one
//! was refused. Nothing here decides about a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::MAX_BYTES;
use crate::model::Timestamp;

/// The unproven words of a token; each is `None` where it cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peek {
    /// `alg` in the header.
    pub alg: Option<String>,
    /// `typ` in the header.
    pub typ: Option<String>,
    /// `kid` in the header.
    pub kid: Option<String>,
    /// `iss`.
    pub iss: Option<String>,
    /// `aud`, as JSON when it is a list.
    pub aud: Option<String>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `sub`.
    pub sub: Option<String>,
    /// `sid`.
    pub sid: Option<String>,
    /// `ver`.
    pub ver: Option<String>,
    /// `iat`.
    pub iat: Option<Timestamp>,
    /// `nbf`.
    pub nbf: Option<Timestamp>,
    /// `exp`.
    pub exp: Option<Timestamp>,
}

/// Reads what can be read of a token's header and claims. Of one that is too long, nothing.
#[must_use]
pub fn peek(token: &str) -> Peek {
    if token.len() > MAX_BYTES {
        return Peek::default();
    }
    let mut parts = token.split('.').map(read);
    let mut next = || parts.next().flatten().unwrap_or_default();
    let (header, claims) = (next(), next());
    let time = |name: &str| claims[name].as_u64().map(Timestamp::from_seconds);
    Peek {
        alg: text(&header["alg"]),
        typ: text(&header["typ"]),
        kid: text(&header["kid"]),
        iss: text(&claims["iss"]),
        aud: text(&claims["aud"]),
        client_id: text(&claims["client_id"]),
        sub: text(&claims["sub"]),
        sid: text(&claims["sid"]),
        ver: text(&claims["ver"]),
        iat: time("iat"),
        nbf: time("nbf"),
        exp: time("exp"),
    }
}

fn read(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_read_and_the_rest_is_none() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let header = part(r#"{"alg":"none","typ":5}"#);
        let claims = part(r#"{"iss":"x","aud":["a"],"exp":7,"iat":"7"}"#);
        let read = peek(&format!("{header}.{claims}"));
        let words = [read.alg, read.typ, read.iss, read.aud].map(Option::unwrap);
        assert_eq!(words, ["none", "5", "x", r#"["a"]"#]);
        assert_eq!((read.exp, read.iat), (Some(Timestamp::from_seconds(7)), None));
        for nothing in ["", ".", "a.b.c", "e30", &"a".repeat(9_000)] {
            assert_eq!(peek(nothing), Peek::default(), "{nothing:?}");
        }
    }
}
