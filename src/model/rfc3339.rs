//! A [`Timestamp`] as text where people read a record: for serde's `with`.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer, Serializer, de};

use super::clock::Timestamp;

/// Writes it as its `Display` does.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Reads RFC 3339.
///
/// # Errors
/// For any other text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    Timestamp::try_from(&*text).map_err(de::Error::custom)
}
