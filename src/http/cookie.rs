//! The refresh cookie: how it is read without guessing, set and cleared (RFC 6265bis).

use std::time::Duration;

use warp::http::header::COOKIE;
use warp::http::{HeaderMap, HeaderValue};

use crate::model::{FormCookie, RefreshToken, Secret};

/// What our cookies are called and whether they need TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieRule {
    name: &'static str,
    form: &'static str,
    secure: bool,
}

/// What a request brought as its refresh cookie.
#[derive(Debug)]
pub enum Presented {
    /// No such cookie.
    None,
    /// One that has the form of a refresh token; whether it is good is a question for `auth`.
    Token(RefreshToken),
    /// One that cannot be a token of ours, so nothing is looked up for it.
    Garbage,
}

impl Presented {
    /// The token, where it is one.
    pub(super) fn token(self) -> Option<RefreshToken> {
        match self {
            Self::Token(token) => Some(token),
            Self::None | Self::Garbage => None,
        }
    }
}

/// Cookie headers that different parsers read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadCookies {
    /// The cookie is there more than once.
    Duplicate,
    /// Some cookie has bytes outside ASCII.
    NonAscii,
}

impl CookieRule {
    /// The cookie of every real installation, behind a TLS proxy too.
    pub const HOST: Self = Self { name: "__Host-refresh", form: "__Host-form", secure: true };

    /// The cookie of a loopback listener over plain HTTP. Another name, so that a browser
    /// never sends the one where the other is meant.
    pub const LOOPBACK: Self = Self { name: "refresh", form: "form", secure: false };

    /// What the refresh cookie is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Reads the refresh cookie of a request.
    ///
    /// # Errors
    /// [`BadCookies`]: 400, no session is touched and nothing is cleared.
    pub fn read(self, headers: &HeaderMap) -> Result<Presented, BadCookies> {
        Ok(match find(headers, self.name)? {
            None => Presented::None,
            Some(value) => RefreshToken::parse(value).map_or(Presented::Garbage, Presented::Token),
        })
    }

    /// Reads the cookie that ties forms to a browser; `None` where there is none, or one that
    /// cannot be of ours.
    ///
    /// # Errors
    /// [`BadCookies`].
    pub fn read_form(self, headers: &HeaderMap) -> Result<Option<FormCookie>, BadCookies> {
        Ok(find(headers, self.form)?.and_then(|text| FormCookie::parse(text).ok()))
    }

    /// `Set-Cookie` that ties forms to a browser, until the browser is closed. Lax, so that it
    /// comes with a link from another site, too: it would be replaced there, and the forms that
    /// are open in other tabs would be good for nothing.
    #[must_use]
    pub fn set_form(self, cookie: &FormCookie) -> HeaderValue {
        self.header((self.form, &cookie.to_text()), "SameSite=Lax")
    }

    /// `Set-Cookie` with the token, for the rest of the session.
    #[must_use]
    pub fn set(self, token: &RefreshToken, max_age: Duration) -> HeaderValue {
        let rest = format!("SameSite=Strict; Max-Age={}", max_age.as_secs());
        self.header((self.name, &token.to_text()), &rest)
    }

    /// `Set-Cookie` that makes the browser forget the token: the same attributes, or it would
    /// name another cookie.
    #[must_use]
    pub fn clear(self) -> HeaderValue {
        self.header((self.name, &Secret::new(String::new())), "SameSite=Strict; Max-Age=0")
    }

    fn header(self, (name, value): (&str, &Secret), rest: &str) -> HeaderValue {
        let secure = if self.secure { " Secure;" } else { "" };
        let text = format!("{name}={}; Path=/; HttpOnly;{secure} {rest}", value.expose());
        let mut header = HeaderValue::from_str(&text).expect("a token is base64url and a dot");
        header.set_sensitive(true);
        header
    }
}

/// The value of the cookie with exactly this name, looked for in every Cookie line.
///
/// # Errors
/// [`BadCookies`], whatever the rest of the header says.
pub(super) fn find<'a>(
    headers: &'a HeaderMap,
    wanted: &str,
) -> Result<Option<&'a str>, BadCookies> {
    let mut found = None;
    for line in headers.get_all(COOKIE) {
        // `to_str` refuses what is not visible ASCII (and the tabs it lets pass are harmless).
        let line = line.to_str().map_err(|_| BadCookies::NonAscii)?;
        for value in pairs(line).filter(|(name, _)| *name == wanted).map(|(_, value)| value) {
            if found.replace(value).is_some() {
                return Err(BadCookies::Duplicate);
            }
        }
    }
    Ok(found)
}

/// The name and value of each cookie of a line. After `;` one space is the separator's, any
/// other belongs to the name. What stands inside a value in quotes is no cookie, although a
/// browser sends no such value.
fn pairs(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = pair_end(text);
        rest = text.get(end + 1..).map(|next| next.strip_prefix(' ').unwrap_or(next));
        // Without `=` it is a value without a name.
        Some(text[..end].split_once('=').unwrap_or(("", &text[..end])))
    })
}

