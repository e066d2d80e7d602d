//! Which sessions a commit ends. The records say it themselves when a part of a commit changes
//! them, and every commit passes [`Store::commit`], so no use case can end a session and leave it
//! alive at the verifiers: the watcher is told before the commit's caller is.

use std::fmt;

use super::engine::Commit;
use super::sessions::logins_key;
use super::{Error, Store, Stored, ended};
use crate::model::{Clock, EndedSessions, Session, StatusRef, User, UserId};

/// What a part of a commit ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ends {
    /// The access tokens of a session whose record stays.
    Session(Box<Session>),
    /// Those of one whose record goes, or has another place from now on: nothing else says where
    /// they stood.
    Place(Box<Session>),
    /// Those of all sessions of a user.
    AllOf(UserId),
}

/// Who has to know which access tokens die.
pub trait Watch: fmt::Debug + Send + Sync + 'static {
    /// The time that sessions live by.
    fn clock(&self) -> &Clock;

    /// The tokens of these places are dead, or nobody knows whether they are: after a commit
    /// whose outcome is not known they count as dead.
    /// `certain` is false where a later commit may say otherwise: the session may live on, and its
    /// tokens as long as it.
    fn ended(&self, places: &[StatusRef], certain: bool);
}

/// What a commit under way ends. The watcher is told when it is dropped: after the commit, after
/// one that failed in a way that leaves its outcome open, and when its caller went away.
pub(super) struct Ending<'a> {
    watch: &'a dyn Watch,
    places: Vec<StatusRef>,
    /// Whether the commit is known to have been written.
    certain: bool,
}

impl Ending<'_> {
    /// Tells what came of the commit: of one that wrote nothing the watcher hears nothing.
    pub(super) fn settle(mut self, done: &Result<(), Error>) {
        match done {
            Ok(()) => self.certain = true,
            Err(Error::Unavailable(_) | Error::Corrupt { .. }) => {}
            Err(Error::Conflict | Error::TooLarge) => self.places.clear(),
        }
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !self.places.is_empty() {
            self.watch.ended(&self.places, self.certain);
        }
    }
}

/// What is gathered of a commit.
#[derive(Default)]
struct Gathered {
    places: Vec<StatusRef>,
    left: Option<EndedSessions>,
}

impl Store {
    /// The commit, with what it has to rely on and to leave besides, and what the watcher is to be
    /// told of it; `None` when it ends nothing, or nobody watches.
    pub(super) async fn ending(
        &self,
        mut commit: Commit,
    ) -> Result<(Commit, Option<Ending<'_>>), Error> {
        let ends = commit.take_ends();
        let Some(watch) = self.watch.as_deref().filter(|_| !ends.is_empty()) else {
            return Ok((commit, None));
        };
        let mut gathered = Gathered::default();
        for end in ends {
            match end {
                Ends::Session(session) => {
                    gathered.places.extend(self.place(&session, watch).await?);
                }
                Ends::Place(session) => {
                    let place = self.place(&session, watch).await?;
                    gathered.places.extend(place);
                    gathered.leave(&session, place, watch);
                }
                Ends::AllOf(user) => {
                    let (checked, places) = self.places_of(user, watch).await?;
                    commit = commit.and(checked);
                    gathered.places.extend(places);
                }
            }
        }
        if let Some(left) = &gathered.left {
            commit = commit.and(ended::insert(left));
        }
        Ok((commit, Some(Ending { watch, places: gathered.places, certain: false })))
    }

    /// Where the tokens of a session stand that have not died yet. `None` for one that has ended
    /// before, whose place may be another's by now.
    async fn place(
        &self,
        session: &Session,
        watch: &dyn Watch,
    ) -> Result<Option<StatusRef>, Error> {
        let user = self.users().get(session.user).await?;
        let certain = watch.clock().certain();
        let has_tokens = |user: &Stored<User>| session.may_live(certain, user.value.epoch);
        Ok(user.filter(has_tokens).and(session.status))
    }

    /// Where all sessions of a user stand, and the part of a commit that requires that no login
    /// comes between.
    async fn places_of(
        &self,
        user: UserId,
        watch: &dyn Watch,
    ) -> Result<(Commit, Vec<StatusRef>), Error> {
        let list = self.sessions().of_user(user).await?;
        let checked = Commit::new().check(logins_key(user), list.version);
        let (mut places, certain) = (Vec::new(), watch.clock().certain());
        let Some(user) = self.users().get(user).await? else { return Ok((checked, places)) };
        for entry in &list.value.sessions {
            let session = self.sessions().get(entry.id).await?.map(|session| session.value);
            let session = session.filter(|session| session.may_live(certain, user.value.epoch));
            places.extend(session.and_then(|session| session.status));
        }
        Ok((checked, places))
    }
}

impl Gathered {
    /// Notes what has to stay of a place that no record names any more.
    fn leave(&mut self, session: &Session, place: Option<StatusRef>, watch: &dyn Watch) {
        let Some(place) = place else { return };
        let until = session.tokens_until(watch.clock().now());
        match &mut self.left {
            None => self.left = Some(EndedSessions { until, place, others: Vec::new() }),
            Some(left) => {
                left.until = left.until.max(until);
                left.others.push(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::model::{StatusListId, Timestamp};

    #[derive(Debug)]
    struct Heard {
        clock: Clock,
        places: Mutex<Vec<bool>>,
    }

    impl Watch for Heard {
        fn clock(&self) -> &Clock {
            &self.clock
        }

        fn ended(&self, places: &[StatusRef], certain: bool) {
            let each = places.iter().map(|_| certain);
            self.places.lock().unwrap_or_else(PoisonError::into_inner).extend(each);
        }
    }

    /// What is heard of a place after an end that comes out so.
    fn heard(end: impl FnOnce(Ending<'_>)) -> Vec<bool> {
        let clock = Clock::manual(Timestamp::from_seconds(1));
        let watch = Heard { clock, places: Mutex::default() };
        let place = StatusRef { list: StatusListId::from_bytes([1; 8]), index: 1 };
        end(Ending { watch: &watch, places: vec![place], certain: false });
        watch.places.into_inner().unwrap()
    }

    #[test]
    fn what_may_have_been_written_has_ended_and_what_was_not_has_not() {
        assert_eq!(heard(|ending| ending.settle(&Ok(()))), [true]);
        assert_eq!(heard(|ending| ending.settle(&Err(Error::unavailable("a disk")))), [false]);
        assert_eq!(heard(|ending| drop::<Ending<'_>>(ending)), [false], "the caller went away");
        assert!(heard(|ending| ending.settle(&Err(Error::Conflict))).is_empty());
        assert!(heard(|ending| ending.settle(&Err(Error::TooLarge))).is_empty());
    }
}
