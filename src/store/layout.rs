//! Every kind of record as a table: how its keys look, how it is read, what a restore does to it.
//! A new kind of record is one row more.

use serde::de::DeserializeOwned;

use super::engine::Entry;
use super::record::decode;
use super::revive::Progress;
use super::{
    Attempt, Error, api_tokens, attempts, ended, events, expiry, keys, links, seals, sessions,
    users,
};
use crate::model::{
    ApiToken, ApiTokenId, Chain, Email, EndedSessions, Event, EventId, KeyId, Link, LinkId,
    LoginName, Seal, Service, Session, SessionId, SigningKey, Timestamp, TokenHash, User,
    UserApiTokens, UserId, UserSessions,
};

/// A kind of record.
pub(super) struct Kind {
    /// How its keys start; all of the key where it has no tail.
    pub(super) prefix: &'static str,
    /// Whether a text can follow the prefix.
    is_tail: fn(&str) -> bool,
    read: fn(&Entry) -> Result<Record, Error>,
    /// What becomes of it when a store is restored.
    pub(super) at_restore: AtRestore,
}

/// What a restore does to the records of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtRestore {
    /// Nothing, or what `revive.rs` does to each.
    Keep,
    /// They go.
    Drop,
    /// They go if the caller wants it.
    DropOnDemand,
}

/// A record as the check needs it.
pub(super) enum Record {
    User(Box<User>),
    Holder(UserId),
    Admins(u32),
    Session(Box<Session>),
    Logins(UserSessions),
    Link(Link),
    ApiToken(Box<ApiToken>),
    ApiTokens(UserApiTokens),
    Mark,
    Key(KeyId),
    Event(Box<Event>),
    Ended(EndedSessions),
    /// The number of a seal.
    Seal(u64),
    Unfinished,
    /// Nothing else depends on it.
    Alone,
}

/// All kinds, in the order of their keys.
pub(super) const KINDS: &[Kind] = &[
    row("admins", str::is_empty, |e| Ok(Record::Admins(value(e)?)), AtRestore::Keep),
    row(
        "apitoken/",
        is_id::<ApiTokenId>,
        |e| Ok(Record::ApiToken(Box::new(value(e)?))),
        AtRestore::Drop,
    ),
    row("apitokens/", is_id::<UserId>, |e| Ok(Record::ApiTokens(value(e)?)), AtRestore::Drop),
    row("attempt/", is_fingerprint, alone::<Attempt>, AtRestore::Drop),
    row("chain", str::is_empty, alone::<Chain>, AtRestore::Keep),
    row("clock", str::is_empty, alone::<Timestamp>, AtRestore::Keep),
    row("email/", is_email, |e| Ok(Record::Holder(value(e)?)), AtRestore::Keep),
    // Of lists that nobody knows after a restore.
    row("ended/", EndedSessions::is_name, |e| Ok(Record::Ended(value(e)?)), AtRestore::Drop),
    row("epochs", str::is_empty, alone::<u64>, AtRestore::Keep),
    row("event/", is_event, |e| Ok(Record::Event(Box::new(value(e)?))), AtRestore::Keep),
    row("expiry/", is_mark, |e| value::<()>(e).map(|()| Record::Mark), AtRestore::Drop),
    row(
        "key/",
        is_id::<KeyId>,
        |e| Ok(Record::Key(value::<SigningKey>(e)?.id)),
        AtRestore::DropOnDemand,
    ),
    row("latest", str::is_empty, alone::<Timestamp>, AtRestore::Keep),
    row("link/", is_id::<LinkId>, |e| Ok(Record::Link(value(e)?)), AtRestore::Drop),
    row("logins/", is_id::<UserId>, |e| Ok(Record::Logins(value(e)?)), AtRestore::Keep),
    row("name/", is_name, |e| Ok(Record::Holder(value(e)?)), AtRestore::Keep),
    row(
        "reviving",
        str::is_empty,
        |e| value::<Progress>(e).map(|_| Record::Unfinished),
        AtRestore::Keep,
    ),
    // What a restore cuts off is cut off with its seals: the chain fits the state it is of.
    row(
        "seal/",
        is_number,
        |e| Ok(Record::Seal(value::<Seal>(e)?.content.number)),
        AtRestore::Keep,
    ),
    // One whose secret got out may have been removed after the backup; those of auth.toml stay.
    row("services", str::is_empty, alone::<Vec<Service>>, AtRestore::Drop),
    row(
        "session/",
        is_id::<SessionId>,
        |e| Ok(Record::Session(Box::new(value(e)?))),
        AtRestore::Drop,
    ),
    row("setup", str::is_empty, alone::<TokenHash>, AtRestore::Drop),
    row("unsealed/", is_waiting, alone::<()>, AtRestore::Keep),
    row("user/", is_id::<UserId>, |e| Ok(Record::User(Box::new(value(e)?))), AtRestore::Keep),
];

