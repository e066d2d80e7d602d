//! A session: a login that lasts, and its end.

use serde::{Deserialize, Serialize};

use super::clock::{Clock, Timestamp};
use super::id::{SessionId, UserId};
use super::status::StatusRef;
use super::token::TokenHash;

/// One login of one browser. `expires_at` never moves; only [`Session::revoke`] changes its
/// state, and nothing brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Public.
    pub id: SessionId,
    /// Of the refresh token's secret.
    pub secret_hash: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// The user's epoch it belongs to.
    pub epoch: u64,
    /// The login: `auth_time` of its tokens.
    pub created_at: Timestamp,
    /// The end that no refresh can move.
    pub expires_at: Timestamp,
    /// Kept in memory between writes, so it may be a minute old after a crash.
    pub last_used_at: Timestamp,
    /// The browser's name for itself, cut to a bounded length.
    pub user_agent: String,
    /// The address of the login.
    pub ip: String,
    /// Set by logout, by a newer login of the same browser, or by its owner or an administrator.
    pub revoked_at: Option<Timestamp>,
    /// Its place in a status list. `None` for one that began in a version without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusRef>,
}

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It gives access tokens.
    Live,
    /// Its time is over.
    Expired,
    /// It was ended.
    Revoked,
}

impl Session {
    /// The state at `now`; revocation outranks expiry. A session that began later than now is
    /// one of a clock that was wrong, and would outlive its time: it counts as expired.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SessionState {
        match self.revoked_at {
            Some(_) => SessionState::Revoked,
            None if now >= self.expires_at => SessionState::Expired,
            None if self.created_at > now.plus(Clock::STEP) => SessionState::Expired,
            None => SessionState::Live,
        }
    }

    /// Whether it still gives access tokens to this epoch of its user.
    #[must_use]
    pub fn is_live(&self, now: Timestamp, epoch: u64) -> bool {
        self.epoch == epoch && self.state(now) == SessionState::Live
    }

    /// Whether it lives, or may live again when a jump of the clock is taken back: nothing has ended
    /// it, and at `certain`, the latest time that is certain, its time is not over.
    #[must_use]
    pub fn may_live(&self, certain: Timestamp, epoch: u64) -> bool {
        self.epoch == epoch && self.revoked_at.is_none() && certain < self.expires_at
    }

    /// The session ended at `now`; the first end stays.
    #[must_use]
    pub fn revoke(mut self, now: Timestamp) -> Self {
        self.revoked_at = self.revoked_at.or(Some(now));
        self
    }

    /// The session carried into a later epoch under a new secret (a password change keeps the
    /// session it came from) and at another place of the lists, as its earlier access tokens die.
    #[must_use]
    pub fn renewed(mut self, secret_hash: TokenHash, epoch: u64, status: StatusRef) -> Self {
        self.secret_hash = secret_hash;
        self.epoch = epoch;
        self.status = Some(status);
        self
    }

    /// When the last access token of a session that ends at `end` has expired.
    #[must_use]
    pub fn tokens_until(&self, end: Timestamp) -> Timestamp {
        self.expires_at.min(end.plus(StatusRef::OUTLIVES))
    }

    /// The session used at `now`.
    #[must_use]
    pub fn used(mut self, now: Timestamp) -> Self {
        self.last_used_at = self.last_used_at.max(now);
        self
    }
}

/// A user's sessions by id, in the order in which they make room: oldest first; and the networks it
/// logged in from: one record, so that two logins of one user meet and neither is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSessions {
    /// At most the cap; those that are certainly over leave at the next login.
    pub sessions: Vec<SessionRef>,
    /// At most [`UserSessions::MAX_NETWORKS`], the latest last.
    pub networks: Vec<KnownNetwork>,
}

/// A session in its user's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionRef {
    /// Which one.
    pub id: SessionId,
    /// Its end, so that the list is pruned without reading each.
    pub expires_at: Timestamp,
}

/// A network that a user logged in from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownNetwork {
    /// As text: `192.0.2.0/24` or `2001:db8::/48`.
    pub network: String,
    /// The last good login from it.
    pub last_login_at: Timestamp,
}

impl UserSessions {
    /// How many networks are remembered.
    pub const MAX_NETWORKS: usize = 8;

    /// Adds a session, drops those that are over at `certain`, the latest time that is certain (one
    /// that only a jump of the clock made old lives again, and has to be found then), and says which
    /// ones must go so that at most `cap` remain: the first.
    pub fn add(&mut self, new: SessionRef, cap: usize, certain: Timestamp) -> Vec<SessionId> {
        self.sessions.retain(|s| s.expires_at > certain);
        self.sessions.push(new);
        let over = self.sessions.len().saturating_sub(cap);
        self.sessions.drain(..over).map(|s| s.id).collect()
    }

    /// Notes a good login from `network`.
    pub fn remember_network(&mut self, network: &str, now: Timestamp) {
        self.networks.retain(|known| known.network != network);
        self.networks.push(KnownNetwork { network: network.to_owned(), last_login_at: now });
        let over = self.networks.len().saturating_sub(Self::MAX_NETWORKS);
        self.networks.drain(..over);
    }

