//! Every file of a folder, read to its end.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::register::Register;

/// A secret where it does not belong.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed")]
pub(crate) struct Found {
    pub(crate) kind: String,
    file: PathBuf,
    pub(crate) offset: usize,
    /// What stands before it, for a person who looks for the cause.
    before: String,
}

/// What a search saw.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) found: Vec<Found>,
    /// How many were where they belong.
    pub(crate) at_home: u64,
}

/// Looks at every file below `folder`.
pub(crate) fn search(folder: &Path, finder: &Finder, report: &mut Report) {
    visit(folder, &mut |path| {
        let bytes = fs::read(path).unwrap();
        report.files += 1;
        report.bytes += bytes.len() as u64;
        for (offset, kind) in finder.hits(&bytes) {
            if is_home(path, kind, &bytes[..offset]) {
                report.at_home += 1;
                continue;
            }
            let before = bytes[offset.saturating_sub(80)..offset].escape_ascii().to_string();
            report.found.push(Found {
                kind: kind.to_owned(),
                file: path.to_owned(),
                offset,
                before,
            });
        }
    });
}

/// All forms at once, by their first bytes.
pub(crate) struct Finder {
    /// Which of the first bytes there are, by a hash of 21 bits.
    seen: Vec<bool>,
    by_start: HashMap<u64, Vec<(String, Vec<u8>)>>,
    /// How many there are.
    pub(crate) forms: usize,
}

impl Finder {
    pub(crate) fn new(register: &Register) -> Self {
        let mut finder = Self { seen: vec![false; 1 << 21], by_start: HashMap::new(), forms: 0 };
        for pattern in register.patterns() {
            finder.forms += 1;
            let start = u64::from_be_bytes(*pattern.1.first_chunk().unwrap());
            finder.seen[short(start)] = true;
            finder.by_start.entry(start).or_default().push(pattern);
        }
        finder
    }

    /// Where each stands, and what it is.
    fn hits(&self, bytes: &[u8]) -> Vec<(usize, &str)> {
        let (mut hits, mut start) = (Vec::new(), 0_u64);
        for (at, byte) in bytes.iter().enumerate() {
            start = start << 8 | u64::from(*byte);
            // The index on the disk is mostly zeros.
            if at < 7 || start == 0 || !self.seen[short(start)] {
                continue;
            }
            let offset = at - 7;
            for (kind, form) in self.by_start.get(&start).into_iter().flatten() {
                if bytes[offset..].starts_with(form) {
                    hits.push((offset, kind.as_str()));
                }
            }
        }
        hits
    }
}

fn short(start: u64) -> usize {
    (start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 43) as usize
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path)) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            visit(&entry.path(), each);
        } else if kind.is_file() {
            each(&entry.path());
        }
    }
}

/// What others than the owner may do with a file.
const OTHERS: u32 = 0o077;

/// Where a secret may stand: its own private file, and what a command prints because it was
/// asked to: links, the setup secret, and the accounts of `serve --dev`.
fn is_home(path: &Path, kind: &str, before: &[u8]) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let is_output = path.parent().unwrap().ends_with("outputs");
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let of_dev = ["account ", "curl ", "TOKEN=$(curl "];
    match kind {
        // A test moves it there, and has it named by DOORKEY_MASTER_KEY_FILE.
        "master_key" if ["master.key", "kept.key"].contains(&name.as_str()) => mode & OTHERS == 0,
        "setup_secret" if name == "setup-secret" => mode & OTHERS == 0,
        "setup_secret" | "link_token" | "given_secret" => is_output,
        "password" => is_output && of_dev.iter().any(|start| line.starts_with(start.as_bytes())),
        // What curl keeps for the lines that `serve --dev` prints.
        "refresh_token" => name == "curl-cookies",
        _ => false,
    }
}
