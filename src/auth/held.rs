//! Sessions in use, each with its account, as both were read. Whatever proves a session (refresh
//! token, access token, cookie of forward-auth) is held against these, by the session's id, as long
//! as neither record changes.

use std::sync::Arc;

use super::Auth;
use crate::model::{Session, SessionId, Timestamp, User};
use crate::store::{Stamp, Stored};

/// A session that somebody has proven, and its account. That they were read says nothing of their
/// state: lives, epoch and whether the account is disabled are asked at each use.
#[derive(Debug)]
pub(super) struct Held {
    /// The account.
    pub(super) user: Stored<User>,
    /// The session.
    pub(super) session: Stored<Session>,
    /// Of both records, taken before they were read; `None` for one that was being changed.
    pub(super) stamps: [Option<Stamp>; 2],
}

impl Held {
    /// Whether the session is live at `now`, of the account's epoch, and the account not disabled.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        let user = &self.user.value;
        !user.disabled && self.session.value.is_live(now, user.epoch)
    }
}

impl Auth {
    /// What was read of this session, if neither record has changed since; `None` is no answer.
    pub(super) fn held(&self, session: SessionId) -> Option<Arc<Held>> {
        self.seen_sessions.get(&session, &self.store)
    }

    /// Keeps what was read of a session that has just been proven.
    pub(super) fn hold(&self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        self.seen_sessions.keep(held.session.value.id, held.stamps, (&held, &self.store));
        held
    }
}
