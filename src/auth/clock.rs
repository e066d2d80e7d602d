//! The clock between the machine and the store: what may be issued by it, its high-water mark
//! from run to run, its jumps in the log, and the operator's word for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::audit::About;
use super::{Access, Auth, Client, Error};
use crate::model::{BUILD_FLOOR, Clock, ClockState, EventKind, Reading, Role, Timestamp};
use crate::store::engine::Commit;
use crate::store::{self, Store};

/// The mark is written at most this often while the server runs, and only if it moved as far:
/// after a crash time goes on from no more than this and [`Clock::STEP`] before it.
const SAVE_EVERY: Duration = Duration::from_mins(1);
/// What is worth a write when the server stops.
const WORTH_SAVING: Duration = Duration::from_secs(10);
/// Accounts whose sessions are ended in one commit.
const BATCH: usize = 20;

/// What is known of the clock besides its time.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    /// What was seen last.
    seen: Mutex<Option<Seen>>,
    /// Held over each write of the mark; when the last one was, in monotonic time.
    saved_at: tokio::sync::Mutex<Duration>,
}

/// The clock as it was seen at one moment.
#[derive(Debug, Clone, Copy)]
struct Seen {
    wall: Timestamp,
    monotonic: Duration,
    state: ClockState,
}

impl Seen {
    /// Where the wall clock ought to be at `monotonic`, unless it is there within
    /// [`Clock::STEP`].
    fn missed_by(&self, wall: Timestamp, monotonic: Duration) -> Option<Timestamp> {
        let expected = self.wall.plus(monotonic.saturating_sub(self.monotonic));
        let off = expected.since(wall).max(wall.since(expected));
        (off > Clock::STEP).then_some(expected)
    }
}

/// The clock for its operator.
#[derive(Debug, Clone, Copy)]
pub struct ClockView {
    /// Its times.
    pub reading: Reading,
    /// Whether tokens are issued now.
    pub issuing: bool,
}

/// What [`Auth::accept_clock`] did.
#[derive(Debug, Clone, Copy)]
pub struct AcceptedClock {
    /// The mark that was there.
    pub mark_before: Timestamp,
    /// The mark from now on: the wall clock.
    pub mark: Timestamp,
    /// How many accounts there are; the sessions of all of them ended.
    pub accounts: usize,
}

/// Lets `clock` go on from the times in the store. Before anything else asks it.
///
/// # Errors
/// When the store cannot answer or the record is damaged.
pub async fn resume_clock(store: &Store, clock: &Clock) -> Result<(), store::Error> {
    let (mark, latest) = (store.clock().get().await?, store.clock().latest().await?);
    clock.resume(mark.map(|mark| mark.value), latest);
    Ok(())
}

