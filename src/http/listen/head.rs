//! What the head of a request must be beside what hyper asks of it.
//!
//! Hyper refuses by itself: space before a colon, folded lines, lengths that differ or are no
//! plain number, codings that do not end in `chunked`, `Transfer-Encoding` in HTTP/1.0. It reads,
//! and is kept from reading here: a bare LF as the end of a line, both framings at once, a length
//! that is said twice, other codings before `chunked`, and no or more than one `Host`.

/// The start of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// A whole head of so many bytes, blank lines before it included.
    Good(usize),
    /// Nothing wrong so far.
    Unfinished,
    /// Not to be read.
    Bad,
}

/// How far a head was looked at, so that no byte is looked at twice however it arrives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scan {
    at: usize,
    line: usize,
    has_start: bool,
}

impl Scan {
    /// Goes on with the head that `bytes` begin with; they may only have grown since the last
    /// time. A head ends at its first empty line; blank lines before it are passed over
    /// (RFC 9112, 2.2).
    pub(super) fn go_on(&mut self, bytes: &[u8]) -> Head {
        loop {
            let after_cr = self.at > self.line && bytes[self.at - 1] == b'\r';
            if !after_cr {
                self.at += plain(&bytes[self.at..]);
            }
            let Some(&byte) = bytes.get(self.at) else { return Head::Unfinished };
            let allowed = match byte {
                b'\n' => after_cr,
                b'\t' | b'\r' => !after_cr,
                byte => !after_cr && !byte.is_ascii_control(),
            };
            if !allowed {
                return Head::Bad;
            }
            self.at += 1;
            if byte == b'\n' && self.ends_head() {
                return if is_good(&bytes[..self.at]) { Head::Good(self.at) } else { Head::Bad };
            }
        }
    }

    /// At the end of a line: whether it was the empty one that ends the head.
    fn ends_head(&mut self) -> bool {
        let is_empty = self.at - self.line == b"\r\n".len();
        self.line = self.at;
        let ends = is_empty && self.has_start;
        self.has_start |= !is_empty;
        ends
    }
}

/// How many bytes stand before the first control character. Sixteen are looked at together: most
/// of a head is a token without one.
fn plain(bytes: &[u8]) -> usize {
    let is_plain = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |c, b| c | b.is_ascii_control());
    let skipped = 16 * bytes.as_chunks().0.iter().take_while(is_plain).count();
    let rest = &bytes[skipped..];
    skipped + rest.iter().position(u8::is_ascii_control).unwrap_or(rest.len())
}

/// Whether the first line and the fields behind it can be read in one way only.
fn is_good(head: &[u8]) -> bool {
    let lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r"));
    let mut lines = lines.flatten().filter(|line| !line.is_empty());
    let start = lines.next().unwrap_or_default();
    let (mut hosts, mut framings, mut is_plain) = (0, 0, true);
    for (name, value) in lines.filter_map(split) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("host") {
            hosts += 1;
        } else if is("content-length") {
            framings += 1;
        } else if is("transfer-encoding") {
            framings += 1;
            is_plain = value.eq_ignore_ascii_case(b"chunked");
        }
    }
    let has_host = hosts == 1 || hosts == 0 && !start.ends_with(b" HTTP/1.1");
    has_host && framings <= 1 && is_plain
}

/// Name and value. A line in which anything but a name stands before the colon is hyper's to
/// refuse.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8]) -> Head {
        Scan::default().go_on(bytes)
    }

    fn with(fields: &str) -> Head {
        check(format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes())
    }

    #[test]
    fn a_head_ends_at_its_empty_line() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(check(head), Head::Good(head.len()));
        assert_eq!(check(&[head, &head[..]].concat()), Head::Good(head.len()));
        assert_eq!(check(&[b"\r\n\r\n", &head[..]].concat()), Head::Good(head.len() + 4));
        for cut in 0..head.len() {
            assert_eq!(check(&head[..cut]), Head::Unfinished, "{cut}");
        }
    }

    /// HTTP-03.
    #[test]
    fn what_two_parsers_may_read_in_two_ways_is_bad() {
        for fields in [
            "A: b\n",
            "A: b\rc\r\n",
            "A: b\0\r\n",
            "\n",
            "Content-Length: 4\r\ncontent-length: 4\r\n",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "TRANSFER-ENCODING: chunked\r\nContent-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding:\r\n",
            "Host: b\r\n",
            "host: a\r\n",
        ] {
            assert_eq!(with(fields), Head::Bad, "{fields:?}");
        }
        assert_eq!(check(b"GET / HTTP/1.1\r\n\r\n"), Head::Bad, "no Host");
        for fields in ["", "Content-Length: 4\r\n", "transfer-encoding:\tChunked \r\n", "A:\tb\r\n"]
        {
            assert!(matches!(with(fields), Head::Good(_)), "{fields:?}");
        }
        let old = check(b"GET / HTTP/1.0\r\n\r\n");
        assert!(matches!(old, Head::Good(_)), "HTTP/1.0 may leave out Host");
    }

    #[test]
    fn a_bad_byte_is_seen_before_the_head_is_whole() {
        for start in [&b"\x16\x03\x01\x02\x00"[..], b"GET / HTTP/1.1\r\nA: b\0", b"GET /\rx", b"\n"]
        {
            assert_eq!(check(start), Head::Bad, "{start:?}");
        }
    }

    proptest! {
        /// However a client cuts its bytes, the verdict is that on the whole.
        #[test]
        fn a_head_in_pieces_is_judged_as_the_whole(
            text in "(GET / HTTP/1.1\r\n)?(Host: a\r\n)?[a: \r\n\0]{0,20}(\r\n)?(\r\n)?",
            step in 1_usize..9,
        ) {
            let (bytes, mut scan) = (text.as_bytes(), Scan::default());
            let ends = (0..bytes.len()).step_by(step).chain([bytes.len()]);
            let verdicts = ends.map(|end| scan.go_on(&bytes[..end]));
            let first = verdicts.into_iter().find(|head| *head != Head::Unfinished);
            prop_assert_eq!(first.unwrap_or(Head::Unfinished), check(bytes));
        }
    }
}
