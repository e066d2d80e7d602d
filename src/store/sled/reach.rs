//! What of the past can be had again: stretches in which no commit is missing. Damage, a gap and
//! a damaged header of a journal each end one; a snapshot after it begins the next.

use std::ops::ControlFlow;

use super::OpenError;
use super::archive;
use super::frame::End;
use super::history::{History, Numbered, Point};
use super::replay::Ending;

/// What replaying can begin with: a good snapshot, or nothing where the store begins.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) snapshot: Option<Numbered>,
    /// The state that it holds.
    pub(super) state: Point,
}

/// States that follow each other without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: Point,
    pub(super) last: Point,
    /// Whether there is damage after it, and not the end of all.
    pub(super) is_broken: bool,
}

/// All that can be had again, the oldest first.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) bases: Vec<Base>,
    pub(super) stretches: Vec<Stretch>,
}

impl Past {
    /// Reads all journals and snapshots, and tells `each` of every state in its order. The
    /// commit `least` is known to have happened.
    ///
    /// # Errors
    /// When the system cannot read, or a file is of a later format. Damage is none.
    pub(super) fn read(
        history: &History,
        least: u64,
        each: &mut dyn FnMut(Point),
    ) -> Result<Self, OpenError> {
        let bases = bases(history)?;
        let mut stretches: Vec<Stretch> = Vec::new();
        for base in &bases {
            let first = base.state;
            match stretches.last_mut() {
                Some(before) if before.last.commit >= first.commit => continue,
                Some(before) => before.is_broken = true,
                None => {}
            }
            each(first);
            let replayed = history.replay(first.commit + 1, &mut |change| {
                each(Point { commit: change.stamp.sequence, time: change.stamp.time });
                Ok(ControlFlow::Continue(()))
            })?;
            let time = replayed.time.unwrap_or(first.time);
            let end = Point { commit: replayed.last, time };
            let is_broken = match replayed.ending {
                Ending::Damaged(_) | Ending::Missing(_) => true,
                Ending::Whole(_) | Ending::Torn(_) | Ending::Stopped => end.commit < least,
            };
            stretches.push(Stretch { first, last: end, is_broken });
        }
        Ok(Self { bases, stretches })
    }

    /// The nearest thing to begin with for the state after a commit.
    pub(super) fn base_of(&self, commit: u64) -> Option<&Base> {
        self.bases.iter().rev().find(|base| base.state.commit <= commit)
    }

    /// The last stretch that begins no later than with this commit.
    pub(super) fn stretch_of(&self, commit: u64) -> Option<&Stretch> {
        self.stretches.iter().rev().find(|stretch| stretch.first.commit <= commit)
    }
}

fn bases(history: &History) -> Result<Vec<Base>, OpenError> {
    let mut bases = Vec::new();
    if let Some(journal) = history.journals.first().filter(|journal| journal.first == 1)
        && let Some(header) = journal.header()?
    {
        bases.push(Base { snapshot: None, state: Point { commit: 0, time: header.time } });
    }
    for snapshot in &history.snapshots {
        if let Ok((_, End { sequence: commit, time, .. })) = archive::verify(&snapshot.path) {
            let snapshot = Some(snapshot.clone());
            bases.push(Base { snapshot, state: Point { commit, time } });
        }
    }
    bases.sort_by_key(|base| base.state.commit);
    Ok(bases)
}
