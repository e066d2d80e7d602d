//! The checksummed frame: the one form in which journals, snapshots and backups hold anything.
//!
//! ```text
//! length u32 │ crc32 u32 of the body │ body: kind u8, then the fields in the order below
//! ```
//!
//! Numbers are big-endian. A key is its length (u16) and its bytes, a value its length (u32) and
//! its bytes. A file is frames and nothing else, the first of them a header.

use crate::model::Timestamp;
use crate::store::engine::{Entry, MAX_COMMIT, MAX_KEY, MAX_VALUE, Version, Write};

/// Before the body: its length and its checksum.
pub(super) const HEAD: usize = 8;
/// No body is longer: a commit of the largest size, with room for its numbers.
pub(super) const MAX_BODY: usize = MAX_COMMIT * (MAX_KEY + MAX_VALUE + 16);
/// The first bytes of the first frame of every file of ours.
const MAGIC: &[u8; 7] = b"doorkey";
/// The format of the files that this version writes, and the newest that it reads.
pub(super) const FORMAT: u16 = 2;

const HEADER: u8 = 1;
const CHANGE: u8 = 2;
const RECORD: u8 = 3;
const END: u8 = 4;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Commits, in the order in which they happened.
    Journal,
    /// Every record, and the commits that happened while they were read: a snapshot or backup.
    Archive,
}

/// The first frame of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// [`FORMAT`] of the program that wrote it.
    pub(super) format: u16,
    /// What the file is.
    pub(super) role: Role,
    /// The sequence number of the first commit that belongs to it.
    pub(super) first: u64,
    /// When it was begun.
    pub(super) time: Timestamp,
}

/// Where a commit stands in the order of all commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Its number; also the version of what it wrote. The first commit of a store is 1.
    pub(super) sequence: u64,
    /// The last commit that was durable when this one was written. A frame that cannot be read
    /// and is followed by one that says it was durable is damage, and no torn end.
    pub(super) synced: u64,
    /// When; not before the commit before. Journals of earlier versions followed the clock back.
    pub(super) time: Timestamp,
}

/// A commit that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) stamp: Stamp,
    /// What it did, in this order.
    pub(super) writes: Vec<Write>,
}

/// The last frame of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// How many records there are before it.
    pub(super) records: u64,
    /// How many commits.
    pub(super) changes: u64,
    /// The state is that after the commit with this number,
    pub(super) sequence: u64,
    /// which happened then.
    pub(super) time: Timestamp,
    /// The checksum of every byte before this frame.
    pub(super) crc: u32,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Header(Header),
    Change(Change),
    Record(Entry),
    End(End),
}

/// Appends the frame of a header.
pub(super) fn put_header(out: &mut Vec<u8>, header: &Header) {
    framed(out, HEADER, |out| {
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&header.format.to_be_bytes());
        out.push(match header.role {
            Role::Journal => 1,
            Role::Archive => 2,
        });
        put_u64(out, header.first);
        put_u64(out, header.time.seconds());
    });
}

/// Appends the frame of a commit.
pub(super) fn put_change(out: &mut Vec<u8>, stamp: Stamp, writes: &[Write]) {
    framed(out, CHANGE, |out| {
        put_u64(out, stamp.sequence);
        put_u64(out, stamp.synced);
        put_u64(out, stamp.time.seconds());
        put_len(out, writes.len());
        for write in writes {
            match write {
                Write::Put { key, value } => {
                    out.push(1);
                    put_key(out, key);
                    put_value(out, value);
                }
                Write::Delete { key } => {
                    out.push(2);
                    put_key(out, key);
                }
            }
        }
    });
}

/// Appends the frame of a record.
pub(super) fn put_record(out: &mut Vec<u8>, entry: &Entry) {
    framed(out, RECORD, |out| {
        put_u64(out, entry.version.0);
        put_key(out, &entry.key);
        put_value(out, &entry.value);
    });
}

