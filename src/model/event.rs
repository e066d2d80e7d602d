//! The audit trail: who did what to whom, when, from where, and how it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::{EventId, SessionId, UserId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An account registered itself.
    Registered,
    /// The first administrator was made with the setup secret.
    SetUp,
    /// A password was right and a session began.
    LoggedIn,
    /// A login was refused; `count` of them since the last such event.
    LoginFailed,
    /// A session ended itself.
    LoggedOut,
    /// One session was ended from elsewhere.
    SessionRevoked,
    /// All sessions of a user were ended.
    SessionsEnded,
    /// A user changed the password.
    PasswordChanged,
    /// A one-time link to set a password was made.
    ResetIssued,
    /// A one-time link set a password.
    PasswordReset,
    /// An administrator made an account.
    UserCreated,
    /// An account was imported from a file.
    UserImported,
    /// Name or address of an account changed.
    ProfileChanged,
    /// The roles of an account changed.
    RolesChanged,
    /// An account was disabled.
    UserDisabled,
    /// An account was enabled.
    UserEnabled,
    /// An account was deleted.
    UserDeleted,
    /// A new signing key was published.
    KeyRotated,
    /// A signing key was dropped at once.
    KeyRevoked,
    /// The operator took the wall clock for right, and all sessions ended.
    ClockAccepted,
    /// The store was restored from a backup or from its own past.
    Restored,
    /// The operator took a copy of the whole store.
    BackedUp,
    /// A user made an API token.
    ApiTokenCreated,
    /// An API token was revoked, by its owner or by whoever held it.
    ApiTokenRevoked,
    /// A service was registered.
    ServiceAdded,
    /// A registered service was removed.
    ServiceRemoved,
    /// Services did not prove who they are; `count` of them since the last such event.
    ServiceRefused,
}

impl EventKind {
    /// What happened, as a sentence for whoever reads the log.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Registered => "an account registered itself",
            Self::SetUp => "the first administrator was made with the setup secret",
            Self::LoggedIn => "a user logged in",
            Self::LoginFailed => "logins were refused",
            Self::LoggedOut => "a user logged out",
            Self::SessionRevoked => "a session was ended from elsewhere",
            Self::SessionsEnded => "all sessions of a user were ended",
            Self::PasswordChanged => "a user changed the password",
            Self::ResetIssued => "a one-time link to set a password was made",
            Self::PasswordReset => "a one-time link set a password",
            Self::UserCreated => "an account was made",
            Self::UserImported => "an account was imported",
            Self::ProfileChanged => "name or address of an account changed",
            Self::RolesChanged => "the roles of an account changed",
            Self::UserDisabled => "an account was disabled",
            Self::UserEnabled => "an account was enabled",
            Self::UserDeleted => "an account was deleted",
            Self::KeyRotated => "a new signing key was published",
            Self::KeyRevoked => "a signing key was dropped",
            Self::Restored => "the store was restored; all sessions and API tokens were ended",
            Self::BackedUp => "the operator took a backup of the whole store",
            Self::ApiTokenCreated => "a user made an API token",
            Self::ApiTokenRevoked => "an API token was revoked",
            Self::ServiceAdded => "a service was registered",
            Self::ServiceRemoved => "a service was removed",
            Self::ServiceRefused => "services were refused",
            Self::ClockAccepted => "the wall clock was accepted and all sessions were ended",
        }
    }

    /// Every kind, for filters and tests.
    pub const ALL: [Self; 27] = [
        Self::Registered,
        Self::SetUp,
        Self::LoggedIn,
        Self::LoginFailed,
        Self::LoggedOut,
        Self::SessionRevoked,
        Self::SessionsEnded,
        Self::PasswordChanged,
        Self::ResetIssued,
        Self::PasswordReset,
        Self::UserCreated,
        Self::UserImported,
        Self::ProfileChanged,
        Self::RolesChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserDeleted,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::ClockAccepted,
        Self::Restored,
        Self::BackedUp,
        Self::ApiTokenCreated,
        Self::ApiTokenRevoked,
        Self::ServiceAdded,
        Self::ServiceRemoved,
        Self::ServiceRefused,
    ];
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Actor {
    /// Someone who has not proved to be anyone.
    Anonymous,
    /// A user.
    User(UserId),
    /// Who owns the data folder: the command line.
    Operator,
    /// The server itself.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(id) => write!(f, "{id}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// One entry. It holds no secret and no name that a person typed at a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Random.
    pub id: EventId,
    /// When.
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Who.
    pub actor: Actor,
    /// To whom, when it is about an account.
    pub user: Option<UserId>,
    /// Which session, when it is about one.
    pub session: Option<SessionId>,
    /// From where; `None` for the command line and the server itself.
    pub ip: Option<String>,
    /// The `X-Request-Id` of the request; `None` where there was none.
    pub request_id: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// One short sentence more, where the kind does not say it all.
    pub detail: Option<String>,
    /// How often, for kinds that are gathered; else 1.
    pub count: u32,
    /// The number of the seal that covers it; `None` while it waits for one. No seal covers this
    /// member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<u64>,
}
