//! How a record becomes bytes: JSON under a format number.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Error;
use super::engine::{Entry, Version};

/// The format of every record written by this version.
const FORMAT: u8 = 1;

/// A record as read, with the version to name in the commit that changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The record.
    pub value: T,
    /// Its version; `None` where an absent record reads as an empty one.
    pub version: Option<Version>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    v: u8,
    record: T,
}

/// The bytes of `record`.
pub(super) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    serde_json::to_vec(&Envelope { v: FORMAT, record }).expect("our records are plain data")
}

/// The record in `entry`.
pub(super) fn decode<T: DeserializeOwned>(entry: &Entry) -> Result<Stored<T>, Error> {
    let envelope: Envelope<T> =
        serde_json::from_slice(&entry.value).map_err(|_| corrupt(&entry.key))?;
    if envelope.v != FORMAT {
        return Err(corrupt(&entry.key));
    }
    Ok(Stored { value: envelope.record, version: Some(entry.version) })
}

/// The damage of the record under `key`.
pub(super) fn corrupt(key: &[u8]) -> Error {
    Error::Corrupt { key: String::from_utf8_lossy(key).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(value: &[u8]) -> Entry {
        Entry { key: b"user/x".to_vec(), value: value.to_vec(), version: Version(3) }
    }

    #[test]
    fn a_record_reads_back_with_its_version() {
        let stored = decode::<u32>(&entry(&encode(&7_u32))).unwrap();
        assert_eq!(stored, Stored { value: 7, version: Some(Version(3)) });
    }

    #[test]
    fn another_format_or_garbage_is_damage_named_by_its_key() {
        for bytes in [&b"{\"v\":2,\"record\":7}"[..], b"", b"{", b"{\"v\":1,\"record\":7,\"x\":1}"]
        {
            let error = decode::<u32>(&entry(bytes)).unwrap_err();
            assert_eq!(error.to_string(), "the record user/x is damaged");
        }
    }
}