/// Appends the frame that ends an archive.
pub(super) fn put_end(out: &mut Vec<u8>, end: &End) {
    framed(out, END, |out| {
        for number in [end.records, end.changes, end.sequence, end.time.seconds()] {
            put_u64(out, number);
        }
        out.extend_from_slice(&end.crc.to_be_bytes());
    });
}

fn framed(out: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    out.push(kind);
    body(out);
    let written = &out[start + HEAD..];
    let (length, crc) = (as_u32(written.len()), crc32fast::hash(written));
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    out[start + 4..start + HEAD].copy_from_slice(&crc.to_be_bytes());
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_len(out: &mut Vec<u8>, length: usize) {
    let length = u16::try_from(length).expect("the limits of a commit are far below");
    out.extend_from_slice(&length.to_be_bytes());
}

fn put_key(out: &mut Vec<u8>, key: &[u8]) {
    put_len(out, key.len());
    out.extend_from_slice(key);
}

fn put_value(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&as_u32(value.len()).to_be_bytes());
    out.extend_from_slice(value);
}

fn as_u32(length: usize) -> u32 {
    u32::try_from(length).expect("the limits of a commit are far below")
}

/// Length and checksum at the start of a frame; `None` for a length that no frame has.
pub(super) fn head(bytes: [u8; HEAD]) -> Option<(usize, u32)> {
    let [a, b, c, d, crc @ ..] = bytes;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    (1..=MAX_BODY).contains(&length).then_some((length, u32::from_be_bytes(crc)))
}

/// Whether a body could be that of a commit, by its first byte.
pub(super) fn may_be_change(body: &[u8]) -> bool {
    body.first() == Some(&CHANGE)
}

/// The frame with this body; `None` when the checksum does not fit or a field is none.
pub(super) fn decode(body: &[u8], crc: u32) -> Option<Frame> {
    if crc32fast::hash(body) != crc {
        return None;
    }
    let mut fields = Fields(body);
    let frame = match fields.u8()? {
        HEADER => Frame::Header(header(&mut fields)?),
        CHANGE => Frame::Change(change(&mut fields)?),
        RECORD => Frame::Record(record(&mut fields)?),
        END => Frame::End(end(&mut fields)?),
        _ => return None,
    };
    fields.0.is_empty().then_some(frame)
}

fn header(fields: &mut Fields<'_>) -> Option<Header> {
    if fields.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let format = fields.u16()?;
    let role = match fields.u8()? {
        1 => Role::Journal,
        2 => Role::Archive,
        _ => return None,
    };
    Some(Header { format, role, first: fields.u64()?, time: fields.time()? })
}

fn change(fields: &mut Fields<'_>) -> Option<Change> {
    let (sequence, synced, time) = (fields.u64()?, fields.u64()?, fields.time()?);
    let count = fields.u16()?;
    let writes = (0..count).map(|_| write(fields)).collect::<Option<_>>()?;
    Some(Change { stamp: Stamp { sequence, synced, time }, writes })
}

fn write(fields: &mut Fields<'_>) -> Option<Write> {
    match fields.u8()? {
        1 => Some(Write::Put { key: fields.key()?, value: fields.value()? }),
        2 => Some(Write::Delete { key: fields.key()? }),
        _ => None,
    }
}

fn record(fields: &mut Fields<'_>) -> Option<Entry> {
    let version = Version(fields.u64()?);
    Some(Entry { key: fields.key()?, value: fields.value()?, version })
}

fn end(fields: &mut Fields<'_>) -> Option<End> {
    let (records, changes, sequence) = (fields.u64()?, fields.u64()?, fields.u64()?);
    Some(End { records, changes, sequence, time: fields.time()?, crc: fields.u32()? })
}

/// What is left of a body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.u64().map(Timestamp::from_seconds)
    }

    fn key(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(self.u16()?);
        self.take(length).map(<[u8]>::to_vec)
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests;
