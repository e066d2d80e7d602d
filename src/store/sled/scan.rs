//! Reads the whole store while commits go on, and writes it as an archive.

use std::io;
use std::ops::ControlFlow;

use super::archive::ArchiveWriter;
use super::frame::End;
use super::history::History;
use super::shared::Shared;
use super::{files, layout};
use crate::store::{Error, Progress, Sink};

/// Writes every record to `out`, and then the commits that happened meanwhile: together they are
/// the state after the last of them. Constant memory. Gives the first of those commits, too.
pub(super) fn write_archive(shared: &Shared, out: &mut dyn Sink) -> Result<(u64, End), Error> {
    let _alone = shared.scanning();
    let failed = |error: io::Error| Error::unavailable(error);
    let first = shared.committed().applied + 1;
    let now = shared.options.clock.now();
    let mut writer = ArchiveWriter::new(out, (first, now)).map_err(failed)?;
    let tree = shared.live.tree()?;
    for (index, pair) in tree.iter().enumerate() {
        let (key, raw) = pair.map_err(Error::unavailable)?;
        if !layout::is_record(&key) {
            continue;
        }
        let entry = layout::entry(key.get(1..).unwrap_or_default(), &raw)?;
        writer.record(&entry).map_err(failed)?;
        if index % 256 == 0 {
            tell(&mut writer).map_err(failed)?;
        }
    }
    // Whatever the scan has seen was durable before it was applied.
    let last = shared.committed();
    if last.durable >= first {
        append_changes(shared, &mut writer, (first, last.durable))?;
    }
    tell(&mut writer).map_err(failed)?;
    let (_, end) = writer.finish((last.durable, last.time)).map_err(failed)?;
    Ok((first, end))
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
