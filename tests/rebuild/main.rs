//! The memory that an index takes which is made again: a program of its own, because what Linux
//! counts is that of a whole process.

#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests, their helpers too")]

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use doorkey::model::Clock;
use doorkey::store::engine::{Commit, Engine as _};
use doorkey::store::{Sled, SledOptions};

/// Some 60 MB of journal, which a start reads again.
const COMMITS: u64 = 6_000;
const KEYS: u64 = 25;
const VALUE_BYTES: usize = 300;
/// Made in batches an index took 83 MiB for 4,000 of these commits and 358 MiB for 8,000; key by key it
/// takes 39 and 52.
const MOST_MIB: u64 = 100;

fn open(data: &Path) -> Sled {
    // No snapshot on the way: all of it is read from the journal.
    let journal_bytes = 1024 * 1024 * 1024;
    Sled::open(data, SledOptions { journal_bytes, ..SledOptions::new(Clock::system()) }).unwrap()
}

/// Keys far from each other, as ids drawn at random are.
fn commit(number: u64) -> Commit {
    let keys = (0..KEYS).map(|key| (number * KEYS + key).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    keys.fold(Commit::new(), |all, key| {
        all.put(format!("session/{key:016x}"), vec![b'v'; VALUE_BYTES])
    })
}

fn copy(from: &Path, to: &Path) {
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

/// A line of what the kernel says of this process, in MiB.
fn status_mib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    number.unwrap_or_else(|| panic!("no {name} in {status}")) / 1024
}

#[tokio::test]
async fn an_index_is_made_again_in_little_memory_however_much_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (data, crashed) = (folder.path().join("data"), folder.path().join("crashed"));
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    let store = open(&data);
    for number in 0..COMMITS {
        store.commit(commit(number)).await.unwrap();
    }
    // As a crash leaves it: nothing says that the index is whole.
    copy(&data, &crashed);
    drop(store);
    // The highest so far is forgotten (proc(5), clear_refs).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status_mib("VmRSS:");
    let store = open(&crashed);
    let took = status_mib("VmHWM:").saturating_sub(before);
    let last = format!("session/{:016x}", (COMMITS * KEYS - 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    assert!(store.get(last.as_bytes()).await.unwrap().is_some(), "all of it is there");
    assert!(took < MOST_MIB, "{took} MiB more than the {before} MiB of before");
}
