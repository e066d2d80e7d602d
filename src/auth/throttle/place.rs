//! Where an attempt counts, and what the counters there say together.

use std::time::Duration;

use super::counter::{Room, Streak, Window};
use super::table::Table;
use super::{Attempter, Counter, Limits};
use crate::auth::network::{limiter_networks, network_key};
use crate::crypto::fingerprint;
use crate::store::Fingerprint;

/// Entries of a generation of each table: all four together stay under about 15 MB.
const CAPACITY: usize = 32 * 1024;
/// All counters.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) pairs: Table<Streak>,
    pub(super) accounts: Table<Streak>,
    pub(super) networks: Table<Window>,
    pub(super) acts: Table<Window>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            pairs: Table::new(CAPACITY),
            accounts: Table::new(CAPACITY),
            networks: Table::new(CAPACITY),
            acts: Table::new(CAPACITY),
        }
    }
}

impl Tables {
    pub(super) fn entries(&self) -> usize {
        let Self { pairs, accounts, networks, acts } = self;
        pairs.entries() + accounts.entries() + networks.entries() + acts.entries()
    }

    /// The least room that a counter leaves, and which counter that is.
    pub(super) fn room(
        &mut self,
        places: &Places,
        limits: &Limits,
        now: Duration,
    ) -> (Room, Counter) {
        self.forgive_pair(places);
        let mut worst = (Room::Free, Counter::AccountNetwork);
        let mut consider = |room: Room, counter: Counter| match (&worst.0, &room) {
            (_, Room::Free) | (Room::In(_), Room::AfterOthers) => {}
            (Room::In(a), Room::In(b)) if a >= b => {}
            (Room::Free | Room::AfterOthers | Room::In(_), Room::In(_) | Room::AfterOthers) => {
                worst = (room, counter);
            }
        };
        if !places.networks.is_empty() && limits.login_failures > 0 {
            let needed = |s: &Streak| s.blocked_until > now || s.pending > 0;
            let pair = self.pairs.entry(places.pair, needed);
            consider(pair.room(limits.login_failures, now), Counter::AccountNetwork);
        }
        if !places.is_exempt && limits.login_failures_per_account > 0 {
            let limit = limits.login_failures_per_account;
            let needed = |s: &Streak| s.failures >= limit || s.pending > 0;
            let account = self.accounts.entry(places.account, needed);
            consider(account.room_up_to(limit), Counter::Account);
        }
        if limits.login_failures_per_network > 0 && !places.has_device {
            for (key, factor) in &places.networks {
                let limit = limits.login_failures_per_network.saturating_mul(*factor);
                let network = self.networks.entry(*key, |w| !w.is_idle(now));
                consider(network.room(limit, now), Counter::Network);
            }
        }
        worst
    }

    /// An account that was forgiven takes its failures from single networks along.
    fn forgive_pair(&mut self, places: &Places) {
        let forgiven = self.accounts.get_mut(&places.account).and_then(|s| s.forgiven_at);
        if let (Some(at), Some(pair)) = (forgiven, self.pairs.get_mut(&places.pair))
            && pair.last <= at
        {
            pair.forget();
        }
    }

    pub(super) fn each(
        &mut self,
        places: &Places,
        now: Duration,
        (on_streak, on_window): (impl Fn(&mut Streak), impl Fn(&mut Window)),
    ) {
        on_streak(self.pairs.entry(places.pair, |s| s.blocked_until > now || s.pending > 0));
        on_streak(self.accounts.entry(places.account, |s| s.pending > 0 || s.failures > 9));
        for (key, _) in &places.networks {
            on_window(self.networks.entry(*key, |w| !w.is_idle(now)));
        }
    }
}

/// Where an attempt counts.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) pair: Fingerprint,
    pub(super) account: Fingerprint,
    networks: Vec<(Fingerprint, u32)>,
    /// A device that proved an earlier login of this account does not suffer from its neighbours.
    has_device: bool,
    /// Known devices and networks, and the command line, pass an account that is under attack.
    is_exempt: bool,
}

impl Places {
    pub(super) fn of(who: &Attempter) -> Self {
        let networks = who.ip.map(limiter_networks).unwrap_or_default();
        let narrow = networks.first().map(|(n, _)| network_key(*n, b"pair")).unwrap_or_default();
        let from = who.device.unwrap_or(narrow);
        Self {
            pair: fingerprint(&[b"pair", &who.account, &from]),
            account: who.account,
            networks: networks.iter().map(|(n, f)| (network_key(*n, b"network"), *f)).collect(),
            has_device: who.device.is_some(),
            is_exempt: who.is_known || who.ip.is_none(),
        }
    }
}
