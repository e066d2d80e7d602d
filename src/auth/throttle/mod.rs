//! Throttling of everything that verifies a password: counted before it is verified, delayed
//! rather than locked, in bounded memory.
//!
//! Three counters stand in front of a password: failures in a row of this account from this
//! network (delays of 1 s to 15 min after the first few), failures in a row of this account from
//! anywhere (after many, only devices and networks that the account knows are let through), and
//! failures of this network within a minute, whatever the account. Time is monotonic.

mod counter;
mod persist;
mod place;
mod reservation;
mod table;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use self::counter::{Counter, Room, Streak, Window};
pub(super) use self::persist::{MOST_SAVED, is_over};
use self::place::{Places, Tables};
use self::reservation::Outcome;
pub(super) use self::reservation::Reservation;
use super::network::{known_network, limiter_networks, network_key};
use crate::crypto::fingerprint;
use crate::model::Clock;
use crate::store::Fingerprint;

/// How much is allowed; each 0 is off.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failures in a row of one account from one network that are free of delay.
    pub login_failures: u32,
    /// Failures in a row of one account from anywhere before only known devices and networks
    /// get through (SP 800-63B, 3.2.2: at most 100).
    pub login_failures_per_account: u32,
    /// Failures a minute of one network. A /48 of IPv6 may have four times as many as a /64.
    pub login_failures_per_network: u32,
    /// Registrations a minute of one network.
    pub registrations_per_network: u32,
    /// Services a minute of one network that did not prove who they are.
    pub service_failures_per_network: u32,
    /// Changes a minute of its own profile by one account.
    pub profile_changes_per_account: u32,
}

/// Why an attempt does not get to the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) enum Refused {
    /// Come back after this long.
    Throttled(Duration, Counter),
    /// Too many wait already.
    Busy,
}

/// Who tries.
#[derive(Debug, Clone)]
pub(in crate::auth) struct Attempter {
    /// The account's one key, however it was spelled.
    pub account: Fingerprint,
    /// From where; `None` for the command line, which is not throttled.
    pub ip: Option<IpAddr>,
    /// The account knows this device or network by an earlier good login.
    pub is_known: bool,
    /// The device's own key when it proved an earlier login, so that it does not share a
    /// counter with an attacker in the same network.
    pub device: Option<Fingerprint>,
}

impl Attempter {
    /// Under which failures are gathered for the audit trail.
    #[must_use]
    pub(in crate::auth) fn failure_key(&self) -> Fingerprint {
        let network = self.ip.map(known_network).unwrap_or_default();
        fingerprint(&[b"failure", &self.account, network.as_bytes()])
    }
}

/// The counters.
#[derive(Debug)]
pub struct Throttle {
    limits: Limits,
    clock: Clock,
    tables: Mutex<Tables>,
    answered: Notify,
    waiting: Semaphore,
}

/// How many attempts may wait for the answers of others.
const WAITING: usize = 64;
/// How long they may, in all.
const PATIENCE: Duration = Duration::from_secs(5);

