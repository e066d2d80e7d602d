//! How the commits in the journals are read again.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::frame::{self, Change, FORMAT, Frame, HEAD, Header, Role};
use super::history::{History, Numbered};
use super::reader::{FrameReader, ReadError};
use crate::model::Timestamp;

/// No batch of commits is longer: more than that behind a bad frame is no torn end.
const LONGEST_TAIL: u64 = 64 * 1024 * 1024;

/// The journal that was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) path: PathBuf,
    /// Its length up to the end of the last whole frame.
    pub(super) good: u64,
}

/// How reading the journals came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// After the last frame of the last journal there is nothing.
    Whole(Tail),
    /// What follows in the last journal was never durable, as far as the journals say: the end of
    /// a batch that a power cut tore.
    Torn(Tail),
    /// What follows was durable once.
    Damaged(Tail),
    /// The commit with this number is in no journal, though it must have happened.
    Missing(u64),
    /// The reader wanted no more.
    Stopped,
}

impl Ending {
    /// That of a journal which another follows: it is begun only when all of this one is durable.
    fn followed(self) -> Self {
        match self {
            Self::Torn(tail) => Self::Damaged(tail),
            ending @ (Self::Whole(_) | Self::Damaged(_) | Self::Missing(_) | Self::Stopped) => {
                ending
            }
        }
    }
}

/// Where reading the journals came to its end.
#[derive(Debug)]
pub(super) struct Replayed {
    /// The number of the last commit; one less than asked for when there was none.
    pub(super) last: u64,
    /// When it happened.
    pub(super) time: Option<Timestamp>,
    pub(super) ending: Ending,
}

/// Takes a commit, and may end the reading before it.
pub(super) type Each<'a> = &'a mut dyn FnMut(Change) -> Result<ControlFlow<()>, OpenError>;

impl History {
    /// Hands every commit from `from` on to `each`, which may end it early. Damage and missing
    /// commits are an ending and no error: all before them was handed out.
    ///
    /// # Errors
    /// When the system cannot read, or a file is of a later format.
    pub(super) fn replay(&self, from: u64, each: Each<'_>) -> Result<Replayed, OpenError> {
        let journals = self.journals_from(from);
        let mut place = Place { next: from, seen: from.saturating_sub(1), time: None };
        for (index, journal) in journals.iter().enumerate() {
            if journal.first > place.seen + 1 {
                return Ok(place.ended(Ending::Missing(place.seen + 1)));
            }
            place.seen = journal.first.saturating_sub(1);
            let mut follows = true;
            let ending = read(journal, &mut |change| {
                follows = change.stamp.sequence == place.seen + 1;
                if follows { place.take(change, each) } else { Ok(ControlFlow::Break(())) }
            })?;
            if !follows {
                return Ok(place.ended(Ending::Missing(place.seen + 1)));
            }
            if index + 1 == journals.len() {
                return Ok(place.ended_last(ending));
            }
            if !matches!(ending, Ending::Whole(_)) {
                return Ok(place.ended(ending.followed()));
            }
        }
        Ok(place.ended(Ending::Missing(from)))
    }
}

/// How far reading has come.
struct Place {
    /// The number of the next commit that is wanted.
    next: u64,
    /// The number of the last commit that was read.
    seen: u64,
    /// When the last commit that was wanted happened.
    time: Option<Timestamp>,
}

impl Place {
    fn take(&mut self, change: Change, each: Each<'_>) -> Result<ControlFlow<()>, OpenError> {
        let stamp = change.stamp;
        if stamp.sequence >= self.next {
            if each(change)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            (self.next, self.time) = (stamp.sequence + 1, Some(stamp.time));
        }
        self.seen = stamp.sequence;
        Ok(ControlFlow::Continue(()))
    }

