//! Token Status Lists (draft-ietf-oauth-status-list): whether the session behind a verified token
//! has ended. A list is fetched once for as long as it counts, whoever asks.

use std::collections::HashMap;
use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use tokio::sync::Mutex;
use warp::http::StatusCode;

use crate::fetch::fetch;
use crate::keys::{Keys, Refused};

/// How many lists are kept.
const MOST_LISTS: usize = 256;
/// The longest text of a list, and the most bytes of bits in it.
const MOST_TEXT: usize = 512 * 1024;
const MOST_BITS: u64 = 128 * 1024;
/// A list that could not be had, or is not there, is asked for this often at most.
const PAUSE: Duration = Duration::from_secs(1);

/// The claim `status` of an access token.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    status_list: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    idx: usize,
    uri: String,
}

/// The claims of a list.
#[derive(Debug, Deserialize)]
struct Said {
    sub: String,
    iat: u64,
    exp: u64,
    ttl: u64,
    status_list: Bits,
}

#[derive(Debug, Deserialize)]
struct Bits {
    bits: u8,
    lst: String,
}

/// A list, and how long it counts. `None`: it could not be had.
#[derive(Debug)]
struct Kept {
    bits: Option<Vec<u8>>,
    until: Instant,
}

/// The lists of one issuer.
#[derive(Debug, Default)]
pub(crate) struct Lists(Mutex<HashMap<String, Kept>>);

impl Lists {
    /// Whether the token with this claim still counts. One without a place cannot be checked.
    pub(crate) async fn is_live(
        &self,
        status: Option<&Status>,
        keys: &Keys,
    ) -> Result<bool, Refused> {
        let Some(Status { status_list: Place { idx, uri } }) = status else { return Ok(false) };
        let path = uri.strip_prefix(keys.issuer());
        let path = path.filter(|path| path.starts_with("/.well-known/status-list/"));
        let Some(path) = path else { return Ok(false) };
        let mut known = self.0.lock().await;
        if known.get(uri).is_none_or(|kept| kept.until <= Instant::now()) {
            if known.len() >= MOST_LISTS {
                known.clear();
            }
            let kept = read(path, uri, keys).await;
            let none = Kept { bits: None, until: Instant::now() + PAUSE };
            known.insert(uri.clone(), kept.unwrap_or(none));
        }
        let bits = known.get(uri).and_then(|kept| kept.bits.as_ref()).ok_or(Refused::NoKeys)?;
        Ok(bits.get(idx / 8).is_some_and(|byte| byte >> (idx % 8) & 1 == 0))
    }
}

/// A list that counts now; `None` when it cannot be had.
async fn read(path: &str, uri: &str, keys: &Keys) -> Option<Kept> {
    let asked = Instant::now();
    let (status, text) = fetch(keys.issuer(), path, MOST_TEXT).await?;
    if status == StatusCode::NOT_FOUND {
        // No session is in it any more.
        return Some(Kept { bits: Some(Vec::new()), until: asked + PAUSE });
    }
    let text = std::str::from_utf8(&text).ok().filter(|_| status == StatusCode::OK)?;
    let said = verified(text, keys).await.filter(|said| said.sub == uri)?;
    let end = said.exp.min(said.iat.saturating_add(said.ttl));
    let left = end.saturating_sub(seconds()?).min(said.ttl);
    let bits = inflate(&said.status_list).filter(|_| left > 0)?;
    Some(Kept { bits: Some(bits), until: asked + Duration::from_secs(left) })
}

/// Since 1970.
#[expect(clippy::disallowed_methods, reason = "an example asks the machine itself")]
fn seconds() -> Option<u64> {
    Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// What a list says whose type and signature are right and which is not over.
async fn verified(text: &str, keys: &Keys) -> Option<Said> {
    let key = keys.signer(text, "statuslist+jwt").await.ok()?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_aud = false;
    rules.leeway = 0;
    rules.set_required_spec_claims(&["exp", "sub"]);
    Some(decode(text, &DecodingKey::from_jwk(&key).ok()?, &rules).ok()?.claims)
}

fn inflate(bits: &Bits) -> Option<Vec<u8>> {
    let packed = URL_SAFE_NO_PAD.decode(&bits.lst).ok().filter(|_| bits.bits == 1)?;
    let mut found = Vec::new();
    ZlibDecoder::new(&*packed).take(MOST_BITS + 1).read_to_end(&mut found).ok()?;
    (found.len() as u64 <= MOST_BITS).then_some(found)
}