impl Throttle {
    /// Empty counters.
    #[must_use]
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self {
            limits,
            clock,
            tables: Mutex::default(),
            answered: Notify::new(),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// Reserves one attempt, before anything is verified. The attempt counts as failed unless
    /// its outcome is told.
    ///
    /// # Errors
    /// [`Refused`] when there is no room for it.
    pub(in crate::auth) async fn reserve(
        self: &Arc<Self>,
        who: &Attempter,
    ) -> Result<Reservation, Refused> {
        self.reserve_within(PATIENCE, who).await
    }

    async fn reserve_within(
        self: &Arc<Self>,
        patience: Duration,
        who: &Attempter,
    ) -> Result<Reservation, Refused> {
        let room = self.wait_for_room(Places::of(who));
        tokio::time::timeout(patience, room).await.unwrap_or(Err(Refused::Busy))
    }

    async fn wait_for_room(self: &Arc<Self>, places: Places) -> Result<Reservation, Refused> {
        let mut place_in_line = None;
        loop {
            // Registered before looking, so that an answer in between is not missed.
            let answered = self.answered.notified();
            match self.try_reserve(&places) {
                (Room::Free, _) => {
                    return Ok(Reservation::new(self.clone(), places));
                }
                (Room::In(wait), counter) => return Err(Refused::Throttled(wait, counter)),
                (Room::AfterOthers, _) => {}
            }
            if place_in_line.is_none() {
                place_in_line = Some(self.waiting.try_acquire().map_err(|_| Refused::Busy)?);
            }
            answered.await;
        }
    }

    /// Counts one registration of this network.
    ///
    /// # Errors
    /// [`Refused::Throttled`] when it had too many within a minute.
    pub(in crate::auth) fn register(&self, ip: Option<IpAddr>) -> Result<(), Refused> {
        let limit = self.limits.registrations_per_network;
        for (network, factor) in ip.map(limiter_networks).unwrap_or_default() {
            let key = network_key(network, b"registration");
            self.count(key, limit.saturating_mul(factor), Counter::Registrations)?;
        }
        Ok(())
    }

    /// Counts one change of its own profile by this account.
    ///
    /// # Errors
    /// [`Refused::Throttled`] when it had too many within a minute.
    pub(in crate::auth) fn change_profile(&self, account: &Fingerprint) -> Result<(), Refused> {
        let limit = self.limits.profile_changes_per_account;
        self.count(fingerprint(&[b"profile", account]), limit, Counter::ProfileChanges)
    }

    /// Counts one service of this network that did not prove who it is.
    ///
    /// # Errors
    /// [`Refused::Throttled`] when there were too many within a minute.
    pub(in crate::auth) fn refuse_service(&self, ip: Option<IpAddr>) -> Result<(), Refused> {
        let limit = self.limits.service_failures_per_network;
        for (network, factor) in ip.map(limiter_networks).unwrap_or_default() {
            let key = network_key(network, b"service");
            self.count(key, limit.saturating_mul(factor), Counter::Services)?;
        }
        Ok(())
    }

    /// Counts one act under `key`; a `limit` of 0 is none.
    fn count(&self, key: Fingerprint, limit: u32, counter: Counter) -> Result<(), Refused> {
        if limit == 0 {
            return Ok(());
        }
        let now = self.clock.monotonic();
        let mut tables = self.lock();
        let window = tables.acts.entry(key, |w| !w.is_idle(now));
        match window.room(limit, now) {
            Room::Free => window.fail(),
            Room::In(wait) => return Err(Refused::Throttled(wait, counter)),
            Room::AfterOthers => return Err(Refused::Busy),
        }
        Ok(())
    }

    /// Forgets all failures of an account: its owner or an administrator has set another
    /// password.
    pub(in crate::auth) fn forgive(&self, account: &Fingerprint) {
        let now = self.clock.monotonic();
        self.lock().accounts.entry(*account, |streak| streak.pending > 0).forgive(now);
    }

    /// Whether there is room, and by which counter when there is none.
    fn try_reserve(&self, places: &Places) -> (Room, Counter) {
        let now = self.clock.monotonic();
        let mut tables = self.lock();
        let room = tables.room(places, &self.limits, now);
        if room.0 == Room::Free {
            tables.each(places, now, (|streak: &mut Streak| streak.reserve(now), Window::reserve));
        }
        room
    }

    fn settle(&self, places: &Places, outcome: Outcome) {
        let now = self.clock.monotonic();
        let limit = self.limits.login_failures;
        let mut tables = self.lock();
        match outcome {
            Outcome::Failed => {
                tables.each(places, now, (|_: &mut Streak| (), Window::fail));
                tables.pairs.entry(places.pair, |_| true).fail(limit, now);
                tables.accounts.entry(places.account, |_| true).fail(0, now);
            }
            Outcome::Succeeded => tables.each(places, now, (Streak::succeed, Window::release)),
            Outcome::NotVerified => tables.each(places, now, (Streak::release, Window::release)),
        }
        drop(tables);
        self.answered.notify_waiters();
    }

    /// How many accounts and networks have a count.
    pub(in crate::auth) fn entries(&self) -> usize {
        self.lock().entries()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // A panic while counting leaves counts, not nonsense: go on with them.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn throttle(login_failures: u32) -> Arc<Throttle> {
        let limits = Limits {
            login_failures,
            login_failures_per_account: 0,
            login_failures_per_network: 0,
            registrations_per_network: 0,
            service_failures_per_network: 0,
            profile_changes_per_account: 0,
        };
        Arc::new(Throttle::new(limits, Clock::manual(Timestamp::from_seconds(1))))
    }

    fn who(account: u32) -> Attempter {
        let account = u128::from(account).to_be_bytes();
        Attempter { account, ip: Some([192, 0, 2, 1].into()), is_known: false, device: None }
    }

    /// THR-08.
    #[tokio::test]
    async fn many_accounts_leave_bounded_tables_and_the_delayed_one_in_them() {
        let throttle = throttle(1);
        throttle.reserve(&who(0)).await.unwrap().failed();
        for account in 1..150_000 {
            throttle.reserve(&who(account)).await.unwrap().succeeded();
        }
        let entries = |tables: &mut Tables| {
            (tables.pairs.iter_mut().count(), tables.accounts.iter_mut().count())
        };
        let (pairs, accounts) = entries(&mut throttle.lock());
        assert!(pairs < 100_000 && accounts < 100_000);
        assert!(matches!(throttle.reserve(&who(0)).await, Err(Refused::Throttled(_, _))));
    }

    /// THR-04: a wait is bounded as a whole, however busy others keep the place.
    #[tokio::test]
    async fn nobody_waits_longer_for_the_answers_of_others_than_the_patience() {
        let throttle = throttle(1);
        let late = who(0);
        let open = throttle.reserve(&late).await.unwrap();
        let patience = Duration::from_millis(60);
        let busy = async {
            loop {
                throttle.reserve(&who(1)).await.unwrap().succeeded();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waiter = tokio::time::timeout(patience * 50, throttle.reserve_within(patience, &late));
        tokio::select! {
            refused = waiter => assert_eq!(refused.unwrap().unwrap_err(), Refused::Busy),
            () = busy => {}
        }
        open.not_verified();
        throttle.reserve(&who(0)).await.unwrap().succeeded();
    }

    /// THR-04.
    #[tokio::test]
    async fn an_attempt_that_is_dropped_counts_as_failed() {
        let throttle = throttle(1);
        drop(throttle.reserve(&who(0)).await.unwrap());
        assert!(matches!(throttle.reserve(&who(0)).await, Err(Refused::Throttled(_, _))));
    }
}
