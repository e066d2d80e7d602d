//! Reads the whole store while commits go on, and writes it as an archive.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use super::archive::ArchiveWriter;
use super::frame::End;
use super::history::History;
use super::panics::caught;
use super::shared::Shared;
use super::{files, layout};
use crate::store::engine::Entry;
use crate::store::{Error, Progress, Sink};

/// Writes every record to `out`, and then the commits that happened meanwhile: together they are
/// the state after the last of them. Constant memory. Gives the first of those commits, too.
///
/// Nobody waits for it: while `out` is slow, commits, snapshots and the removal of old journals
/// go on, and an index that fails is exchanged. It is given up when it comes to need what is
/// gone then.
pub(super) fn write_archive(shared: &Shared, out: &mut dyn Sink) -> Result<(u64, End), Error> {
    let failed = |error: io::Error| Error::unavailable(error);
    let mut scan = Scan::begin(shared)?;
    let now = shared.options.clock.now();
    let mut writer = ArchiveWriter::new(out, (scan.first, now)).map_err(failed)?;
    let mut count = 0_u64;
    while let Some(entry) = scan.next()? {
        writer.record(&entry).map_err(failed)?;
        if count.is_multiple_of(256) {
            tell(&mut writer).map_err(failed)?;
            scan.check()?;
        }
        count += 1;
    }
    // Whatever the scan has seen was durable before it was applied.
    let last = shared.committed();
    if last.durable >= scan.first {
        append_changes(shared, &mut writer, (scan.first, last.durable))?;
    }
    tell(&mut writer).map_err(failed)?;
    scan.check()?;
    let (_, end) = writer.finish((last.durable, last.time)).map_err(failed)?;
    Ok((scan.first, end))
}

/// The records of the index, one after the other.
struct Scan<'a> {
    shared: &'a Shared,
    records: sled::Iter,
    generation: u64,
    /// All commits before this one were in the index when it began.
    first: u64,
}

impl<'a> Scan<'a> {
    fn begin(shared: &'a Shared) -> Result<Self, Error> {
        let (tree, generation) = shared.live.tree()?;
        let first = shared.committed().applied + 1;
        Ok(Self { shared, records: tree.iter(), generation, first })
    }

    /// The next record. An index that cannot be read, or holds what is none, is made again.
    fn next(&mut self) -> Result<Option<Entry>, Error> {
        let next = caught(|| self.records.by_ref().find(is_record)).map_err(Error::unavailable);
        let next = next.and_then(|next| next.transpose().map_err(Error::unavailable));
        let entry = next.and_then(|next| {
            let entry = |(key, raw): (sled::IVec, sled::IVec)| {
                layout::entry(key.get(1..).unwrap_or_default(), &raw)
            };
            next.map(entry).transpose()
        });
        entry.inspect_err(|error| self.shared.live.suspect(error, self.generation))
    }

    /// Whether it can still be brought to its end.
    fn check(&self) -> Result<(), Error> {
        if !self.shared.live.is_current(self.generation) {
            return Err(Error::unavailable("the index was made again meanwhile: try once more"));
        }
        if self.first < self.shared.pruned.load(Ordering::Relaxed) {
            let why = "it took too long: the journals that it needs are gone by now";
            return Err(Error::unavailable(why));
        }
        Ok(())
    }
}

/// Our own notes are passed over; an error is not.
fn is_record(pair: &sled::Result<(sled::IVec, sled::IVec)>) -> bool {
    pair.as_ref().map_or(true, |(key, _)| layout::is_record(key))
}

fn tell(writer: &mut ArchiveWriter<&mut dyn Sink>) -> io::Result<()> {
    let (records, bytes) = writer.written();
    writer.out().progress(Progress { records, bytes })
}

/// The commits from the first number to the last one, out of the journals. They are durable, so
/// they are there, however much is written behind them just now.
fn append_changes(
    shared: &Shared,
    writer: &mut ArchiveWriter<&mut dyn Sink>,
    (first, last): (u64, u64),
) -> Result<(), Error> {
    let folder = files::journals_path(&shared.data);
    let history = History::list(&folder).map_err(Error::unavailable)?;
    let mut written = Ok(());
    let replayed = history.replay(first, &mut |change| {
        if change.stamp.sequence > last {
            return Ok(ControlFlow::Break(()));
        }
        written = writer.change(&change);
        Ok(if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    written.map_err(Error::unavailable)?;
    let replayed = replayed.map_err(Error::unavailable)?;
    let complete = replayed.last == last;
    if complete { Ok(()) } else { Err(Error::unavailable("the journal ends too early")) }
}
