//! Reads the frames of a file, one after the other, in constant memory.

use std::fmt;
use std::io::{self, Read};

use super::frame::{self, Frame, HEAD, Header};

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The system could not read.
    Io(io::Error),
    /// At this place of the file there is no whole and correct frame.
    Bad {
        /// In bytes from the start.
        offset: u64,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Bad { offset } => write!(f, "what stands at byte {offset} is damaged"),
        }
    }
}

impl std::error::Error for ReadError {}

/// The frames of a file from its start.
pub(super) struct FrameReader<R> {
    input: R,
    /// Where the next frame begins.
    offset: u64,
    /// Over all that was read so far.
    crc: crc32fast::Hasher,
    body: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, offset: 0, crc: crc32fast::Hasher::new(), body: Vec::new() }
    }

    /// Where the next frame begins: everything before it is correct.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame; `None` where the file ends between two frames.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, ReadError> {
        let bad = ReadError::Bad { offset: self.offset };
        let mut head = [0; HEAD];
        match self.fill(&mut head)? {
            0 => return Ok(None),
            HEAD => {}
            _ => return Err(bad),
        }
        let Some((length, crc)) = frame::head(head) else { return Err(bad) };
        // Not before it is read: the length may be noise.
        self.body.clear();
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        let read = (&mut self.input).take(limit).read_to_end(&mut self.body);
        read.map_err(ReadError::Io)?;
        if self.body.len() != length {
            return Err(bad);
        }
        let Some(frame) = frame::decode(&self.body, crc) else { return Err(bad) };
        if !matches!(frame, Frame::End(_)) {
            self.crc.update(&head);
            self.crc.update(&self.body);
        }
        self.offset += limit + HEAD as u64;
        Ok(Some(frame))
    }

    /// The header that every file begins with.
    pub(super) fn header(&mut self) -> Result<Header, ReadError> {
        match self.next()? {
            Some(Frame::Header(header)) => Ok(header),
            Some(Frame::Change(_) | Frame::Record(_) | Frame::End(_)) | None => {
                Err(ReadError::Bad { offset: 0 })
            }
        }
    }

    /// The checksum of all frames so far but for one that ends the file.
    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Reads until `buffer` is full or the file ends; says how much there was.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::store::engine::{Entry, Version};

    fn records(count: u8) -> Vec<u8> {
        let mut out = Vec::new();
        for n in 0..count {
            let entry = Entry { key: vec![n], value: vec![n; 100], version: Version(1) };
            frame::put_record(&mut out, &entry);
        }
        out
    }

    fn read_all(bytes: &[u8]) -> (usize, Result<(), ReadError>) {
        let mut reader = FrameReader::new(bytes);
        let mut count = 0;
        loop {
            match reader.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => return (count, Ok(())),
                Err(error) => return (count, Err(error)),
            }
        }
    }

    #[test]
    fn a_file_is_read_to_its_end() {
        assert!(matches!(read_all(&records(5)), (5, Ok(()))));
        assert!(matches!(read_all(b""), (0, Ok(()))));
    }

    #[test]
    fn a_file_cut_anywhere_ends_at_its_last_whole_frame() {
        let whole = records(3);
        let size = whole.len() / 3;
        for cut in 0..whole.len() {
            let (count, end) = read_all(&whole[..cut]);
            assert_eq!(count, cut / size);
            let at = (cut / size * size) as u64;
            let torn = matches!(end, Err(ReadError::Bad { offset }) if offset == at);
            assert!(torn || cut % size == 0, "cut at {cut}: {end:?}");
        }
    }

    #[test]
    fn a_length_that_is_noise_takes_no_memory() {
        let mut bytes = vec![0x00, 0x60, 0, 0, 1, 2, 3, 4];
        bytes.extend([7; 100]);
        let mut reader = FrameReader::new(bytes.as_slice());
        assert!(matches!(reader.next(), Err(ReadError::Bad { offset: 0 })));
        assert!(reader.body.capacity() < 4096);
    }

    #[test]
    fn the_checksum_is_that_of_all_before_the_end() {
        let mut bytes = records(2);
        let crc = crc32fast::hash(&bytes);
        let time = Timestamp::EPOCH;
        let end = frame::End { records: 2, changes: 0, sequence: 1, time, crc };
        frame::put_end(&mut bytes, &end);
        let mut reader = FrameReader::new(bytes.as_slice());
        while reader.next().unwrap().is_some() {}
        assert_eq!(reader.crc(), crc);
    }
}
