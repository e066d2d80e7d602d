//! What the model of the disk allows and what it does not, on traces short enough to reason
//! about: every outcome, no more and no fewer.

use std::collections::BTreeSet;
use std::path::Path;

use super::cut::{Choice, Dice};
use super::disk::{Disk, Rules};
use super::history::History;
use super::trace;

const BOTH: [Rules; 2] = [Rules::Ext4, Rules::Posix];

/// One process that did this in the folder `/r`. Texts are written plainly; `A*512` is a long one.
fn history(calls: &[&str]) -> History {
    let mut text = String::new();
    for call in calls {
        let (pid, call) = call.split_once(": ").unwrap_or(("7", call));
        text += &[pid, " "].concat();
        for (at, part) in call.split('\'').enumerate() {
            text += &if at % 2 == 0 { part.to_owned() } else { quoted(part) };
        }
        text += "\n";
    }
    let mut history = History::default();
    history.add(Path::new("/r"), trace::parse(&text));
    history
}

fn quoted(text: &str) -> String {
    let long = text.split_once('*').map(|(part, times)| part.repeat(times.parse().unwrap()));
    let bytes = long.unwrap_or_else(|| text.to_owned()).into_bytes();
    let hex = |text: String, byte: &u8| format!("{text}\\x{byte:02x}");
    bytes.iter().fold("\"".to_owned(), hex) + "\""
}

/// All disks that come of a cut, in short: `a=AAAB` is a file with four sectors.
fn outcomes(
    history: &History,
    cut: usize,
    (rules, ignored): (Rules, Option<&str>),
) -> BTreeSet<String> {
    let disk = Disk::at(history, cut, (rules, ignored));
    let mut dice = Dice::new(1);
    let one = |_| {
        let choice = Choice { unit: 512, ..Choice::new(&mut dice, cut) };
        let image = disk.image(&mut choice.clone());
        let files: Vec<String> =
            image.files().iter().map(|(name, bytes)| format!("{name}={}", short(bytes))).collect();
        files.join(" ")
    };
    (0..3000).map(one).collect()
}

/// The first byte of each sector, `0` where nothing was written.
fn short(bytes: &[u8]) -> String {
    bytes
        .chunks(512)
        .map(|sector| if sector[0] == 0 { '0' } else { char::from(sector[0]) })
        .collect()
}

#[track_caller]
fn possible(calls: &[&str], rules: Rules, expected: &[&str]) {
    let history = history(calls);
    let expected: BTreeSet<String> = expected.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(outcomes(&history, calls.len(), (rules, None)), expected, "{rules:?}");
}

const ROOT: &str = "openat(AT_FDCWD, '/r', O_RDONLY) = 9";
const MAKE_A: &str = "openat(AT_FDCWD, '/r/a', O_WRONLY|O_CREAT, 0600) = 3";
const MAKE_B: &str = "openat(AT_FDCWD, '/r/b', O_WRONLY|O_CREAT, 0600) = 4";

#[test]
fn what_was_never_synced_may_be_there_or_not() {
    let calls = [MAKE_A, "write(3, 'A*512', 512) = 512"];
    possible(&calls, Rules::Ext4, &["", "a=", "a=A"]);
    // The size without the content, too.
    possible(&calls, Rules::Posix, &["", "a=", "a=0", "a=A"]);
}

#[test]
fn a_synced_file_has_its_name_for_certain_under_ext4_only() {
    let calls = [MAKE_A, "write(3, 'A*512', 512) = 512", "fsync(3) = 0"];
    possible(&calls, Rules::Ext4, &["a=A"]);
    possible(&calls, Rules::Posix, &["", "a=A"]);
}

#[test]
fn a_synced_folder_keeps_the_name_and_not_the_content() {
    let calls = [ROOT, MAKE_A, "write(3, 'A*512', 512) = 512", "fsync(9) = 0"];
    possible(&calls, Rules::Ext4, &["a=", "a=A"]);
    possible(&calls, Rules::Posix, &["a=", "a=0", "a=A"]);
}

#[test]
fn names_keep_their_order_under_ext4_only() {
    possible(&[MAKE_A, MAKE_B], Rules::Ext4, &["", "a=", "a= b="]);
    possible(&[MAKE_A, MAKE_B], Rules::Posix, &["", "a=", "b=", "a= b="]);
}

#[test]
fn what_follows_the_last_sync_is_lost_reordered_or_kept_sector_by_sector() {
    let calls = [
        ROOT,
        MAKE_A,
        "fsync(9) = 0",
        "write(3, 'A*512', 512) = 512",
        "fdatasync(3) = 0",
        "write(3, 'B*1024', 1024) = 1024",
    ];
    possible(&calls, Rules::Ext4, &["a=A", "a=AB", "a=A0B", "a=ABB"]);
    // The size goes its own way: long and empty, or too short for what was written.
    possible(&calls, Rules::Posix, &["a=A", "a=A00", "a=AB0", "a=A0B", "a=ABB"]);
}

#[test]
fn sync_file_range_makes_nothing_durable() {
    let calls = [ROOT, MAKE_A, "fsync(9) = 0", "pwrite64(3, 'A*512', 512, 0) = 512"];
    let ranged = "sync_file_range(3, 0, 512, SYNC_FILE_RANGE_WRITE) = 0";
    let ranged = [&calls[..], &[ranged]].concat();
    possible(&ranged, Rules::Ext4, &["a=", "a=A"]);
    possible(&ranged, Rules::Posix, &["a=", "a=0", "a=A"]);
}