    /// A snapshot ends with a commit that was durable in the journals before: if these end before
    /// it, they lost their end.
    fn ended_last(&self, ending: Ending) -> Replayed {
        let is_short = self.seen + 1 < self.next;
        match ending {
            Ending::Whole(_) | Ending::Torn(_) if is_short => {
                self.ended(Ending::Missing(self.seen + 1))
            }
            ending @ (Ending::Whole(_)
            | Ending::Torn(_)
            | Ending::Damaged(_)
            | Ending::Missing(_)
            | Ending::Stopped) => self.ended(ending),
        }
    }

    fn ended(&self, ending: Ending) -> Replayed {
        Replayed { last: self.next.saturating_sub(1), time: self.time, ending }
    }
}

/// The commits of one journal: how long the good part is and what follows it.
fn read(journal: &Numbered, each: Each<'_>) -> Result<Ending, OpenError> {
    let path = &journal.path;
    let file = File::open(path).map_err(OpenError::io("open the journal", path))?;
    let mut frames = FrameReader::new(BufReader::new(file));
    let tail = |good| Tail { path: path.clone(), good };
    if read_header(&mut frames, journal)?.is_none() {
        return Ok(Ending::Damaged(tail(0)));
    }
    let mut last = journal.first.saturating_sub(1);
    loop {
        match frames.next() {
            Ok(Some(Frame::Change(change))) => {
                let sequence = change.stamp.sequence;
                if each(change)?.is_break() {
                    return Ok(Ending::Stopped);
                }
                last = sequence;
            }
            Ok(None) => return Ok(Ending::Whole(tail(frames.offset()))),
            Ok(Some(Frame::Header(_) | Frame::Record(_) | Frame::End(_))) => {
                return Ok(Ending::Damaged(tail(frames.offset())));
            }
            Err(ReadError::Bad { offset }) => {
                let was_durable = was_durable(path, offset, last.saturating_add(1));
                let was_durable = was_durable.map_err(OpenError::io("read the journal", path))?;
                let ending = if was_durable { Ending::Damaged } else { Ending::Torn };
                return Ok(ending(tail(offset)));
            }
            Err(ReadError::Io(error)) => {
                return Err(OpenError::io("read the journal", path)(error));
            }
        }
    }
}

/// A journal gets its name when its header is durable, so a bad header is damage: `None`.
///
/// # Errors
/// When the system cannot read, or the journal is of a later format.
pub(super) fn read_header<R: io::Read>(
    frames: &mut FrameReader<R>,
    journal: &Numbered,
) -> Result<Option<Header>, OpenError> {
    let path = &journal.path;
    match frames.header() {
        Ok(header) if header.format > FORMAT => {
            Err(OpenError::NewerFormat { path: path.clone(), found: header.format.into() })
        }
        Ok(header) if header.role == Role::Journal && header.first == journal.first => {
            Ok(Some(header))
        }
        Err(ReadError::Io(error)) => Err(OpenError::io("read the journal", path)(error)),
        Ok(_) | Err(ReadError::Bad { .. }) => Ok(None),
    }
}

/// Whether the commit `sequence`, which should stand at `offset` and cannot be read, was durable
/// once: a frame behind it says so, or more follows than was ever written at once.
fn was_durable(path: &Path, offset: u64, sequence: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut tail = Vec::new();
    file.take(LONGEST_TAIL + 1).read_to_end(&mut tail)?;
    if tail.len() as u64 > LONGEST_TAIL {
        return Ok(true);
    }
    let says_so = |start: usize| {
        let rest = &tail[start..];
        let (length, crc) = frame::head(*rest.first_chunk()?)?;
        let body = rest.get(HEAD..HEAD + length)?;
        // Cheap, and enough to skip almost all places that are none.
        if !frame::may_be_change(body) {
            return None;
        }
        match frame::decode(body, crc)? {
            Frame::Change(change) => Some(change.stamp.synced >= sequence),
            Frame::Header(_) | Frame::Record(_) | Frame::End(_) => None,
        }
    };
    Ok((0..tail.len()).any(|start| says_so(start) == Some(true)))
}

#[cfg(test)]
mod tests;
