//! Token Status Lists (draft-ietf-oauth-status-list): a bit for each session, compressed and signed.
//! The only home of flate2.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;

use super::Error;
use super::jwt::encode;
use super::keys::KeyPair;
use crate::model::Timestamp;

/// No access token has this type, so none of ours is taken for a list and no list for a token.
const TYPE: &str = "statuslist+jwt";

/// A list at one moment.
#[derive(Debug, Clone, Copy)]
pub struct StatusList<'a> {
    /// Its address, which is its name: `sub`.
    pub uri: &'a str,
    /// The bits, the first one the least significant of the first byte; 1 is dead.
    pub bits: &'a [u8],
    /// `iat`: what ended before is in it.
    pub issued_at: Timestamp,
    /// `ttl`, and from `iat` to `exp`.
    pub ttl: Duration,
}

/// The claims, in this order (5.1).
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: Timestamp,
    exp: Timestamp,
    ttl: u64,
    status_list: Bits,
}

/// 4.2
#[derive(Serialize)]
struct Bits {
    bits: u8,
    lst: String,
}

/// A signed list. It takes as long as compressing the bits does, which for many of them is
/// nothing for a thread that answers requests.
///
/// # Errors
/// [`Error::Signing`] when a library fails.
pub fn sign_status_list(key: &KeyPair, list: &StatusList<'_>) -> Result<String, Error> {
    let packed = compress(list.bits).map_err(|_| Error::Signing)?;
    let claims = Claims {
        sub: list.uri,
        iat: list.issued_at,
        exp: list.issued_at.plus(list.ttl),
        ttl: list.ttl.as_secs(),
        status_list: Bits { bits: 1, lst: packed },
    };
    encode(key, TYPE, &claims)
}

/// DEFLATE in the zlib format, at the level that the draft recommends (4.1), as base64url.
fn compress(bits: &[u8]) -> std::io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bits)?;
    Ok(URL_SAFE_NO_PAD.encode(encoder.finish()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crypto::{Issuer, Refusal, verify};
    use crate::model::Algorithm;

    /// The draft's own example (4.1 and 4.2): sixteen tokens, nine of them dead.
    #[test]
    fn the_bits_are_compressed_as_in_the_draft() {
        assert_eq!(compress(&[0xb9, 0xa3]).unwrap(), "eNrbuRgAAhcBXQ");
    }

    fn signed(key: &KeyPair) -> String {
        let uri = "https://id.example/.well-known/status-list/BwcHBwcHBwc";
        let (issued_at, ttl) = (Timestamp::from_seconds(1_800_000_000), Duration::from_mins(1));
        sign_status_list(key, &StatusList { uri, bits: &[0xb9, 0xa3], issued_at, ttl }).unwrap()
    }

    #[test]
    fn a_list_says_what_it_is_when_it_was_made_and_how_long_it_counts() {
        let key = KeyPair::generate(Algorithm::Es256).unwrap();
        let text = signed(&key);
        let part = |n: usize| {
            let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(n).unwrap()).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        let header = serde_json::json!({
            "typ": "statuslist+jwt", "alg": "ES256", "kid": key.id().to_string(),
        });
        assert_eq!(part(0), header);
        let claims = serde_json::json!({
            "sub": "https://id.example/.well-known/status-list/BwcHBwcHBwc",
            "iat": 1_800_000_000, "exp": 1_800_000_060, "ttl": 60,
            "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"},
        });
        assert_eq!(part(1), claims);
    }

    /// STAT-01.
    #[test]
    fn a_list_is_no_access_token() {
        let key = KeyPair::generate(Algorithm::Es256).unwrap();
        let known = Arc::new(key.verifying_key());
        let issuer = Issuer { issuer: "https://id.example".into(), audience: "x".into() };
        let now = Timestamp::from_seconds(1_800_000_001);
        let refused = verify(&signed(&key), |_| Some(known.clone()), &issuer, now);
        assert_eq!(refused.unwrap_err(), Refusal::WrongType);
    }
}
