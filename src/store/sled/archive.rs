//! Snapshots and backups: every record, then the commits that happened while they were read.
//!
//! The records alone are no state that ever was, as commits went on meanwhile; with the commits
//! from the header's number on they are exactly the state after the last of them.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::frame::{self, Change, End, FORMAT, Frame, Header, Role};
use super::reader::{FrameReader, ReadError};
use crate::model::Timestamp;
use crate::store::engine::Entry;

/// Why an archive cannot be used.
#[derive(Debug)]
pub enum ArchiveError {
    /// The file could not be read.
    Io(io::Error),
    /// It was not written by doorkey, or is a journal.
    NotOne,
    /// A later doorkey wrote it.
    Newer(u16),
    /// It ends before its end.
    CutOff,
    /// What stands at this byte is damaged, or contradicts the rest.
    Damaged(u64),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "it cannot be read: {error}"),
            Self::NotOne => f.write_str("it is no backup of doorkey"),
            Self::Newer(format) => write!(
                f,
                "it has format {format} and this doorkey knows formats up to {FORMAT}: use the \
                 newer doorkey that wrote it"
            ),
            Self::CutOff => f.write_str("it is cut off: the writing of it never came to its end"),
            Self::Damaged(offset) => write!(f, "it is damaged at byte {offset}"),
        }
    }
}

impl ArchiveError {
    /// Whether the bytes themselves are bad, and will be at every other try.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::NotOne | Self::CutOff | Self::Damaged(_) => true,
            Self::Io(_) | Self::Newer(_) => false,
        }
    }
}

impl std::error::Error for ArchiveError {}

impl From<ReadError> for ArchiveError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Bad { offset } => Self::Damaged(offset),
        }
    }
}

/// Writes an archive, frame by frame.
pub(super) struct ArchiveWriter<W> {
    out: W,
    crc: crc32fast::Hasher,
    frame: Vec<u8>,
    records: u64,
    changes: u64,
    bytes: u64,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive to which the commits from `first` on belong.
    pub(super) fn new(out: W, (first, time): (u64, Timestamp)) -> io::Result<Self> {
        let crc = crc32fast::Hasher::new();
        let mut writer = Self { out, crc, frame: Vec::new(), records: 0, changes: 0, bytes: 0 };
        let header = Header { format: FORMAT, role: Role::Archive, first, time };
        writer.put(|frame| frame::put_header(frame, &header))?;
        Ok(writer)
    }

    pub(super) fn record(&mut self, entry: &Entry) -> io::Result<()> {
        self.records += 1;
        self.put(|frame| frame::put_record(frame, entry))
    }

    pub(super) fn change(&mut self, change: &Change) -> io::Result<()> {
        self.changes += 1;
        self.put(|frame| frame::put_change(frame, change.stamp, &change.writes))
    }

    /// Ends it: the state is that after the commit `sequence`.
    pub(super) fn finish(mut self, (sequence, time): (u64, Timestamp)) -> io::Result<(W, End)> {
        let crc = self.crc.clone().finalize();
        let end = End { records: self.records, changes: self.changes, sequence, time, crc };
        self.put(|frame| frame::put_end(frame, &end))?;
        self.out.flush()?;
        Ok((self.out, end))
    }

    /// Where it goes.
    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// How many records and bytes there are so far.
    pub(super) fn written(&self) -> (u64, u64) {
        (self.records, self.bytes)
    }

    fn put(&mut self, make: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.frame.clear();
        make(&mut self.frame);
        self.crc.update(&self.frame);
        self.bytes += self.frame.len() as u64;
        self.out.write_all(&self.frame)
    }
}

/// What an archive consists of.
pub(super) enum Part {
    Record(Entry),
    Change(Change),
}

/// Reads an archive to its end, and hands each part to `each`. Whether the whole is good is
/// known only at the end: use nothing of it before.
pub(super) fn read<R: Read, E: From<ArchiveError>>(
    input: R,
    mut each: impl FnMut(Part) -> Result<(), E>,
) -> Result<(Header, End), E> {
    let mut frames = FrameReader::new(input);
    let header = header(&mut frames)?;
    let (mut records, mut changes, mut next) = (0, 0, header.first);
    loop {
        let damaged = ArchiveError::Damaged(frames.offset());
        match frames.next().map_err(ArchiveError::from)? {
            Some(Frame::Record(entry)) if changes == 0 => {
                records += 1;
                each(Part::Record(entry))?;
            }
            Some(Frame::Change(change)) if change.stamp.sequence == next => {
                (changes, next) = (changes + 1, next + 1);
                each(Part::Change(change))?;
            }
            Some(Frame::End(end)) => {
                let counted = (end.records, end.changes, end.sequence.wrapping_add(1), end.crc);
                if counted != (records, changes, next, frames.crc())
                    || !matches!(frames.next(), Ok(None))
                {
                    return Err(damaged.into());
                }
                return Ok((header, end));
            }
            Some(Frame::Header(_) | Frame::Record(_) | Frame::Change(_)) => {
                return Err(damaged.into());
            }
            None => return Err(ArchiveError::CutOff.into()),
        }
    }
}

