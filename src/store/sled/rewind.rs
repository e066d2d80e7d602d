//! The store's own past, from its snapshots and journals, as the new store.

use std::fs::File;
use std::ops::ControlFlow;

use super::frame::{self, Change};
use super::history::{History, Point};
use super::journal::{self, Journal, new_file};
use super::known::{known, marked};
use super::reach::{Base, Past, Stretch};
use super::restore::{Restore, RestoreError};
use super::{OpenError, files};
use crate::model::Timestamp;

/// Up to where the past is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The last commit that happened no later than this.
    Time(Timestamp),
    /// The commit with this number.
    Commit(u64),
}

impl Restore {
    /// Takes the store's own past. Gives the last commit in it.
    ///
    /// # Errors
    /// [`RestoreError::TooEarly`], [`RestoreError::Beyond`] or [`RestoreError::NoCommit`] for
    /// what cannot be had.
    pub fn rewind(&self, until: Until) -> Result<Point, RestoreError> {
        let folder = files::journals_path(self.data());
        if !folder.exists() {
            return Err(RestoreError::NoHistory);
        }
        let io = OpenError::io("look into the folder", &folder);
        let history = History::list(&folder).map_err(io)?;
        // An index is not opened without need: that changes its files, and the mark speaks of
        // them.
        let least = marked(self.data())?.map_or_else(|| known(self.data()), Ok)?;
        let mut at_time = None;
        let past = Past::read(&history, least, &mut |point| {
            if matches!(until, Until::Time(time) if point.time <= time) {
                at_time = Some(point);
            }
        })?;
        let wanted = match until {
            Until::Time(time) => past.at_time(time, at_time)?,
            Until::Commit(commit) => past.at_commit(commit)?,
        };
        let base = past.base_of(wanted).ok_or(RestoreError::NoHistory)?;
        self.copy(&history, base, wanted)
    }

    /// Copies a snapshot and the commits after it, up to the one with the number `wanted`.
    fn copy(&self, history: &History, base: &Base, wanted: u64) -> Result<Point, RestoreError> {
        let journals = files::journals_path(self.stage());
        if let Some(snapshot) = &base.snapshot {
            let copy = files::snapshot_path(&journals, snapshot.first);
            let copied = || {
                let mut file = new_file(&copy)?;
                journal::copy(&mut File::open(&snapshot.path)?, &mut file)?;
                file.sync_all()
            };
            copied().map_err(OpenError::io("copy the snapshot to", &copy))?;
        }
        let Point { commit, time } = base.state;
        let journal = Journal::create(&journals, commit + 1, time);
        let mut journal = journal.map_err(OpenError::io("make a journal in", &journals))?;
        let path = journal.path().to_owned();
        let mut frames = Vec::new();
        let replayed = history.replay(commit + 1, &mut |Change { stamp, writes }| {
            if stamp.sequence > wanted {
                return Ok(ControlFlow::Break(()));
            }
            frames.clear();
            frame::put_change(&mut frames, stamp, &writes);
            journal.append(&frames).map_err(OpenError::io("write the journal", &path))?;
            Ok(ControlFlow::Continue(()))
        })?;
        journal.sync().map_err(OpenError::io("sync the journal", &path))?;
        let last = Point { commit: replayed.last, time: replayed.time.unwrap_or(time) };
        if last.commit == wanted { Ok(last) } else { Err(RestoreError::Beyond(last)) }
    }
}

impl Past {
    /// The commit for a time, when `found` is the last one that is not later.
    fn at_time(&self, time: Timestamp, found: Option<Point>) -> Result<u64, RestoreError> {
        let Some(found) = found else { return Err(self.too_early()) };
        let ends_here = |stretch: &Stretch| stretch.is_broken && stretch.last == found;
        // What is lost after it may have happened before that time, too.
        if found.time < time && self.stretches.iter().any(ends_here) {
            return Err(RestoreError::Beyond(found));
        }
        Ok(found.commit)
    }

    fn at_commit(&self, commit: u64) -> Result<u64, RestoreError> {
        match self.stretch_of(commit) {
            None => Err(self.too_early()),
            Some(stretch) if commit <= stretch.last.commit => Ok(commit),
            Some(stretch) if stretch.is_broken => Err(RestoreError::Beyond(stretch.last)),
            Some(stretch) => Err(RestoreError::NoCommit(stretch.last)),
        }
    }

    fn too_early(&self) -> RestoreError {
        let earliest = self.stretches.first();
        earliest.map_or(RestoreError::NoHistory, |stretch| RestoreError::TooEarly(stretch.first))
    }
}
