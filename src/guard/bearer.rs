//! The bearer token of a request (RFC 6750, 2.1).

use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use super::Why;

/// The token of the one Authorization header. A token in the query never counts; beside one in
/// the header it is refused, because something on the way may have looked at that one.
pub(super) fn bearer<'a>(headers: &'a HeaderMap, query: &str) -> Result<&'a str, Why> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next().ok_or(Why::NoToken)?;
    if lines.next().is_some() {
        return Err(Why::Header);
    }
    let text = line.to_str().map_err(|_| Why::Header)?;
    let (scheme, token) = text.split_once(' ').ok_or(Why::Header)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(if text.to_ascii_lowercase().contains("bearer") {
            Why::Header
        } else {
            Why::NoToken
        });
    }
    let in_query = query.split('&').any(|pair| pair.split('=').next() == Some("access_token"));
    // Of the characters of RFC 6750's `b64token` only those that one of our tokens can have.
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    let well_formed = !token.is_empty() && token.bytes().all(allowed);
    if well_formed && !in_query { Ok(token) } else { Err(Why::Header) }
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn read(lines: &[&str], query: &str) -> Result<String, Why> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_str(line).unwrap());
        }
        bearer(&headers, query).map(str::to_owned)
    }

    #[test]
    fn the_token_stands_behind_one_word_and_one_space() {
        for line in ["Bearer a.b-c_d", "bearer a.b-c_d", "BEARER a.b-c_d"] {
            assert_eq!(read(&[line], "a=b"), Ok("a.b-c_d".to_owned()));
        }
        for lines in [&[][..], &["Basic YTpi"], &["Negotiate x"]] {
            assert_eq!(read(lines, ""), Err(Why::NoToken), "{lines:?}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let bad: [&[&str]; 8] = [
            &["Bearer a", "Bearer a"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer  a"],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Basic YTpi, Bearer a"],
            &["Basic YTpi", "Bearer a"],
        ];
        for lines in bad {
            assert_eq!(read(lines, ""), Err(Why::Header), "{lines:?}");
        }
        assert_eq!(read(&["Bearer a"], "x=1&access_token=b"), Err(Why::Header));
    }
}
