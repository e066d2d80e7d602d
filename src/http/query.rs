//! Parameters behind the `?`: known names, each at most once, percent-encoded UTF-8.

use std::borrow::Cow;

use serde_json::json;

use super::doc::Parameter;
use super::kind::Kind;
use super::problem::Problem;
use crate::model::{Denial, Rule};

/// How many entries a page has.
pub(super) const LIMIT: Parameter = Parameter {
    name: "limit",
    about: "The most entries of the page.",
    schema: |_| json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
};

/// Where a page begins.
pub(super) const CURSOR: Parameter = Parameter {
    name: "cursor",
    about: "The `next_cursor` of the page before.",
    schema: |_| json!({"type": "string"}),
};

/// The values of `names`, in their order.
///
/// # Errors
/// `invalid_request` for an unknown or repeated name and for broken encoding.
pub(super) fn parse<const N: usize>(
    query: &str,
    names: [&'static str; N],
) -> Result<[Option<String>; N], Problem> {
    let mut values = [const { None }; N];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(place) = names.iter().position(|known| *known == name) else {
            return Err(refuse("query", "has a parameter that this route does not know"));
        };
        let decoded = decode(value).ok_or_else(|| refuse(names[place], "is not UTF-8"))?;
        if values[place].replace(decoded).is_some() {
            return Err(refuse(names[place], "is there more than once"));
        }
    }
    Ok(values)
}

/// The number of entries a page may have: 1 to 100, 50 when not given.
pub(super) fn limit(value: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = value else { return Ok(50) };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|n| digits && (1..=100).contains(n));
    number.ok_or_else(|| refuse("limit", "must be a whole number from 1 to 100"))
}

/// A problem with one parameter.
pub(super) fn refuse(name: &'static str, message: impl Into<Cow<'static, str>>) -> Problem {
    let message = message.into();
    let why = Denial::from(Rule::QueryRefused).with_detail(format_args!("{name} {message}"));
    Problem::new(Kind::InvalidRequest, why).field(name, message)
}

/// `+` and `%xx` resolved; `None` for what is no UTF-8 then.
pub(super) fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_strict() {
        let parsed = parse("q=a%40b+c&limit=5", ["limit", "q", "cursor"]).unwrap();
        assert_eq!(parsed, [Some("5".to_owned()), Some("a@b c".to_owned()), None]);
        for bad in ["q=1&q=2", "x=1", "q=%f", "q=%ff", "q=%zz", "%71=1"] {
            assert!(parse(bad, ["limit", "q", "cursor"]).is_err(), "{bad}");
        }
    }

    /// INP-11.
    #[test]
    fn a_limit_is_a_number_from_1_to_100() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("100")).unwrap(), 100);
        for bad in ["0", "101", "-1", "+5", "", "5.0", "99999999999999999999", "abc"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }
}