fn header<R: Read>(frames: &mut FrameReader<R>) -> Result<Header, ArchiveError> {
    let header = match frames.header() {
        Ok(header) => header,
        Err(ReadError::Io(error)) => return Err(ArchiveError::Io(error)),
        Err(ReadError::Bad { .. }) => return Err(ArchiveError::NotOne),
    };
    if header.format > FORMAT {
        return Err(ArchiveError::Newer(header.format));
    }
    match header.role {
        // The first commit of a store is 1.
        Role::Archive if header.first == 0 => Err(ArchiveError::Damaged(0)),
        Role::Archive => Ok(header),
        Role::Journal => Err(ArchiveError::NotOne),
    }
}

/// Reads the whole file for no other purpose than to know that it is good.
pub(super) fn verify(path: &Path) -> Result<(Header, End), ArchiveError> {
    let file = File::open(path).map_err(ArchiveError::Io)?;
    read(BufReader::new(file), |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::{Version, Write as Put};

    fn archive() -> Vec<u8> {
        let time = Timestamp::from_seconds(5);
        let mut writer = ArchiveWriter::new(Vec::new(), (3, time)).unwrap();
        for n in 0..3 {
            let entry = Entry { key: vec![n], value: vec![n; 20], version: Version(2) };
            writer.record(&entry).unwrap();
        }
        for sequence in 3..5 {
            let stamp = frame::Stamp { sequence, synced: 2, time };
            let deletes = vec![Put::Delete { key: vec![0] }];
            writer.change(&Change { stamp, writes: deletes }).unwrap();
        }
        writer.finish((4, time)).unwrap().0
    }

    fn outcome(bytes: &[u8]) -> Result<(u64, u64), ArchiveError> {
        let (mut records, mut changes) = (0, 0);
        let count = |part| {
            match part {
                Part::Record(_) => records += 1,
                Part::Change(_) => changes += 1,
            }
            Ok::<(), ArchiveError>(())
        };
        read(bytes, count)?;
        Ok((records, changes))
    }

    #[test]
    fn an_archive_reads_back() {
        assert_eq!(outcome(&archive()).unwrap(), (3, 2));
    }

    #[test]
    fn an_archive_that_is_cut_anywhere_is_refused() {
        let whole = archive();
        for cut in 0..whole.len() {
            assert!(outcome(&whole[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn an_archive_with_a_flipped_byte_or_a_tail_is_refused() {
        let whole = archive();
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 0x10;
            assert!(outcome(&bad).is_err(), "byte {at}");
        }
        assert!(outcome(&[whole.as_slice(), b"x"].concat()).is_err());
    }

    #[test]
    fn frames_that_were_left_out_or_exchanged_are_missed() {
        let whole = archive();
        let record = {
            let mut out = Vec::new();
            let entry = Entry { key: vec![0], value: vec![0; 20], version: Version(2) };
            frame::put_record(&mut out, &entry);
            out.len()
        };
        let start = whole.windows(4).position(|w| w == [0, 0, 0, 36]).unwrap();
        let mut without = whole.clone();
        without.drain(start..start + record);
        assert!(outcome(&without).is_err());
        let mut exchanged = whole.clone();
        exchanged[start..start + 2 * record].rotate_left(record);
        assert!(outcome(&exchanged).is_err());
    }

    #[test]
    fn what_is_no_archive_is_named_so() {
        assert!(matches!(outcome(b"PK..."), Err(ArchiveError::NotOne)));
        let mut newer = Vec::new();
        let time = Timestamp::EPOCH;
        let header = Header { format: FORMAT + 1, role: Role::Archive, first: 1, time };
        frame::put_header(&mut newer, &header);
        let error = outcome(&newer).unwrap_err();
        assert!(error.to_string().contains("newer doorkey"), "{error}");
    }
}
