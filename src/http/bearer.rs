//! The bearer token of a request (RFC 6750, 2.1; RFC 9110, 11).

use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

/// An Authorization header that cannot be read in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBearer {
    /// It is there more than once.
    Repeated,
    /// It has bytes outside ASCII.
    NotText,
    /// It is not `Bearer`, one space and one token.
    Form,
    /// Some parser might find a Bearer token behind another scheme.
    Hidden,
    /// There is a token in the query as well.
    InQuery,
}

/// The token after `Bearer `, in any letter case of the scheme. `None` without the header or
/// with another scheme alone: then there is no bearer token. Tokens elsewhere (query, body,
/// cookie) never count.
///
/// # Errors
/// [`BadBearer`] for two headers, a scheme without a token, more than one space, anything
/// that mixes `Bearer` with something else, and a token in the header beside one in the query.
pub fn bearer<'a>(
    headers: &'a HeaderMap,
    query: Option<&str>,
) -> Result<Option<&'a str>, BadBearer> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(BadBearer::Repeated);
    }
    let text = line.to_str().map_err(|_| BadBearer::NotText)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return match (is_token68(token), names_a_token(query.unwrap_or_default())) {
            (true, false) => Ok(Some(token)),
            (true, true) => Err(BadBearer::InQuery),
            (false, _) => Err(BadBearer::Form),
        };
    }
    match (scheme.is_empty(), mentions_bearer(text)) {
        (false, false) => Ok(None),
        (_, true) => Err(BadBearer::Hidden),
        (true, false) => Err(BadBearer::Form),
    }
}

/// The characters of RFC 6750's `b64token`: at least one, `=` at the end only.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // All of it, without a stop at the first bad byte: so many bytes are looked at together.
    !body.is_empty() && body.bytes().fold(true, |all, byte| all & is_token68_byte(byte))
}

const fn is_token68_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// RFC 6750, 2.3: the other way to bring a token. It never counts here (RFC 9700, 4.3.2), but a
/// proxy may have looked at that one and not at ours.
fn names_a_token(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some("access_token"))
}

/// A second scheme hidden behind the first: some parser on the way might have taken it.
fn mentions_bearer(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("bearer"))
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn with(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    /// BRR-02.
    #[test]
    fn the_scheme_is_read_in_any_case_and_the_token_exactly() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            let headers = with(&[format!("{scheme} aA0-._~+/b==").as_bytes()]);
            assert_eq!(bearer(&headers, None), Ok(Some("aA0-._~+/b==")), "{scheme}");
        }
    }

    #[test]
    fn without_the_header_or_with_another_scheme_there_is_no_token() {
        assert_eq!(bearer(&HeaderMap::new(), None), Ok(None));
        for line in ["Basic dXNlcjpwdw==", "Negotiate abc", "Bearerx abc", "DPoP abc", "Basic"] {
            assert_eq!(bearer(&with(&[line.as_bytes()]), None), Ok(None), "{line:?}");
        }
    }

    /// BRR-02, BRR-05.
    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let lines: [&[u8]; 19] = [
            b"",
            b" ",
            b" Bearer abc",
            b"Bearer",
            b"Bearer ",
            b"Bearer  abc",
            b"Bearer abc ",
            b"Bearer abc def",
            b"Bearer abc,def",
            b"Bearer abc, Basic def",
            b"Bearer \"abc\"",
            b"Bearer ===",
            b"Bearer a=b",
            b"Bearer a\tb",
            b"Bearer\tabc",
            b"Bearer: abc",
            b"Basic dXNlcjpwdw==, Bearer abc",
            b"Basic Bearer abc",
            b"Bearer abc\xff",
        ];
        for line in lines {
            assert!(bearer(&with(&[line]), None).is_err(), "{line:?}");
        }
    }

    /// BRR-05.
    #[test]
    fn a_token_in_the_header_beside_one_in_the_query_is_refused() {
        let good = with(&[b"Bearer abc"]);
        for query in ["access_token=abc", "a=b&access_token=x", "access_token", "access_token=="] {
            assert_eq!(bearer(&good, Some(query)), Err(BadBearer::InQuery), "{query}");
            assert_eq!(bearer(&HeaderMap::new(), Some(query)), Ok(None), "{query}");
        }
        for query in ["", "token=abc", "access_tokens=x", "Access_Token=x", "a=access_token"] {
            assert_eq!(bearer(&good, Some(query)), Ok(Some("abc")), "{query}");
        }
    }

    /// BRR-05.
    #[test]
    fn two_authorization_headers_are_refused_even_when_equal() {
        for second in [&b"Bearer abc"[..], b"Basic abc", b""] {
            assert_eq!(bearer(&with(&[b"Bearer abc", second]), None), Err(BadBearer::Repeated));
            assert_eq!(bearer(&with(&[second, b"Bearer abc"]), None), Err(BadBearer::Repeated));
        }
    }
}
