//! Retention: the oldest seals go together with the events they cover, whole, and the record of
//! the chain keeps the hash of the last one that went, so that the rest still verifies.

use super::line::{is_proven, mac_of};
use crate::auth::{Auth, Error};
use crate::model::{Chain, ChainSpan, Digest, Seal, Timestamp};
use crate::store::{Found, seal_name};

/// How many seals are read at once, and go in one call.
const PAGE: usize = 20;

/// What is to be done with a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Everything in it is too old.
    Over,
    /// It is of a time that is still to come: the clock was ahead when it was made. It is as old
    /// as what was sealed after it.
    Ahead,
    /// It stays.
    Kept,
}

impl Age {
    fn of(seal: &Seal, cutoff: Timestamp, now: Timestamp) -> Self {
        match seal.newest() {
            newest if newest < cutoff => Self::Over,
            newest if newest > now => Self::Ahead,
            _recent => Self::Kept,
        }
    }
}

impl Auth {
    /// Removes some of what is older than it is kept at `now`; says whether there may be more.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer or a seal is damaged.
    pub(in crate::auth) async fn sweep_trail(&self, now: Timestamp) -> Result<bool, Error> {
        let cutoff = now.minus(self.settings.keep_events);
        let Some(through) = self.last_over(cutoff, now).await? else { return Ok(false) };
        for (number, found) in self.store.seals().page(None, PAGE).await? {
            if number > through {
                return Ok(false);
            }
            let seal = readable(number, found)?;
            self.store.retry(|| self.remove(&seal)).await?;
        }
        Ok(true)
    }

    /// The last seal that goes: it is over, and every one before it is over or was made before
    /// it by a clock that was ahead.
    async fn last_over(&self, cutoff: Timestamp, now: Timestamp) -> Result<Option<u64>, Error> {
        let (mut through, mut after) = (None, None);
        while through.is_none() {
            let page = self.store.seals().page(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (number, found) in page {
                match Age::of(&readable(number, found)?, cutoff, now) {
                    Age::Over => through = Some(number),
                    Age::Ahead => {}
                    Age::Kept => return Ok(through),
                }
            }
        }
        Ok(through)
    }

    async fn remove(&self, seal: &Seal) -> Result<(), Error> {
        let seals = self.store.seals();
        let Some(before) = seals.chain().await? else { return Ok(()) };
        let span = ChainSpan { start: seal.place(), ..before.value.span };
        // What was not proven before is not proven by this.
        let was_proven = is_proven(&before.value, &self.sealer.key);
        let mac = if was_proven { mac_of(&span, &self.sealer.key) } else { Digest::NONE };
        let moved = seals.set_chain(Some(&before), &Chain { mac, span });
        Ok(self.store.commit(seals.remove(seal).and(moved)).await?)
    }
}

fn readable(number: u64, found: Found<Seal>) -> Result<Seal, Error> {
    match found {
        Found::There(stored) => Ok(stored.value),
        Found::Absent | Found::Damaged => {
            Err(crate::store::Error::Corrupt { key: seal_name(number) }.into())
        }
    }
}