impl Auth {
    /// The clock, for an administrator.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn clock(&self, access: &Access) -> Result<ClockView, Error> {
        access.require(&Role::admin())?;
        let reading = self.watch_clock();
        Ok(ClockView { reading, issuing: self.issues_by(&reading) })
    }

    /// The time at which something may be issued now.
    ///
    /// # Errors
    /// [`Error::ClockNotSet`] while the wall clock is no measure of the time.
    pub(super) fn issuing_time(&self) -> Result<Timestamp, Error> {
        let reading = self.watch_clock();
        if self.issues_by(&reading) { Ok(reading.now) } else { Err(Error::ClockNotSet) }
    }

    fn issues_by(&self, reading: &Reading) -> bool {
        self.settings.trust_mark || reading.is_set()
    }

    /// Reads the clock, and tells the log once of each jump of the wall clock and of each change
    /// of its state.
    pub(super) fn watch_clock(&self) -> Reading {
        let mut seen = self.watch.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (reading, monotonic) = (self.clock.read(), self.clock.monotonic());
        let (wall, state) = (reading.wall, reading.state());
        let before = seen.replace(Seen { wall, monotonic, state });
        drop(seen);
        if let Some(expected) = before.and_then(|before| before.missed_by(wall, monotonic)) {
            tracing::warn!(%expected, %wall, "the wall clock jumped");
        }
        let before = before.map(|before| before.state);
        if before != Some(state) {
            tell(before, &reading, self.issues_by(&reading));
        }
        reading
    }

    /// Writes the latest time as soon as it is far ahead of the mark, so that what is refused as
    /// expired now is refused after a stop at any later moment; and forgets it when the mark has
    /// followed or the jump was taken back.
    pub(super) async fn save_latest(&self) -> Result<(), Error> {
        let _turn = self.watch.saved_at.lock().await;
        self.store.retry(|| self.try_save_latest()).await
    }

    async fn try_save_latest(&self) -> Result<(), Error> {
        let Reading { now, mark, .. } = self.clock.read();
        let latest = (now.since(mark) > Clock::STEP).then_some(now);
        let written = self.store.clock().latest().await?;
        let is_worth = match (written, latest) {
            (Some(then), Some(now)) => now.since(then).max(then.since(now)) >= SAVE_EVERY,
            (then, now) => then != now,
        };
        if is_worth {
            let clock = self.store.clock();
            let before = clock.get().await?;
            let commit = clock.set(before.as_ref(), mark).and(clock.set_latest(latest));
            self.store.commit(commit).await?;
        }
        Ok(())
    }

    /// Writes the mark if it moved far enough since it was written.
    pub(super) async fn save_mark(&self, stopping: bool) -> Result<(), Error> {
        let mut saved_at = self.watch.saved_at.lock().await;
        let monotonic = self.clock.monotonic();
        if !stopping && monotonic.saturating_sub(*saved_at) < SAVE_EVERY {
            return Ok(());
        }
        let worth = if stopping { WORTH_SAVING } else { SAVE_EVERY };
        self.store.retry(|| self.try_save_mark(worth)).await?;
        *saved_at = monotonic;
        Ok(())
    }

    /// One try: a write whose caller was told to stop may still be under way.
    async fn try_save_mark(&self, worth: Duration) -> Result<(), Error> {
        let before = self.store.clock().get().await?;
        let written = before.as_ref().map_or(BUILD_FLOOR, |mark| mark.value);
        let mark = self.clock.certain();
        if mark.since(written) >= worth {
            self.store.commit(self.store.clock().set(before.as_ref(), mark)).await?;
        }
        Ok(())
    }

    /// Takes the wall clock for right although the mark is ahead of it, and ends all sessions:
    /// nobody can tell any more which of them are over. Keys that would sign only after the wrong
    /// time are dropped.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone but the operator; [`Error::ClockNotSet`] when the wall
    /// clock itself was never set; [`Error::Store`].
    pub async fn accept_clock(
        &self,
        access: &Access,
        client: &Client,
    ) -> Result<AcceptedClock, Error> {
        access.require_operator()?;
        if self.clock.wall() < BUILD_FLOOR {
            return Err(Error::ClockNotSet);
        }
        // First, so that a failure in between leaves no session alive under the new time.
        let accounts = self.end_everyones_sessions().await?;
        let _turn = self.watch.saved_at.lock().await;
        let mark_before = self.clock.certain();
        let mark = self.clock.wall();
        let _keys = self.key_turn().await?;
        let before = self.store.clock().get().await?;
        let set = self.store.clock().set(before.as_ref(), mark);
        let forgotten = self.store.clock().set_latest(None);
        let commit = set.and(forgotten).and(self.keys_at(mark).await?);
        let mut event = self.event(About::nobody(EventKind::ClockAccepted), access.actor(), client);
        event.time = mark;
        event.detail = Some(format!(
            "the mark went from {mark_before} to {mark}; the sessions of {accounts} accounts ended"
        ));
        self.commit_with(commit, event).await?;
        self.clock.accept();
        self.reload_keys().await?;
        // What began by the old time since the first pass: it would live when that time comes.
        self.end_everyones_sessions().await?;
        self.watch_clock();
        Ok(AcceptedClock { mark_before, mark, accounts })
    }

    /// One write for each account ends its sessions, links and access tokens: its next epoch.
    async fn end_everyones_sessions(&self) -> Result<usize, Error> {
        let (mut after, mut accounts) = (None, 0);
        loop {
            let (ended, next) =
                self.store.retry(|| self.end_sessions_of_page(after.as_deref())).await?;
            accounts += ended;
            after = next;
            if after.is_none() {
                return Ok(accounts);
            }
        }
    }

    async fn end_sessions_of_page(
        &self,
        after: Option<&[u8]>,
    ) -> Result<(usize, Option<Vec<u8>>), Error> {
        let users = self.store.users();
        let page = users.list_by_name("", after, BATCH).await?;
        let commit = page.users.iter().fold(Commit::new(), |commit, user| {
            commit.and(users.replace(user, &user.value.clone().with_next_epoch()))
        });
        self.store.commit(commit).await?;
        Ok((page.users.len(), page.next))
    }
}

/// One line of the log for a change of the clock's state.
fn tell(before: Option<ClockState>, reading: &Reading, issuing: bool) {
    let Reading { wall, now, mark } = *reading;
    match reading.state() {
        ClockState::Set if before.is_none() => {}
        ClockState::Set => tracing::info!(%wall, "the clock is set"),
        ClockState::Ahead => tracing::info!(
            %wall, %mark,
            "the wall clock is ahead of the last known time, as after a while without power: it \
             is used, and remembered once it has stood for 10 minutes"
        ),
        ClockState::Behind => tracing::warn!(
            %wall, effective = %now, issuing,
            "clock_not_set: the wall clock is behind the known time, by which everything is \
             judged; set the clock, or if it is right run `doorkey clock accept`"
        ),
        ClockState::NeverSet => tracing::warn!(
            %wall, effective = %now, issuing,
            "clock_not_set: the wall clock is before the date of this program; set the clock of \
             the machine"
        ),
    }
}
