//! What a program asked of the kernel: runs it under strace and reads the lines that strace
//! writes.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The calls that the model of the disk knows, and those that it must not meet. `mmap` and its
/// like are watched so that no write can go past the trace.
const CALLS: &str = "openat,open,creat,close,dup,dup2,dup3,fcntl,lseek,read,readv,write,writev,\
                     pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync,sync_file_range,\
                     msync,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,\
                     truncate,ftruncate,fallocate,link,linkat,symlink,symlinkat,copy_file_range,\
                     sendfile,splice,mmap,io_uring_setup,syncfs,sync";

/// One finished call. Moments are line numbers of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    /// As strace writes them, split at the commas between them.
    pub args: Vec<String>,
    /// What it returned; `None`: the process died in it.
    pub result: Option<i64>,
    pub start: usize,
    pub end: usize,
}

impl Call {
    /// A number, in decimal, hexadecimal or octal.
    pub fn number(&self, at: usize) -> i64 {
        let text = self.args[at].trim();
        let hex = text.strip_prefix("0x").map(|hex| i64::from_str_radix(hex, 16).unwrap());
        hex.unwrap_or_else(|| text.parse().unwrap_or_else(|_| panic!("{text} in {}", self.name)))
    }

    /// A string, whole.
    pub fn bytes(&self, at: usize) -> Vec<u8> {
        let strings = strings(&self.args[at]);
        assert!(strings.len() == 1, "{} has no string at {at}", self.name);
        strings.into_iter().flatten().collect()
    }

    pub fn text(&self, at: usize) -> String {
        String::from_utf8(self.bytes(at)).unwrap()
    }

    /// What was written of a buffer, or of a vector of them one after the other.
    pub fn written(&self, at: usize) -> Vec<u8> {
        let mut bytes = strings(&self.args[at]).concat();
        bytes.truncate(self.result.map_or(usize::MAX, |len| usize::try_from(len).unwrap()));
        bytes
    }

    /// All arguments that are strings.
    pub fn paths(&self) -> Vec<String> {
        let quoted = self.args.iter().filter(|arg| arg.starts_with('"'));
        quoted
            .flat_map(|arg| strings(arg))
            .filter_map(|text| String::from_utf8(text).ok())
            .collect()
    }
}

/// Whether strace is there.
pub fn is_installed() -> bool {
    Command::new("strace").arg("--version").output().is_ok_and(|out| out.status.success())
}

/// strace with `program` still to be given its arguments; it writes to `file`.
pub fn strace(file: &Path, program: &str) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-xx", "-s", "67108864", "--seccomp-bpf", "-o"]).arg(file);
    command.arg(format!("-etrace={CALLS}")).args(["-e", "signal=none", "--", program]);
    command
}

/// The calls of a trace in the order in which they began, and how many lines it has.
pub fn read(file: &Path) -> (Vec<Call>, usize) {
    parse(&fs::read_to_string(file).unwrap())
}

pub fn parse(text: &str) -> (Vec<Call>, usize) {
    let (mut calls, mut open) = (Vec::<Call>::new(), HashMap::<&str, (usize, usize)>::new());
    let mut begun = Vec::<String>::new();
    let lines = text.lines().count();
    for (moment, line) in text.lines().enumerate() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((call, text)) = open.remove(pid) else { continue };
            let tail = resumed.split_once(" resumed>").unwrap().1;
            let whole = format!("{}{tail}", begun[text]);
            calls[call] = call_of(&whole, (calls[call].start, moment));
        } else if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            open.insert(pid, (calls.len(), begun.len()));
            begun.push(start.to_owned());
            // What is known if it never comes back.
            calls.push(call_of(&format!("{}) = ?", start.trim_end()), (moment, lines)));
        } else if rest.contains('(') && !rest.starts_with("+++") && !rest.starts_with("---") {
            calls.push(call_of(rest, (moment, moment)));
        }
    }
    (calls, lines)
}

fn call_of(text: &str, (start, end): (usize, usize)) -> Call {
    let (name, rest) = text.split_once('(').unwrap();
    let (args, result) = rest.rsplit_once(") = ").or_else(|| rest.rsplit_once(") ")).unwrap();
    let result = result.trim_start_matches(['=', ' ']).split(' ').next().unwrap_or_default();
    let hex = result.strip_prefix("0x").and_then(|hex| i64::from_str_radix(hex, 16).ok());
    let result = hex.or_else(|| result.parse().ok());
    Call {
        name: name.to_owned(),
        args: split(args.trim_end_matches([')', ' '])),
        result,
        start,
        end,
    }
}

/// Splits at the commas that are in no bracket. Strings are hexadecimal, so that they hold none.
fn split(text: &str) -> Vec<String> {
    let (mut args, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                args.push(text[from..at].trim().to_owned());
                from = at + 1;
            }
            _ => {}
        }
    }
    args.push(text[from..].trim().to_owned());
    args
}

/// Every `"\x41…"` of a text.
fn strings(text: &str) -> Vec<Vec<u8>> {
    assert!(!text.contains("\"..."), "strace cut a string off");
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.map(|hex| hex.split("\\x").skip(1).map(byte).collect()).collect()
}

fn byte(hex: &str) -> u8 {
    u8::from_str_radix(hex, 16).unwrap_or_else(|_| panic!("{hex:?} is no byte"))
}

#[test]
fn a_call_that_was_interrupted_by_another_thread_is_put_together() {
    let text = "7  pwrite64(3, \"\\x61\\x62\", 2, 10 <unfinished ...>\n\
                8  fsync(3)                          = 0\n\
                7  <... pwrite64 resumed>) = 2\n";
    let (calls, lines) = parse(text);
    assert_eq!((calls.len(), lines), (2, 3));
    assert_eq!((calls[0].start, calls[0].end, calls[0].result), (0, 2, Some(2)));
    assert_eq!((calls[0].bytes(1), calls[0].number(3)), (b"ab".to_vec(), 10));
    assert_eq!((calls[1].name.as_str(), calls[1].result), ("fsync", Some(0)));
}

#[test]
fn a_vector_of_buffers_is_one_write_and_an_error_is_none() {
    let text = "7 writev(3, [{iov_base=\"\\x61\", iov_len=1}, {iov_base=\"\\x62\", iov_len=1}], 2) = 2\n\
                7 unlink(\"\\x61\") = -1 ENOENT (No such file or directory)\n";
    let (calls, _) = parse(text);
    assert_eq!((calls[0].written(1), calls[0].args.len()), (b"ab".to_vec(), 3));
    assert_eq!((calls[1].text(0), calls[1].result), ("a".to_owned(), Some(-1)));
}
