//! Backups: what is taken is what was written; what is forged, checksums and all, is refused or
//! is the same store in memory and on the disk.

use std::fs;
use std::io::{self, Write};
use std::sync::Arc;

use doorkey::model::{Clock, Timestamp};
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{BackUp, Depth, Progress, Restore, Sink, Sled, SledOptions, Store, trial};
use tokio::runtime::Runtime;

use crate::mutate::Stock;
use crate::run::{Target, Verdict};
use crate::seeded::everything;

const WORDS: &[&str] = &[
    "\0\0\0\x01",
    "\0\0\0\0",
    "\u{1}doorkey\0\u{2}\u{2}",
    "user/",
    "name/",
    "../../x",
    "/etc/passwd",
    "\0",
    "\u{1}",
    "\u{2}",
    "\u{3}",
    "\u{4}",
    "\u{7f}\u{7f}\u{7f}\u{7f}",
];
/// One forged backup in so many goes to the disk too.
const ON_DISK: u64 = 100;

fn options() -> SledOptions {
    SledOptions::new(Clock::manual(Timestamp::from_seconds(1_800_000_000)))
}

/// Takes the bytes, and writes to the store while it is read.
struct Meddler<'a> {
    bytes: Vec<u8>,
    sled: &'a Sled,
    runtime: &'a Runtime,
    left: u32,
}

impl Write for Meddler<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left > 0 {
            self.left -= 1;
            let commit = Commit::new().put("epochs", r#"{"v":1,"record":9}"#);
            self.runtime.block_on(self.sled.commit(commit)).unwrap();
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Meddler<'_> {
    fn progress(&mut self, _: Progress) -> io::Result<()> {
        Ok(())
    }
}

/// A backup of a store with these records.
fn backup_of(runtime: &Runtime, entries: &[Entry], left: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let sled = Sled::open(&folder.path().join("data"), options()).unwrap();
    for part in entries.chunks(90) {
        let put = |c: Commit, entry: &Entry| c.put(entry.key.clone(), entry.value.clone());
        runtime.block_on(sled.commit(part.iter().fold(Commit::new(), put))).unwrap();
    }
    let mut sink = Meddler { bytes: Vec::new(), sled: &sled, runtime, left };
    sled.back_up(&mut sink).unwrap();
    sink.bytes
}

fn stock(runtime: &Runtime) -> Stock {
    let entries = runtime.block_on(everything());
    let seeds = [(&entries[..], 3), (&entries[..6], 0), (&[], 0)];
    Stock {
        seeds: seeds.map(|(entries, left)| backup_of(runtime, entries, left)).into(),
        words: WORDS,
    }
}

#[test]
fn a_backup_that_verifies_is_the_one_that_was_made() {
    let runtime = Runtime::new().unwrap();
    let stock = stock(&runtime);
    let made = stock.seeds.clone();
    let name = "a_backup_that_verifies_is_the_one_that_was_made";
    Target { name, stock, smoke: 60_000 }.run(|bytes| {
        let tried = trial(bytes);
        match &tried {
            Ok(_) => assert!(made.iter().any(|seed| seed == bytes), "another backup is taken"),
            Err(error) => has_place(&error.to_string(), bytes.len()),
        }
        Verdict::of(&tried)
    });
}

/// The sentence says what is wrong, or at which byte.
fn has_place(said: &str, length: usize) {
    match said.strip_prefix("it is damaged at byte ") {
        Some(at) => assert!(at.parse::<usize>().unwrap() <= length, "{said} of {length}"),
        None => assert!(
            ["it is no backup", "it is cut off", "it has format"]
                .iter()
                .any(|s| said.starts_with(s)),
            "{said}"
        ),
    }
}

/// Every checksum made right again, frame by frame, as far as the lengths lead.
fn with_good_checksums(bytes: &[u8]) -> Vec<u8> {
    const END: u8 = 4;
    let mut out: Vec<u8> = Vec::new();
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let Some((body, next)) = tail.split_at_checked(length) else { break };
        let mut body = body.to_vec();
        if body.first() == Some(&END) && body.len() > 4 {
            let at = body.len() - 4;
            body[at..].copy_from_slice(&crc32fast::hash(&out).to_be_bytes());
        }
        out.extend_from_slice(&head[..4]);
        out.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        out.extend_from_slice(&body);
        rest = next;
    }
    out.extend_from_slice(rest);
    out
}

#[test]
fn a_forged_backup_is_the_same_store_in_memory_and_on_the_disk() {
    let runtime = Runtime::new().unwrap();
    let stock = stock(&runtime);
    let mut turn = 0_u64;
    let name = "a_forged_backup_is_the_same_store_in_memory_and_on_the_disk";
    Target { name, stock, smoke: 10_000 }.run(|bytes| {
        let forged = with_good_checksums(bytes);
        let tried = trial(forged.as_slice());
        turn += 1;
        if turn.is_multiple_of(ON_DISK) || tried.is_ok() && turn.is_multiple_of(10) {
            let on_disk = restored(&runtime, &forged);
            assert_eq!(on_disk.is_some(), tried.is_ok());
            if let (Some(on_disk), Ok((memory, _))) = (on_disk, &tried) {
                assert!(on_disk == scan(&runtime, memory), "another store on the disk");
            }
        }
        let verdict = Verdict::of(&tried);
        if let Ok((memory, _)) = tried {
            runtime.block_on(Store::new(Arc::new(memory)).check(Depth::Full)).unwrap();
        }
        verdict
    });
}

fn scan(runtime: &Runtime, engine: &impl Engine) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = runtime.block_on(engine.scan(b"", None, 100_000)).unwrap();
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// The records after a restore into a new folder; `None` when it was refused. Beside that folder
/// nothing is made.
fn restored(runtime: &Runtime, backup: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let restore = Restore::begin(&data, false).unwrap();
    let is_taken = restore.load(backup).is_ok();
    let records = is_taken.then(|| {
        drop(Sled::open(restore.stage(), options()).unwrap());
        restore.finish(Timestamp::from_seconds(1_800_000_000)).unwrap();
        scan(runtime, &Sled::open(&data, options()).unwrap())
    });
    let beside: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside, ["data"], "something is beside the data folder");
    records
}
