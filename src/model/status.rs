//! A session's place in a Token Status List (draft-ietf-oauth-status-list), by which verifiers learn
//! that its access tokens are dead.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::StatusListId;

/// Which bit of which list stands for a session. All its access tokens carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRef {
    /// The list.
    pub list: StatusListId,
    /// The place in it, from 0: `idx`.
    pub index: u32,
}

impl StatusRef {
    /// What comes between the issuer and the name of a list in its address.
    pub const PATH: &'static str = "/.well-known/status-list/";
    /// How long an access token can outlive the end of its session: 15 minutes, and one more for
    /// a token that was issued while the session ended.
    pub const OUTLIVES: Duration = Duration::from_mins(16);

    /// The address of the list, which is its name: `uri` in a token, `sub` in the list.
    #[must_use]
    pub fn uri(issuer: &str, list: StatusListId) -> String {
        format!("{issuer}{}{list}", Self::PATH)
    }

    /// The place that a token of `issuer` names; `None` when it is none of this issuer's.
    #[must_use]
    pub fn parse(issuer: &str, uri: &str, index: u32) -> Option<Self> {
        let list = uri.strip_prefix(issuer)?.strip_prefix(Self::PATH)?;
        Some(Self { list: StatusListId::try_from(list).ok()?, index })
    }
}

/// What is left of sessions whose records went, or have another place now, while tokens of theirs
/// may live: which places of the lists say that those are dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedSessions {
    /// When the last of their tokens has expired.
    pub until: Timestamp,
    /// Where the first of them stood.
    pub place: StatusRef,
    /// Where the others stood.
    pub others: Vec<StatusRef>,
}

impl EndedSessions {
    /// A name that no other has: a place is free again only some time after `until`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { until, place, .. } = self;
        format!("{:016x}/{}/{:08x}", until.seconds(), place.list, place.index)
    }

    /// Whether the name of one can be like this.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        let mut parts = text.split('/');
        let (Some(until), Some(list), Some(index), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let is_number = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        is_number(until, 16) && StatusListId::try_from(list).is_ok() && is_number(index, 8)
    }

    /// All places.
    pub fn places(&self) -> impl Iterator<Item = StatusRef> {
        std::iter::once(self.place).chain(self.others.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_from_what_a_token_says_and_from_no_other_issuer() {
        let place = StatusRef { list: StatusListId::from_bytes([7; 8]), index: 3 };
        let uri = StatusRef::uri("https://id.example", place.list);
        assert_eq!(uri, "https://id.example/.well-known/status-list/BwcHBwcHBwc");
        assert_eq!(StatusRef::parse("https://id.example", &uri, 3), Some(place));
        assert_eq!(StatusRef::parse("https://other.example", &uri, 3), None);
        for bad in ["", "BwcHBwcHBwc", "https://id.example/.well-known/status-list/x"] {
            assert_eq!(StatusRef::parse("https://id.example", bad, 3), None, "{bad}");
        }
    }
}