/// Where the first cookie of `text` ends: at the first `;`, or behind the quote that closes
/// its value when the value opens with one.
fn pair_end(text: &str) -> usize {
    let plain = text.find(';').unwrap_or(text.len());
    let Some(open) = text[..plain].find("=\"").map(|at| at + 2) else { return plain };
    let closing = text[open..].find('"').map(|at| open + at);
    closing.map_or(plain, |quote| {
        text[quote..].find(';').map_or(text.len(), |semicolon| quote + semicolon)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SessionId, TokenSecret};

    fn token() -> RefreshToken {
        RefreshToken {
            session: SessionId::from_bytes([1; 16]),
            secret: TokenSecret::from_bytes([2; 32]),
        }
    }

    fn with(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    fn find(line: &str) -> Option<String> {
        super::find(&with(&[line.as_bytes()]), "__Host-refresh").unwrap().map(str::to_owned)
    }

    #[test]
    fn the_cookie_is_found_among_others_and_over_several_lines() {
        for line in [
            "__Host-refresh=v",
            "a=1; __Host-refresh=v; b=2",
            "a=1;__Host-refresh=v",
            "a; __Host-refresh=v;",
            "a=\"x\"; __Host-refresh=v",
            "a=\"x; __Host-refresh=v",
            "a=\"x; __Host-refresh=evil; b=\"; __Host-refresh=v",
        ] {
            assert_eq!(find(line).as_deref(), Some("v"), "{line:?}");
        }
        let headers = with(&[b"a=1", b"__Host-refresh=v"]);
        assert_eq!(super::find(&headers, "__Host-refresh"), Ok(Some("v")));
    }

    /// CK-06.
    #[test]
    fn only_the_byte_exact_name_counts() {
        for line in [
            "",
            "=",
            ";",
            "__Host-refresh",
            "__host-refresh=v",
            "__HOST-REFRESH=v",
            " __Host-refresh=v",
            "a=1;  __Host-refresh=v",
            "a=1;\t__Host-refresh=v",
            "__Host-refresh =v",
            "__Host-refresh\t=v",
            "=__Host-refresh=v",
            "x__Host-refresh=v",
            "__Host-refreshx=v",
            "__Host-refresh,a=v",
            "$__Host-refresh=v",
            "\"__Host-refresh\"=v",
            "%5F%5FHost-refresh=v",
            "__Host-Http-refresh=v",
            "refresh=v",
            "a=\"b; __Host-refresh=v\"",
            "a=\"b; __Host-refresh=v; c=\"d",
            "a=b, __Host-refresh=v",
        ] {
            assert_eq!(find(line), None, "{line:?}");
        }
    }

    /// CK-05.
    #[test]
    fn two_of_them_are_refused_in_one_line_or_two() {
        for lines in [
            &[&b"__Host-refresh=v; __Host-refresh=v"[..]][..],
            &[b"__Host-refresh=v; a=1; __Host-refresh=w"],
            &[b"__Host-refresh=; __Host-refresh=w"],
            &[b"__Host-refresh=v", b"__Host-refresh=v"],
            &[b"__Host-refresh=v", b"a=1", b"__Host-refresh=w"],
        ] {
            assert_eq!(super::find(&with(lines), "__Host-refresh"), Err(BadCookies::Duplicate));
        }
    }

    /// CK-08, CK-06.
    #[test]
    fn bytes_outside_ascii_are_refused_wherever_they_are() {
        for line in [
            "a=\u{e4}; __Host-refresh=v",
            "__Host-refresh=v; a=\u{e4}",
            "\u{2000}__Host-refresh=v",
            "__Host-refresh\u{2000}=v",
        ] {
            let found = super::find(&with(&[line.as_bytes()]), "__Host-refresh").map(|_| ());
            assert_eq!(found, Err(BadCookies::NonAscii), "{line:?}");
        }
        let second_line = with(&[b"__Host-refresh=v", b"a=\xff"]);
        assert_eq!(super::find(&second_line, "__Host-refresh"), Err(BadCookies::NonAscii));
    }

    /// CK-07.
    #[test]
    fn a_value_that_cannot_be_a_token_is_garbage() {
        let good = token().to_text().expose().to_owned();
        let read = |value: &str| {
            CookieRule::LOOPBACK.read(&with(&[format!("refresh={value}").as_bytes()])).unwrap()
        };
        assert!(matches!(read(&good), Presented::Token(t) if t.session == token().session));
        let long = "A".repeat(10_000);
        let quoted = format!("\"{good}\"");
        for bad in ["", "x", &good[1..], &long, &quoted, &format!(" {good}"), &format!("{good} ")] {
            assert!(matches!(read(bad), Presented::Garbage), "{bad:?}");
        }
        assert!(matches!(CookieRule::LOOPBACK.read(&HeaderMap::new()), Ok(Presented::None)));
    }

    /// CK-01, CK-02, CK-04.
    #[test]
    fn the_attributes_are_exact_and_the_same_when_it_is_cleared() {
        let set = CookieRule::HOST.set(&token(), Duration::from_millis(43_200_999));
        let text = token().to_text();
        let expected = format!(
            "__Host-refresh={}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=43200",
            text.expose()
        );
        assert_eq!(set, expected.as_str());
        assert!(set.is_sensitive(), "a Set-Cookie must not print its value");
        assert_eq!(
            CookieRule::HOST.clear(),
            "__Host-refresh=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0"
        );
    }

    /// CK-03.
    #[test]
    fn without_tls_the_cookie_has_another_name() {
        assert_eq!(
            CookieRule::LOOPBACK.clear(),
            "refresh=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        );
    }
}