    /// Whether there was a good login from `network` since `since`.
    #[must_use]
    pub fn knows_network(&self, network: &str, since: Timestamp) -> bool {
        self.networks.iter().any(|k| k.network == network && k.last_login_at >= since)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::StatusListId;

    fn session() -> Session {
        Session {
            id: SessionId::from_bytes([1; 16]),
            secret_hash: TokenHash::from_bytes([0; 32]),
            user: UserId::from_bytes([2; 16]),
            epoch: 1,
            created_at: Timestamp::from_seconds(100),
            expires_at: Timestamp::from_seconds(200),
            last_used_at: Timestamp::from_seconds(100),
            user_agent: String::new(),
            ip: String::new(),
            revoked_at: None,
            status: None,
        }
    }

    #[test]
    fn a_session_expires_at_its_end_and_revocation_outranks_it() {
        let end = Timestamp::from_seconds(200);
        assert_eq!(session().state(end.minus(Duration::from_secs(1))), SessionState::Live);
        assert_eq!(session().state(end), SessionState::Expired);
        assert_eq!(
            session().revoke(Timestamp::from_seconds(150)).state(end),
            SessionState::Revoked
        );
    }

    /// KEY-22.
    #[test]
    fn a_session_that_began_in_the_future_is_none() {
        let mut session = session();
        session.created_at = Timestamp::from_seconds(10_000);
        session.expires_at = session.created_at.plus(Duration::from_hours(12));
        let begun = session.created_at.minus(Clock::STEP);
        assert_eq!(session.state(begun), SessionState::Live);
        assert_eq!(session.state(begun.minus(Duration::from_secs(1))), SessionState::Expired);
    }

    #[test]
    fn a_revoked_session_stays_revoked_at_its_first_end() {
        let first = Timestamp::from_seconds(120);
        let session = session().revoke(first).revoke(Timestamp::from_seconds(130));
        assert_eq!(session.revoked_at, Some(first));
        let place = StatusRef { list: StatusListId::from_bytes([3; 8]), index: 7 };
        assert!(!session.renewed(TokenHash::from_bytes([9; 32]), 1, place).is_live(first, 1));
    }

    #[test]
    fn a_session_of_a_version_without_status_lists_reads_and_is_written_as_before() {
        let written = serde_json::to_string(&session()).unwrap();
        assert!(!written.contains("status"), "{written}");
        assert_eq!(serde_json::from_str::<Session>(&written).unwrap(), session());
        let place = StatusRef { list: StatusListId::from_bytes([3; 8]), index: 7 };
        let with = Session { status: Some(place), ..session() };
        let written = serde_json::to_string(&with).unwrap();
        assert!(written.ends_with(r#""status":{"list":"AwMDAwMDAwM","index":7}}"#), "{written}");
        assert_eq!(serde_json::from_str::<Session>(&written).unwrap(), with);
    }

    #[test]
    fn tokens_outlive_the_end_of_their_session_by_minutes_and_never_its_time() {
        let [early, late] = [20, 190].map(|at| Timestamp::from_seconds(100 + at));
        let long = Session { expires_at: Timestamp::from_seconds(100_000), ..session() };
        assert_eq!(long.tokens_until(early).seconds(), 120 + 16 * 60);
        assert_eq!(session().tokens_until(late), session().expires_at);
    }

    #[test]
    fn another_epoch_is_dead() {
        assert!(session().is_live(Timestamp::from_seconds(100), 1));
        assert!(!session().is_live(Timestamp::from_seconds(100), 2));
    }

    #[test]
    fn the_list_keeps_at_most_its_cap_and_drops_the_oldest() {
        let mut list = UserSessions::default();
        let now = Timestamp::from_seconds(100);
        let add = |list: &mut UserSessions, n: u8| {
            let id = SessionId::from_bytes([n; 16]);
            list.add(SessionRef { id, expires_at: Timestamp::from_seconds(200) }, 3, now)
        };
        for n in 1..=3 {
            assert!(add(&mut list, n).is_empty());
        }
        assert_eq!(add(&mut list, 4), [SessionId::from_bytes([1; 16])]);
        assert_eq!(list.sessions.len(), 3);
    }

    #[test]
    fn what_may_live_again_stays_on_the_list_and_counts() {
        let (before, end) = (Timestamp::from_seconds(199), Timestamp::from_seconds(200));
        assert!(session().may_live(before, 1));
        assert!(!session().may_live(end, 1), "over");
        assert!(!session().may_live(before, 2), "of another epoch");
        assert!(!session().revoke(before).may_live(before, 1), "revoked");

        let entry = |n: u8, seconds: u64| {
            let (id, end) = (SessionId::from_bytes([n; 16]), Timestamp::from_seconds(seconds));
            SessionRef { id, expires_at: end }
        };
        let mut list = UserSessions::default();
        list.add(entry(1, 200), 3, before);
        list.add(entry(2, 90_000), 3, before);
        assert_eq!(list.sessions.len(), 2, "it is not certain that the first is over");
        list.add(entry(3, 90_000), 3, end);
        assert_eq!(list.sessions, [entry(2, 90_000), entry(3, 90_000)]);
    }

    #[test]
    fn networks_are_bounded_and_the_latest_stay() {
        let mut list = UserSessions::default();
        for n in 0..20_u64 {
            list.remember_network(&format!("192.0.{n}.0/24"), Timestamp::from_seconds(n));
        }
        assert_eq!(list.networks.len(), UserSessions::MAX_NETWORKS);
        assert!(list.knows_network("192.0.19.0/24", Timestamp::from_seconds(19)));
        assert!(!list.knows_network("192.0.19.0/24", Timestamp::from_seconds(20)));
        assert!(!list.knows_network("192.0.3.0/24", Timestamp::EPOCH));
    }
}