#[test]
fn of_two_writes_to_one_sector_the_second_is_never_there_without_the_first() {
    let calls = [
        ROOT,
        MAKE_A,
        "pwrite64(3, 'A*512', 512, 0) = 512",
        "fsync(3) = 0",
        "fsync(9) = 0",
        "pwrite64(3, 'B*256', 256, 0) = 256",
        "pwrite64(3, 'C*256', 256, 256) = 256",
    ];
    let history = history(&calls);
    let disk = Disk::at(&history, calls.len(), (Rules::Ext4, None));
    let mut seen = BTreeSet::new();
    for seed in 0..500 {
        let mut choice = Choice { unit: 512, ..Choice::new(&mut Dice::new(seed), calls.len()) };
        let image = disk.image(&mut choice);
        let bytes = image.files()["a"];
        seen.insert((bytes[0], bytes[511]));
    }
    assert_eq!(seen, BTreeSet::from([(b'A', b'A'), (b'B', b'A'), (b'B', b'C')]));
}

/// A file that is replaced: first without, then with the syncs that it takes.
#[test]
fn a_rename_may_come_before_the_content_and_is_never_halved() {
    let old = [ROOT, MAKE_A, "write(3, 'A*512', 512) = 512", "fsync(3) = 0", "fsync(9) = 0"];
    let new = [MAKE_B, "write(4, 'B*512', 512) = 512"];
    let rename = ["rename('/r/b', '/r/a') = 0"];
    let careless = [&old[..], &new, &rename].concat();
    possible(&careless, Rules::Ext4, &["a=A", "a=A b=", "a=A b=B", "a=", "a=B"]);
    let synced = [&old[..], &new, &["fsync(4) = 0", "fsync(9) = 0"], &rename].concat();
    for rules in BOTH {
        possible(&synced, rules, &["a=A b=B", "a=B"]);
    }
    let careful = [&synced[..], &["fsync(9) = 0"]].concat();
    for rules in BOTH {
        possible(&careful, rules, &["a=B"]);
    }
}

#[test]
fn a_removed_file_is_back_unless_its_folder_was_synced() {
    let calls = [ROOT, MAKE_A, "fsync(9) = 0", "unlink('/r/a') = 0"];
    for rules in BOTH {
        possible(&calls, rules, &["", "a="]);
    }
    for rules in BOTH {
        possible(&[&calls[..], &["fsync(9) = 0"]].concat(), rules, &[""]);
    }
}

#[test]
fn a_truncation_may_be_lost_and_what_it_cut_off_comes_back_with_it() {
    let calls = [
        ROOT,
        MAKE_A,
        "write(3, 'A*1024', 1024) = 1024",
        "fsync(3) = 0",
        "fsync(9) = 0",
        "ftruncate(3, 512) = 0",
    ];
    possible(&calls, Rules::Ext4, &["a=A", "a=AA"]);
    possible(&calls, Rules::Posix, &["a=A", "a=A0", "a=AA"]);
    for rules in BOTH {
        possible(&[&calls[..], &["fdatasync(3) = 0"]].concat(), rules, &["a=A"]);
    }
}

#[test]
fn a_sync_counts_when_it_is_done_and_for_what_was_done_when_it_began() {
    let calls = [
        ROOT,
        MAKE_A,
        "fsync(9) = 0",
        "7: pwrite64(3, 'A*512', 512, 0) = 512",
        "8: fdatasync(3 <unfinished ...>",
        "7: pwrite64(3, 'B*512', 512, 512) = 512",
        "8: <... fdatasync resumed>) = 0",
    ];
    let history = history(&calls);
    let at = |cut| outcomes(&history, cut, (Rules::Ext4, None));
    assert_eq!(at(4), ["a=", "a=A"].map(String::from).into());
    assert_eq!(at(6), ["a=A", "a=AB"].map(String::from).into());
}

#[test]
fn a_sync_that_is_ignored_makes_nothing_durable() {
    let calls = [ROOT, MAKE_A, "fsync(9) = 0", "write(3, 'A*512', 512) = 512", "fsync(3) = 0"];
    let history = history(&calls);
    let with = |part| outcomes(&history, calls.len(), (Rules::Ext4, part));
    assert_eq!(with(Some("a")), ["a=", "a=A"].map(String::from).into());
    assert_eq!(with(Some("other")), ["a=A"].map(String::from).into());
}

/// Positions, copies of descriptors and appending are followed.
#[test]
fn a_write_goes_where_the_descriptor_stands() {
    let calls = [
        ROOT,
        MAKE_A,
        "write(3, 'A*512', 512) = 512",
        "fcntl(3, F_DUPFD_CLOEXEC, 0) = 5",
        "write(5, 'B*512', 512) = 512",
        "openat(AT_FDCWD, '/r/a', O_WRONLY|O_APPEND) = 6",
        "write(6, 'C*512', 512) = 512",
        "lseek(3, 512, SEEK_SET) = 512",
        "write(3, 'D*512', 512) = 512",
        "fsync(6) = 0",
        "fsync(9) = 0",
    ];
    for rules in BOTH {
        possible(&calls, rules, &["a=ADC"]);
    }
}

#[test]
#[should_panic(expected = "does not know")]
fn a_call_that_goes_past_the_model_is_no_recording() {
    history(&[MAKE_A, "mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f0000000000"]);
}
