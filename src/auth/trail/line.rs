//! The trail as lines: what an export holds, one JSON object a line, and what is verified.
//!
//! Members stand in the order of their names and nothing stands between them, so an event's own
//! text is its canonical form (RFC 8785): whoever has an export can hash it in any language.

use serde::{Deserialize, Serialize};

use crate::crypto::{AuditKey, hash_record};
use crate::model::{
    Actor, Chain, ChainPlace, ChainSpan, Digest, Event, EventId, EventKind, Outcome, Seal,
    SealContent, SessionId, Timestamp, UserId, rfc3339,
};
use crate::store::EventPlace;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Retention has removed the seals up to here; the next line goes on behind it.
    Start(ChainPlace),
    /// An event; the next seal covers it.
    Event(EventLine),
    /// A seal over the events since the seal before.
    Seal(Seal),
    /// Where the chain ends, behind the last seal.
    Chain(Chain),
    /// An event that no seal covers yet.
    Unsealed(EventLine),
    /// An event that no seal covers and none would: it was slipped in.
    Stray(EventLine),
    /// The key of a record that is damaged, or missing where another one promises it.
    Damaged(String),
    /// The end of an export, with the number of lines before.
    End(u64),
}

/// An event as its seal covers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    actor: ActorLine,
    count: u32,
    /// One short sentence more.
    pub detail: Option<String>,
    /// Which event.
    pub id: EventId,
    ip: Option<String>,
    /// What happened.
    pub kind: EventKind,
    outcome: Outcome,
    request_id: Option<String>,
    session: Option<SessionId>,
    /// When.
    #[serde(with = "rfc3339")]
    pub time: Timestamp,
    user: Option<UserId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    kind: ActorKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActorKind {
    Anonymous,
    User,
    Operator,
    System,
}

impl From<Actor> for ActorLine {
    fn from(actor: Actor) -> Self {
        let (id, kind) = match actor {
            Actor::Anonymous => (None, ActorKind::Anonymous),
            Actor::User(id) => (Some(id), ActorKind::User),
            Actor::Operator => (None, ActorKind::Operator),
            Actor::System => (None, ActorKind::System),
        };
        Self { id, kind }
    }
}

impl From<Event> for EventLine {
    fn from(event: Event) -> Self {
        Self {
            actor: event.actor.into(),
            count: event.count,
            detail: event.detail,
            id: event.id,
            ip: event.ip,
            kind: event.kind,
            outcome: event.outcome,
            request_id: event.request_id,
            session: event.session,
            time: event.time,
            user: event.user,
        }
    }
}

impl EventLine {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> EventPlace {
        EventPlace { time: self.time, id: self.id }
    }

    /// The hash by which a seal covers it.
    #[must_use]
    pub fn hash(&self) -> Digest {
        canonical(self, hash_record)
    }
}

/// The hash of a seal.
pub(super) fn hash_of(content: &SealContent) -> Digest {
    canonical(content, hash_record)
}

/// The proof of where a chain begins and ends.
pub(super) fn mac_of(span: &ChainSpan, key: &AuditKey) -> Digest {
    canonical(span, |text| key.mac(text))
}

/// Whether the record of a chain was made with this key.
pub(super) fn is_proven(chain: &Chain, key: &AuditKey) -> bool {
    canonical(&chain.span, |text| key.proves(text, &chain.mac))
}

fn canonical<T>(value: &impl Serialize, then: impl FnOnce(&[u8]) -> T) -> T {
    then(&serde_json::to_vec(value).expect("our records are plain data"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SealedEvent;

    fn event() -> Event {
        Event {
            id: EventId::from_bytes([1; 16]),
            time: Timestamp::from_seconds(1_800_000_000),
            kind: EventKind::LoginFailed,
            actor: Actor::User(UserId::from_bytes([2; 16])),
            user: None,
            session: None,
            ip: Some("::1".to_owned()),
            request_id: None,
            outcome: Outcome::Refused,
            detail: Some("a \"b\"\n\u{1b}é\u{2028}".to_owned()),
            count: 3,
            seal: Some(4),
        }
    }

    /// RFC 8785, 3.2: members by name, no blanks, only what must be escaped. The hash was computed
    /// with Python: `sha256(json.dumps(event, sort_keys=True, separators=(",", ":"),
    /// ensure_ascii=False).encode())`.
    #[test]
    fn the_text_of_an_event_is_its_canonical_form() {
        let line = EventLine::from(event());
        let text = serde_json::to_string(&line).unwrap();
        let expected = concat!(
            r#"{"actor":{"id":"AgICAgICAgICAgICAgICAg","kind":"user"},"count":3,"#,
            "\"detail\":\"a \\\"b\\\"\\n\\u001bé\u{2028}\",",
            r#""id":"AQEBAQEBAQEBAQEBAQEBAQ","ip":"::1","kind":"login_failed","#,
            r#""outcome":"refused","request_id":null,"session":null,"#,
            r#""time":"2027-01-15T08:00:00Z","user":null}"#,
        );
        assert_eq!(text, expected);
        assert_eq!(line.hash().to_string(), "qXiXZX7MrnSrOS5PXDhhNS7lyH8IxX1KWQE5hEIyqcw");
        assert_eq!(serde_json::from_str::<EventLine>(&text).unwrap(), line);
    }

    /// Every member counts, but for the number of the seal.
    #[test]
    fn a_changed_member_is_another_hash() {
        let hash = |event: Event| EventLine::from(event).hash();
        let changed = [
            Event { id: EventId::from_bytes([9; 16]), ..event() },
            Event { time: Timestamp::from_seconds(1_800_000_001), ..event() },
            Event { kind: EventKind::LoggedIn, ..event() },
            Event { actor: Actor::Operator, ..event() },
            Event { user: Some(UserId::from_bytes([2; 16])), ..event() },
            Event { session: Some(SessionId::from_bytes([2; 16])), ..event() },
            Event { ip: None, ..event() },
            Event { request_id: Some("x".to_owned()), ..event() },
            Event { outcome: Outcome::Done, ..event() },
            Event { detail: None, ..event() },
            Event { count: 4, ..event() },
        ];
        for changed in changed {
            assert_ne!(hash(changed.clone()), hash(event()), "{changed:?}");
        }
        assert_eq!(hash(Event { seal: None, ..event() }), hash(event()));
    }

    #[test]
    fn members_of_a_seal_and_of_a_chain_stand_by_name() {
        let sealed = SealedEvent { hash: None, id: event().id, time: Timestamp::EPOCH };
        let content = SealContent {
            events: vec![sealed],
            number: 1,
            previous: None,
            time: Timestamp::EPOCH,
            unproven: false,
        };
        let text = serde_json::to_string(&content).unwrap();
        let sorted = serde_json::to_value(&content).unwrap().to_string();
        assert_eq!(text, sorted);
        let span = serde_json::to_string(&ChainSpan::default()).unwrap();
        assert_eq!(span, r#"{"end":{"hash":null,"number":0},"start":{"hash":null,"number":0}}"#);
    }
}
