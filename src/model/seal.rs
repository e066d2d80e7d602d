//! Seals over the audit trail: each covers a batch of events and the seal before it, so that
//! nothing behind a seal can be changed, taken out or slipped in unnoticed.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::clock::Timestamp;
use super::id::EventId;
use super::rfc3339;

/// A SHA-256 or an HMAC-SHA-256 of something that is no secret. Text: base64url, 43 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What no computation gives: proves nothing.
    pub const NONE: Self = Self([0; 32]);

    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADigest;

impl fmt::Display for NotADigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a hash of 43 base64url characters")
    }
}

impl std::error::Error for NotADigest {}

impl TryFrom<&str> for Digest {
    type Error = NotADigest;
    fn try_from(text: &str) -> Result<Self, NotADigest> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotADigest)?;
        Ok(Self(bytes.try_into().map_err(|_| NotADigest)?))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::try_from(&*text).map_err(de::Error::custom)
    }
}

/// An event as its seal names it. Members stand in the order of their names, as RFC 8785 wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedEvent {
    /// The hash of the event; `None` when it was gone before the seal could cover it.
    pub hash: Option<Digest>,
    /// Which event.
    pub id: EventId,
    /// Its time.
    #[serde(with = "rfc3339")]
    pub time: Timestamp,
}

/// What a seal says: the part of it that its hash covers. The first and the last of `events` are
/// its range; a range may reach into that of an earlier seal, because events are sealed in the
/// order in which they were written and not by their times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealContent {
    /// What it covers: each event once in all seals, here by time and then by id.
    pub events: Vec<SealedEvent>,
    /// Its place in the chain, from 1.
    pub number: u64,
    /// The hash of the seal before; `None` for the first one.
    pub previous: Option<Digest>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub time: Timestamp,
    /// Whether what it goes on from was not proven by the master key when it was made.
    pub unproven: bool,
}

/// A seal: a record of its own, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// What it says.
    pub content: SealContent,
    /// SHA-256 over that.
    pub hash: Digest,
}

impl Seal {
    /// The latest time it knows of: its own, or that of an event.
    #[must_use]
    pub fn newest(&self) -> Timestamp {
        let times = self.content.events.iter().map(|event| event.time);
        times.fold(self.content.time, Timestamp::max)
    }

    /// The place behind it in the chain.
    #[must_use]
    pub fn place(&self) -> ChainPlace {
        ChainPlace { hash: Some(self.hash), number: self.content.number }
    }

    /// Whether it covers this event.
    #[must_use]
    pub fn covers(&self, time: Timestamp, id: EventId) -> bool {
        self.content.events.iter().any(|event| event.time == time && event.id == id)
    }
}

/// A place in the chain, behind a seal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainPlace {
    /// The hash of the seal; `None` before the first one.
    pub hash: Option<Digest>,
    /// Its number; 0 before the first one.
    pub number: u64,
}

/// From where to where the chain goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSpan {
    /// Behind the last seal there is.
    pub end: ChainPlace,
    /// Behind the last seal that retention has removed.
    pub start: ChainPlace,
}

/// The record of the chain: the only one that knows where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// HMAC-SHA-256 over `span` under a key that is derived from the master key.
    pub mac: Digest,
    /// What it proves.
    pub span: ChainSpan,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_text() {
        let digest = Digest::from_bytes([7; 32]);
        let text = digest.to_string();
        assert_eq!((text.len(), Digest::try_from(text.as_str())), (43, Ok(digest)));
        for bad in ["", &text[..42], &format!("{text}="), &format!("{}x", &text[..42])] {
            assert_eq!(Digest::try_from(bad), Err(NotADigest), "{bad}");
        }
    }
}