const fn row(
    prefix: &'static str,
    is_tail: fn(&str) -> bool,
    read: fn(&Entry) -> Result<Record, Error>,
    at_restore: AtRestore,
) -> Kind {
    Kind { prefix, is_tail, read, at_restore }
}

impl Kind {
    /// The kind whose keys look like this one; `None` for a key that the layout does not know.
    pub(super) fn of(key: &[u8]) -> Option<&'static Self> {
        let key = std::str::from_utf8(key).ok()?;
        KINDS.iter().find(|kind| key.strip_prefix(kind.prefix).is_some_and(kind.is_tail))
    }

    /// The word for its records in a report.
    pub(super) fn name(&self) -> &'static str {
        self.prefix.trim_end_matches('/')
    }

    /// The record in `entry`.
    pub(super) fn read(&self, entry: &Entry) -> Result<Record, Error> {
        (self.read)(entry)
    }
}

impl Record {
    /// The key that the record itself says it stands under; `None` where it does not say.
    pub(super) fn home(&self) -> Option<Vec<u8>> {
        match self {
            Self::User(user) => Some(users::user_key(user.id)),
            Self::Session(session) => Some(sessions::session_key(session.id)),
            Self::Link(link) => Some(links::link_key(link.id)),
            Self::ApiToken(token) => Some(api_tokens::token_key(token.id)),
            Self::Key(id) => Some(keys::record_key(*id)),
            Self::Ended(ended) => Some(ended::ended_key(ended)),
            Self::Event(event) => Some(events::event_key(event.time, event.id)),
            Self::Seal(number) => Some(seals::seal_key(*number)),
            Self::Holder(_)
            | Self::Admins(_)
            | Self::Logins(_)
            | Self::ApiTokens(_)
            | Self::Mark
            | Self::Unfinished
            | Self::Alone => None,
        }
    }
}

fn value<T: DeserializeOwned>(entry: &Entry) -> Result<T, Error> {
    Ok(decode(entry)?.value)
}

fn alone<T: DeserializeOwned>(entry: &Entry) -> Result<Record, Error> {
    value::<T>(entry).map(|_| Record::Alone)
}

fn is_id<T: for<'a> TryFrom<&'a str>>(tail: &str) -> bool {
    T::try_from(tail).is_ok()
}

fn is_name(tail: &str) -> bool {
    LoginName::try_from(tail).is_ok_and(|name| name.as_str() == tail)
}

fn is_email(tail: &str) -> bool {
    Email::try_from(tail).is_ok_and(|email| email.canonical() == tail)
}

fn is_fingerprint(tail: &str) -> bool {
    let key = format!("attempt/{tail}").into_bytes();
    attempts::parse(&key).is_some_and(|fingerprint| attempts::attempt_key(&fingerprint) == key)
}

/// Sixteen digits of lower-case hexadecimal, as times and numbers are written in keys.
fn is_number(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_event(tail: &str) -> bool {
    tail.split_once('/').is_some_and(|(time, id)| is_number(time) && is_id::<EventId>(id))
}

fn is_waiting(tail: &str) -> bool {
    let key = format!("unsealed/{tail}").into_bytes();
    seals::parse_waiting(&key).is_some_and(|event| seals::waiting_key(event) == key)
}

fn is_mark(tail: &str) -> bool {
    let Some((time, target)) = tail.split_once('/') else { return false };
    let marked = match target.split_once('/') {
        Some(("session", id)) => is_id::<SessionId>(id),
        Some(("ended", name)) => EndedSessions::is_name(name),
        Some(("link", id)) => is_id::<LinkId>(id),
        Some(("apitoken", id)) => is_id::<ApiTokenId>(id),
        Some(_) | None => false,
    };
    is_number(time) && marked
}

/// The key of the mark that a session must have.
pub(super) fn session_mark(id: SessionId, end: Timestamp) -> String {
    expiry::mark_key(expiry::Kind::Session, &id.to_string(), end)
}

/// The key of the mark that what is left of a session must have.
pub(super) fn ended_mark(ended: &EndedSessions) -> String {
    expiry::mark_key(expiry::Kind::Ended, &ended.name(), ended.until)
}

/// The key of the mark that an API token must have.
pub(super) fn token_mark(id: ApiTokenId, end: Timestamp) -> String {
    expiry::mark_key(expiry::Kind::ApiToken, &id.to_string(), end)
}

/// The key of the mark that a link must have.
pub(super) fn link_mark(id: LinkId, end: Timestamp) -> String {
    expiry::mark_key(expiry::Kind::Link, &id.to_string(), end)
}
