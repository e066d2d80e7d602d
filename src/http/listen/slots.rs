//! Room for connections: so many in all, so many for one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Exempt, Limits, Peer};

/// Counts what is open. The map holds addresses with an open connection only, so it is never
/// larger than the number of connections.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    per_address: usize,
    exempt: Exempt,
    open: Open,
}

type Open = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// One connection's place; free again when it is dropped.
pub(super) struct Slot {
    _room: OwnedSemaphorePermit,
    counted: Option<(IpAddr, Open)>,
}

impl Slots {
    pub(super) fn new(limits: &Limits, exempt: Exempt) -> Self {
        let most = limits.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(most)),
            per_address: limits.connections_per_address,
            exempt,
            open: Open::default(),
        }
    }

    /// Waits until one more connection may be open.
    pub(super) async fn room(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.all).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// The place for this peer, or the room back when its address has no more.
    pub(super) fn take(
        &self,
        peer: Peer,
        room: OwnedSemaphorePermit,
    ) -> Result<Slot, OwnedSemaphorePermit> {
        let Some(address) = self.counted_address(peer) else {
            return Ok(Slot { _room: room, counted: None });
        };
        let mut open = lock(&self.open);
        let count = open.entry(address).or_default();
        if *count >= self.per_address {
            return Err(room);
        }
        *count += 1;
        drop(open);
        Ok(Slot { _room: room, counted: Some((address, Arc::clone(&self.open))) })
    }

    /// What to count the peer under; `None` when it is not limited.
    fn counted_address(&self, peer: Peer) -> Option<IpAddr> {
        let address = match peer {
            Peer::Unix { .. } => return None,
            Peer::Tcp(socket) => socket.ip().to_canonical(),
        };
        let limited = self.per_address > 0 && !(self.exempt)(address);
        limited.then(|| one_holder(address))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((address, open)) = self.counted.take() else { return };
        let mut open = lock(&open);
        if let Some(count) = open.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&address);
            }
        }
    }
}

/// One customer gets a whole IPv6 /64, so a /64 counts as one address.
fn one_holder(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Counting cannot panic half way, so a poisoned lock holds good numbers.
fn lock(open: &Open) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn slots(per_address: usize) -> Slots {
        let limits = Limits {
            max_connections: 4,
            connections_per_address: per_address,
            header_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(1),
            request_timeout: Duration::from_secs(1),
            shutdown_grace: Duration::from_secs(1),
        };
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        Slots::new(&limits, Arc::new(move |ip| ip == proxy))
    }

    async fn take(slots: &Slots, ip: &str) -> Option<Slot> {
        let peer = Peer::Tcp((ip.parse::<IpAddr>().unwrap(), 1).into());
        slots.take(peer, slots.room().await).ok()
    }

    /// HTTP-01.
    #[tokio::test]
    async fn one_address_gets_its_share_and_no_more() {
        let slots = slots(2);
        let first = take(&slots, "192.0.2.1").await.unwrap();
        let _second = take(&slots, "::ffff:192.0.2.1").await.unwrap();
        assert!(take(&slots, "192.0.2.1").await.is_none());
        assert!(take(&slots, "192.0.2.2").await.is_some());
        drop(first);
        assert!(take(&slots, "192.0.2.1").await.is_some());
    }

    #[tokio::test]
    async fn the_map_forgets_who_left() {
        let slots = slots(1);
        let held = take(&slots, "2001:db8::1").await.unwrap();
        assert!(take(&slots, "2001:db8::ffff:1").await.is_none(), "the same /64");
        drop(held);
        drop(take(&slots, "192.0.2.1").await);
        assert!(lock(&slots.open).is_empty());
    }

    #[tokio::test]
    async fn proxies_and_the_control_socket_are_not_counted() {
        let slots = slots(1);
        let _one = take(&slots, "10.0.0.1").await.unwrap();
        assert!(take(&slots, "10.0.0.1").await.is_some());
        for _ in 0..2 {
            assert!(slots.take(Peer::Unix { uid: 0 }, slots.room().await).is_ok());
        }
        assert!(lock(&slots.open).is_empty());
    }

    #[tokio::test]
    async fn zero_is_no_limit_for_an_address_but_all_together_stay_bounded() {
        let slots = slots(0);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(take(&slots, "192.0.2.1").await.unwrap());
        }
        let fifth = tokio::time::timeout(Duration::from_millis(20), slots.room()).await;
        assert!(fifth.is_err());
        held.pop();
        let _room = slots.room().await;
    }
}
