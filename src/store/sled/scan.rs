//! Reads the whole store while commits go on, and writes it as an archive.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::archive::ArchiveWriter;
use super::frame::End;
use super::history::History;
use super::shared::Shared;
use super::{files, layout};
use crate::store::Error;

/// How an archive is coming along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Records written so far.
    pub records: u64,
    /// Bytes written so far.
    pub bytes: u64,
}

/// Writes every record to `out`, and then the commits that happened meanwhile: together they are
/// the state after the last of them. Constant memory. `progress` is called now and then, and
/// ends the work with its error.
pub(super) fn write_archive<W: Write>(
    shared: &Shared,
    out: W,
    progress: &mut dyn FnMut(Progress) -> io::Result<()>,
) -> Result<(W, End), Error> {
    let _alone = shared.scanning();
    let failed = |error: io::Error| Error::unavailable(error);
    let first = shared.committed().applied + 1;
    let now = shared.options.clock.now();
    let mut writer = ArchiveWriter::new(out, (first, now)).map_err(failed)?;
    let tree = shared.tree()?;
    for (index, pair) in tree.iter().enumerate() {
        let (key, raw) = pair.map_err(Error::unavailable)?;
        if !layout::is_record(&key) {
            continue;
        }
        let entry = layout::entry(key.get(1..).unwrap_or_default(), &raw)?;
        writer.record(&entry).map_err(failed)?;
        if index % 256 == 0 {
            let (records, bytes) = writer.written();
            progress(Progress { records, bytes }).map_err(failed)?;
        }
    }
    // Whatever the scan has seen was durable before it was applied.
    let last = shared.committed();
    if last.durable >= first {
        append_changes(shared, &mut writer, (first, last.durable))?;
    }
    let (records, bytes) = writer.written();
    progress(Progress { records, bytes }).map_err(failed)?;
    writer.finish((last.durable, last.time)).map_err(failed)
}

/// The commits from the first number to the last one, out of the journals. They are durable, so
/// they are there, however much is written behind them just now.
fn append_changes<W: Write>(
    shared: &Shared,
    writer: &mut ArchiveWriter<W>,
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
