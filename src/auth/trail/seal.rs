//! The sealer: covers what waits. No use case waits for it, and it is the only one that writes
//! the end of the chain, besides retention.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::line::{EventLine, hash_of, is_proven, mac_of};
use crate::auth::{Auth, Error};
use crate::crypto::AuditKey;
use crate::model::{Chain, ChainPlace, ChainSpan, Digest, Event, Seal, SealContent, SealedEvent};
use crate::store::engine::{Commit, MAX_COMMIT};
use crate::store::{Found, MOST_SEALED, Stored};

/// So many events do not wait for the next round.
const MANY: usize = 1_000;
/// How many seals are read at once to find where a chain ends.
const PAGE: usize = 50;

/// What sealing needs besides the store.
#[derive(Debug)]
pub(in crate::auth) struct Sealer {
    pub(super) key: AuditKey,
    /// Events written since the last round.
    written: AtomicUsize,
    many: Notify,
}

impl Sealer {
    pub(in crate::auth) fn new(key: AuditKey) -> Self {
        Self { key, written: AtomicUsize::new(0), many: Notify::new() }
    }

    /// Notes that events were written.
    pub(in crate::auth) fn note(&self, events: usize) {
        if self.written.fetch_add(events, Ordering::Relaxed).saturating_add(events) >= MANY {
            self.many.notify_one();
        }
    }
}

impl Auth {
    /// Returns when so many events wait for a seal that it should not take longer.
    pub async fn many_unsealed(&self) {
        self.sealer.many.notified().await;
    }

    /// Covers all events that wait for a seal; says how many. In a store that has never been
    /// sealed, the events of before come first.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer, or another sealer is at work: what waits
    /// goes on waiting.
    pub async fn seal(&self) -> Result<usize, Error> {
        self.sealer.written.store(0, Ordering::Relaxed);
        if self.store.seals().chain().await?.is_none() {
            self.begin_chain().await?;
        }
        let mut sealed = 0;
        loop {
            let some = self.store.retry(|| self.seal_some()).await?;
            sealed += some;
            if some < MOST_SEALED {
                return Ok(sealed);
            }
        }
    }

    async fn seal_some(&self) -> Result<usize, Error> {
        let seals = self.store.seals();
        let waiting = seals.waiting(None, MOST_SEALED).await?;
        let before = seals.chain().await?.ok_or(crate::store::Error::Conflict)?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let end = before.value.span.end;
        let number = end.number.saturating_add(1);
        let (mut events, mut commit) = (Vec::with_capacity(waiting.len()), Commit::new());
        for place in waiting {
            let event = seals.event(place).await?;
            let sealed = SealedEvent { hash: hash(&event), id: place.id, time: place.time };
            commit = commit.and(seals.cover(&sealed, event, number));
            events.push(sealed);
        }
        // Nobody else may have made a seal of this number.
        let is_free = seals.get(number).await? == Found::Absent;
        let unproven = !is_free || !is_proven(&before.value, &self.sealer.key);
        let (previous, time) = (end.hash, self.clock.now());
        let content = SealContent { events, number, previous, time, unproven };
        let seal = Seal { hash: hash_of(&content), content };
        let span = ChainSpan { end: seal.place(), ..before.value.span };
        let chain = Chain { mac: mac_of(&span, &self.sealer.key), span };
        let moved = seals.set_chain(Some(&before), &chain);
        self.store.commit(commit.and(seals.put(&seal)).and(moved)).await?;
        log(&seal);
        Ok(seal.content.events.len())
    }

    /// The first chain of a store. Events of versions without seals are let wait; if it is cut
    /// off, all of it is done again, which changes nothing.
    async fn begin_chain(&self) -> Result<(), Error> {
        let seals = self.store.seals();
        let chain = if let Some(span) = self.find_chain().await? {
            Chain { mac: Digest::NONE, span }
        } else {
            self.adopt().await?;
            let span = ChainSpan::default();
            Chain { mac: mac_of(&span, &self.sealer.key), span }
        };
        Ok(self.store.commit(seals.set_chain(None, &chain)).await?)
    }

    /// The chain that the seals themselves make, where its record is gone: it proves nothing, and
    /// the next seal says so.
    async fn find_chain(&self) -> Result<Option<ChainSpan>, Error> {
        let (mut span, mut after) = (None, None);
        loop {
            let page = self.store.seals().page(after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(span) };
            after = Some(*last);
            for (number, found) in &page {
                let (hash, previous) = match found {
                    Found::There(seal) => (Some(seal.value.hash), seal.value.content.previous),
                    Found::Absent | Found::Damaged => (None, None),
                };
                let start = ChainPlace { hash: previous, number: number.saturating_sub(1) };
                let end = ChainPlace { hash, number: *number };
                span = Some(ChainSpan { end, start: span.map_or(start, |s: ChainSpan| s.start) });
            }
        }
    }

    async fn adopt(&self) -> Result<(), Error> {
        let (mut after, mut adopted) = (None::<Vec<u8>>, 0);
        loop {
            let page = self.store.events().look(after.as_deref(), MAX_COMMIT).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let mut commit = Commit::new();
            for (_, found) in page {
                let Found::There(Stored { value: event, .. }) = found else { continue };
                if event.seal.is_none() {
                    adopted += 1;
                    commit = commit.and(self.store.seals().wait(&event));
                }
            }
            self.store.commit(commit).await?;
        }
        if adopted > 0 {
            tracing::info!(events = adopted, "the audit trail of before is sealed from now on");
        }
        Ok(())
    }
}

/// `None` when it is gone, or nothing that could be hashed.
fn hash(event: &Found<Event>) -> Option<Digest> {
    match event {
        Found::There(stored) => Some(EventLine::from(stored.value.clone()).hash()),
        Found::Absent | Found::Damaged => None,
    }
}

/// The log is the place outside the store where the end of the chain is known, too.
fn log(seal: &Seal) {
    let (number, hash) = (seal.content.number, seal.hash);
    let events = seal.content.events.len();
    tracing::info!(target: "doorkey::audit", seal = number, %hash, events, "events were sealed");
    if seal.content.unproven {
        tracing::error!(
            target: "doorkey::audit",
            seal = number,
            "the audit trail before this seal is not proven by the master key: run `doorkey audit verify`"
        );
    }
}
