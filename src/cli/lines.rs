//! The lines of a file, each of a bounded length.

use std::io::{self, BufRead, Read as _};

/// The longest line, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// A line that holds something.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1, blank lines counted.
    pub(super) number: u64,
    pub(super) text: Result<String, Refused>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) field: String,
    pub(super) reason: String,
}

impl Refused {
    pub(super) fn new(field: &str, reason: &str) -> Self {
        Self { field: field.to_owned(), reason: reason.to_owned() }
    }
}

/// Reads line by line.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The next line that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            if self.reader.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let is_whole = bytes.pop_if(|last| *last == b'\n').is_some();
            let is_long = !is_whole && u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_LINE);
            if is_long {
                self.skip()?;
            }
            if !bytes.trim_ascii().is_empty() || is_long {
                return Ok(Some(Line { number: self.number, text: text(bytes, is_long) }));
            }
        }
    }

    /// Goes to the end of a line without keeping it.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |end| end + 1);
            let is_over = end.is_some() || buffer.is_empty();
            self.reader.consume(used);
            if is_over {
                return Ok(());
            }
        }
    }
}

fn text(bytes: Vec<u8>, is_long: bool) -> Result<String, Refused> {
    if is_long {
        return Err(Refused::new("line", "must have at most 65536 bytes"));
    }
    String::from_utf8(bytes).map_err(|_| Refused::new("line", "must be UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(7, bytes));
        let next = || lines.next().unwrap();
        let pair = |line: Line| (line.number, line.text.map_err(|refused| refused.reason));
        std::iter::from_fn(next).map(pair).collect()
    }

    #[test]
    fn blank_lines_count_and_the_last_needs_no_end() {
        let ok = |number, text: &str| (number, Ok(text.to_owned()));
        assert_eq!(all(b"a\n\n  \r\nb"), [ok(1, "a"), ok(4, "b")]);
        assert_eq!(all(b""), []);
    }

    #[test]
    fn a_line_that_is_too_long_or_no_text_is_refused_and_the_next_one_is_read() {
        let longest = "x".repeat(65_536);
        let text = format!("{longest}\n{longest}y\nb\n");
        let lines = all(text.as_bytes());
        assert_eq!(lines[0], (1, Ok(longest)));
        assert_eq!(lines[1], (2, Err("must have at most 65536 bytes".to_owned())));
        assert_eq!(lines[2], (3, Ok("b".to_owned())));
        assert_eq!(all(b"\xff\nb")[0], (1, Err("must be UTF-8".to_owned())));
    }
}
