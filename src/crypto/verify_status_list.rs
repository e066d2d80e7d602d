//! Token Status Lists as their readers verify them (draft-ietf-oauth-status-list, 5.1 and 8.3).

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use serde::Deserialize;

use super::jwt::{Refusal, verify_signature};
use super::keys::VerifyingKey;
use crate::model::{KeyId, Timestamp};

const TYPE: &str = "statuslist+jwt";
/// The longest list as it is sent, in bytes.
const MAX_SENT: usize = 6 * 1024 * 1024;
/// The longest list as it is in memory, in bytes: a bit for each of 32 million sessions.
const MAX_BITS: u64 = 4 * 1024 * 1024;
/// A list that wants to count for longer than a day is a mistake.
const MAX_LIFE: Duration = Duration::from_hours(24);
/// How far ahead of ours the clock of the issuer may be.
const LEEWAY: Duration = Duration::from_mins(1);

/// What a verified list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedList {
    /// From here on it says nothing any more: `exp`.
    pub expires_at: Timestamp,
    bits: Vec<u8>,
}

impl VerifiedList {
    /// The longest text that is looked at, in bytes.
    pub const MAX_BYTES: usize = MAX_SENT;

    /// Whether the session at this place has ended; `None` beyond the end of the list. The least
    /// significant bit of each byte comes first (4.1).
    #[must_use]
    pub fn is_ended(&self, index: u32) -> Option<bool> {
        let byte = self.bits.get(usize::try_from(index / 8).ok()?)?;
        Some(byte >> (index % 8) & 1 == 1)
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: Timestamp,
    exp: Timestamp,
    ttl: u64,
    status_list: Bits,
}

#[derive(Deserialize)]
struct Bits {
    bits: u8,
    lst: String,
}

/// The list of the name `uri`, if it is signed by a key that `find` gives and good at `now`.
///
/// # Errors
/// The first [`Refusal`]; [`Refusal::BadClaims`] also for another list's name, for more than one
/// bit a session, and for what does not inflate to at most 4 MiB.
pub fn verify_status_list(
    token: &str,
    find: impl Fn(&KeyId) -> Option<Arc<VerifyingKey>>,
    uri: &str,
    now: Timestamp,
) -> Result<VerifiedList, Refusal> {
    let claims: Claims = verify_signature(token, (TYPE, MAX_SENT), find)?;
    claims.check(uri, now)?;
    let bits = inflate(&claims.status_list.lst).ok_or(Refusal::BadClaims)?;
    Ok(VerifiedList { expires_at: claims.exp, bits })
}

impl Claims {
    fn check(&self, uri: &str, now: Timestamp) -> Result<(), Refusal> {
        if self.sub != uri || self.status_list.bits != 1 || self.ttl == 0 {
            return Err(Refusal::BadClaims);
        }
        if self.exp <= self.iat || self.exp.since(self.iat) > MAX_LIFE {
            return Err(Refusal::WrongLife);
        }
        if self.iat > now.plus(LEEWAY) {
            return Err(Refusal::NotYetValid);
        }
        if self.exp <= now { Err(Refusal::Expired) } else { Ok(()) }
    }
}

/// RFC 1950, to a bounded size.
fn inflate(text: &str) -> Option<Vec<u8>> {
    let compressed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let mut bits = Vec::new();
    ZlibDecoder::new(&*compressed).take(MAX_BITS + 1).read_to_end(&mut bits).ok()?;
    u64::try_from(bits.len()).is_ok_and(|length| length <= MAX_BITS).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{KeyPair, StatusList, sign_status_list};
    use crate::model::Algorithm;

    const URI: &str = "https://id.example/.well-known/status-list/BwcHBwcHBwc";
    const NOW: u64 = 1_800_000_000;

    fn key() -> KeyPair {
        KeyPair::generate(Algorithm::EdDsa).unwrap()
    }

    fn list(key: &KeyPair, bits: &[u8]) -> String {
        let (issued_at, ttl) = (Timestamp::from_seconds(NOW), Duration::from_mins(1));
        sign_status_list(key, &StatusList { uri: URI, bits, issued_at, ttl }).unwrap()
    }

    fn read(key: &KeyPair, text: &str, uri: &str, now: u64) -> Result<VerifiedList, Refusal> {
        let known = Arc::new(key.verifying_key());
        let find = |id: &KeyId| (*id == key.id()).then(|| Arc::clone(&known));
        verify_status_list(text, find, uri, Timestamp::from_seconds(now))
    }

    /// STAT-01. The draft's own example of one bit each: the bytes B9 A3 (4.1).
    #[test]
    fn the_least_significant_bit_of_a_byte_comes_first() {
        let key = key();
        let list = read(&key, &list(&key, &[0xb9, 0xa3]), URI, NOW).unwrap();
        let bits: Vec<u8> = (0..16).map(|i| u8::from(list.is_ended(i).unwrap())).collect();
        assert_eq!(bits, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
        assert_eq!((list.is_ended(16), list.is_ended(u32::MAX)), (None, None));
        assert_eq!(list.expires_at.seconds(), NOW + 60);
    }

    #[test]
    fn a_list_counts_for_its_time_under_its_name_by_its_key() {
        let (key, other) = (key(), key());
        let text = list(&key, &[0]);
        assert!(read(&key, &text, URI, NOW - 60).is_ok());
        assert!(read(&key, &text, URI, NOW + 59).is_ok());
        assert_eq!(read(&key, &text, URI, NOW + 60), Err(Refusal::Expired));
        assert_eq!(read(&key, &text, URI, NOW - 61), Err(Refusal::NotYetValid));
        let other_uri = URI.replace("BwcH", "CwcH");
        assert_eq!(read(&key, &text, &other_uri, NOW), Err(Refusal::BadClaims));
        assert_eq!(read(&other, &text, URI, NOW), Err(Refusal::UnknownKey));
        let (_, signature) = text.rsplit_once('.').unwrap();
        let another = list(&key, &[1]);
        let forged = format!("{}.{signature}", another.rsplit_once('.').unwrap().0);
        assert_eq!(read(&key, &forged, URI, NOW), Err(Refusal::BadSignature));
    }

    #[test]
    fn what_would_grow_beyond_all_bounds_is_refused() {
        let key = key();
        let most = usize::try_from(MAX_BITS).unwrap();
        assert!(read(&key, &list(&key, &vec![0; most]), URI, NOW).is_ok());
        let bomb = list(&key, &vec![0; most + 1]);
        assert!(bomb.len() < 8_192, "{}", bomb.len());
        assert_eq!(read(&key, &bomb, URI, NOW), Err(Refusal::BadClaims));
        assert_eq!(read(&key, &"a".repeat(MAX_SENT + 1), URI, NOW), Err(Refusal::TooLong));
    }
}
