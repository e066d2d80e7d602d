//! The refresh cookie: what is read is what stands there, once.

use doorkey::http::cookie::{BadCookies, CookieRule, Presented};
use doorkey::model::{RefreshToken, SessionId, TokenSecret};
use warp::http::{HeaderMap, HeaderValue};

use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const NAME: &str = "__Host-refresh";
const WORDS: &[&str] = &[
    "__Host-refresh=",
    "__Host-refresh",
    "__host-refresh=",
    "refresh=",
    "; ",
    ";",
    ";;",
    "=",
    "\"",
    "=\"",
    "\n",
    ",",
    " ",
    "\t",
    "%3B",
    "__Secure-refresh=",
    "$Version=1",
    "\u{e4}",
    "a=b",
    "=__Host-refresh=",
];

fn token(number: u8) -> RefreshToken {
    RefreshToken {
        session: SessionId::from_bytes([number; 16]),
        secret: TokenSecret::from_bytes([number.wrapping_mul(37); 32]),
    }
}

#[test]
fn a_refresh_token_is_the_whole_value_of_the_one_cookie_of_its_name() {
    let good = [token(1), token(200)].map(|token| token.to_text().expose().to_owned());
    let seeds = vec![
        format!("{NAME}={}", good[0]).into_bytes(),
        format!("theme=dark; {NAME}={}; a=\"b; c\"", good[1]).into_bytes(),
        format!("a=b\n{NAME}={}\nc=d", good[0]).into_bytes(),
    ];
    let name = "a_refresh_token_is_the_whole_value_of_the_one_cookie_of_its_name";
    let target = Target { name, stock: Stock { seeds, words: WORDS }, smoke: 200_000 };
    target.run(|bytes| {
        // HTTP takes away what is blank around a header's value.
        let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').map(trimmed).collect();
        let bytes = &lines.join(&b'\n')[..];
        let mut headers = HeaderMap::new();
        for line in lines {
            let Ok(value) = HeaderValue::from_bytes(line) else { return Verdict::Refused };
            headers.append("cookie", value);
        }
        let is_ascii = bytes.iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n'));
        let read = CookieRule::HOST.read(&headers);
        // What it is not is seen before anything else, or not at all where two come first.
        assert!(is_ascii || read.is_err(), "bytes outside ASCII were read");
        assert!(!is_ascii || !matches!(read, Err(BadCookies::NonAscii)));
        let Ok(Presented::Token(token)) = read else { return Verdict::Refused };
        stands_once(bytes, &token);
        Verdict::Taken
    });
}

fn trimmed(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(start) = line.iter().position(|byte| !is_blank(byte)) else { return &[] };
    let end = line.iter().rposition(|byte| !is_blank(byte)).unwrap_or(start);
    &line[start..=end]
}

/// By the simplest reader there is, which knows no quotes.
fn stands_once(bytes: &[u8], token: &RefreshToken) {
    let text = str::from_utf8(bytes).unwrap();
    let pair = format!("{NAME}={}", token.to_text().expose());
    let pairs = text.split(['\n', ';']).map(|pair| pair.strip_prefix(' ').unwrap_or(pair));
    let named: Vec<&str> = pairs.filter(|pair| pair.starts_with(&format!("{NAME}="))).collect();
    assert!(named.contains(&pair.as_str()), "{text:?} was read as {pair}");
    // More of the name only inside quotes.
    assert!(named.len() == 1 || text.contains('"'), "{text:?} has it twice");
}
