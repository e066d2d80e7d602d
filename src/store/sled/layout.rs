//! How records lie in sled's one tree.
//!
//! One tree, because only a batch on one tree is applied as a whole. The first byte of a key in
//! the tree tells our own notes from records, so records may have any key, the empty one too.
//! A record's value is its version (8 bytes, big-endian) and then the payload.

use std::ops::Bound;

use crate::store::Error;
use crate::store::engine::{Entry, Version};

/// The first byte of the key of a record; our own notes begin with 0.
const RECORD: u8 = 1;
/// Where the number of the format lies.
pub(super) const FORMAT_KEY: &[u8] = b"\0format";
/// Where the last version given lies. It is written in every batch, so that no version is ever
/// given twice, not even after all records of it were deleted.
pub(super) const VERSION_KEY: &[u8] = b"\0version";
/// The format of the tree. Format 1 had no journal beside it.
pub(super) const FORMAT: u64 = 2;

const VERSION_LEN: usize = size_of::<u64>();

/// A record's key in the tree.
pub(super) fn tree_key(key: &[u8]) -> Vec<u8> {
    let mut tree_key = Vec::with_capacity(1 + key.len());
    tree_key.push(RECORD);
    tree_key.extend_from_slice(key);
    tree_key
}

/// A record's value in the tree.
pub(super) fn tree_value(version: Version, payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(VERSION_LEN + payload.len());
    value.extend_from_slice(&version.0.to_be_bytes());
    value.extend_from_slice(payload);
    value
}

/// The number at the start of `raw`; `None` when it is too short to hold one.
pub(super) fn number(raw: &[u8]) -> Option<u64> {
    raw.first_chunk::<VERSION_LEN>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Whether a key of the tree is that of a record.
pub(super) fn is_record(tree_key: &[u8]) -> bool {
    tree_key.first() == Some(&RECORD)
}

/// The version of the record `key` whose value in the tree is `raw`.
///
/// # Errors
/// [`Error::Corrupt`] when the value is too short.
pub(super) fn version(key: &[u8], raw: &[u8]) -> Result<Version, Error> {
    number(raw).map(Version).ok_or_else(|| corrupt(key))
}

/// The record `key` whose value in the tree is `raw`.
///
/// # Errors
/// [`Error::Corrupt`] when the value is too short.
pub(super) fn entry(key: &[u8], raw: &[u8]) -> Result<Entry, Error> {
    let version = version(key, raw)?;
    let value = raw.get(VERSION_LEN..).ok_or_else(|| corrupt(key))?;
    Ok(Entry { key: key.to_vec(), value: value.to_vec(), version })
}

fn corrupt(key: &[u8]) -> Error {
    Error::Corrupt { key: String::from_utf8_lossy(key).into_owned() }
}

/// Where a scan begins; it ends at the first key that does not start with `prefix`.
pub(super) fn scan_start(prefix: &[u8], after: Option<&[u8]>) -> Bound<Vec<u8>> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(tree_key(after)),
        Some(_) | None => Bound::Included(tree_key(prefix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_from_its_value_in_the_tree() {
        let entry = entry(b"k", &tree_value(Version(7), b"payload")).unwrap();
        assert_eq!(
            entry,
            Entry { key: b"k".into(), value: b"payload".into(), version: Version(7) }
        );
    }

    #[test]
    fn a_value_too_short_for_a_version_is_a_damaged_record() {
        let error = entry(b"k", &[0; 7]).unwrap_err();
        assert!(matches!(error, Error::Corrupt { key } if key == "k"));
    }

    #[test]
    fn our_own_notes_are_no_records_and_lie_before_all_of_them() {
        for note in [FORMAT_KEY, VERSION_KEY] {
            assert!(!is_record(note));
            assert!(note < tree_key(b"").as_slice());
        }
        assert!(is_record(&tree_key(FORMAT_KEY)));
    }

    #[test]
    fn a_scan_never_begins_before_its_prefix() {
        assert_eq!(scan_start(b"m", Some(b"a")), Bound::Included(tree_key(b"m")));
        assert_eq!(scan_start(b"m", Some(b"m1")), Bound::Excluded(tree_key(b"m1")));
    }
}
