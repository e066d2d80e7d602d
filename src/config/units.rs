//! Durations (`10m`) and sizes (`64 MiB`), read and written in their short form.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of bytes, written `512 B`, `16 KiB`, `64 MiB`, `1 GiB` or as the plain number. Units
/// are powers of 1024; `kB` and `MB` are refused, because readers disagree on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// A text that is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSize;

impl fmt::Display for BadSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size is a whole number with B, KiB, MiB or GiB, for example 64 MiB")
    }
}

impl std::error::Error for BadSize {}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// This many units of 1024 bytes.
    #[must_use]
    pub const fn kib(n: u32) -> Self {
        Self((n as u64) << 10)
    }

    /// This many units of 1024 KiB.
    #[must_use]
    pub const fn mib(n: u32) -> Self {
        Self((n as u64) << 20)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = BadSize;
    fn from_str(text: &str) -> Result<Self, BadSize> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let number: u64 = digits.parse().map_err(|_| BadSize)?;
        let unit = unit.strip_prefix(' ').unwrap_or(unit);
        let (_, factor) = UNITS
            .into_iter()
            .find(|(u, _)| *u == unit)
            .or((unit.is_empty() && end == text.len()).then_some(("", 1)))
            .ok_or(BadSize)?;
        number.checked_mul(factor).map(Self).ok_or(BadSize)
    }
}

/// The largest unit that gives a whole number.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, factor): &(&str, u64)| self.0 >= *factor && self.0.is_multiple_of(*factor);
        let (unit, factor) = UNITS.into_iter().find(fits).unwrap_or(("B", 1));
        write!(f, "{} {unit}", self.0 / factor)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrNumber)
    }
}

struct TextOrNumber;

impl Visitor<'_> for TextOrNumber {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ByteSize, E> {
        u64::try_from(number).map(ByteSize).map_err(|_| E::custom(BadSize))
    }
}

/// For `#[serde(with)]` on a [`std::time::Duration`].
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::config) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&short(*span))
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map_err(|_| de::Error::custom("not a duration"))
    }

    /// For one that may be absent.
    pub(super) fn deserialize_some<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let read = |text: String| humantime::parse_duration(&text);
        text.map(read).transpose().map_err(|_| de::Error::custom("not a duration"))
    }

    /// The largest unit that gives a whole number. humantime's own writer counts in years of
    /// 365.25 days, so that it would turn `365d` into eleven months and a rest.
    pub(in crate::config) fn short(span: Duration) -> String {
        let seconds = span.as_secs();
        if span.subsec_nanos() != 0 {
            return humantime::format_duration(span).to_string();
        }
        [("d", 86_400), ("h", 3_600), ("m", 60)]
            .into_iter()
            .find(|(_, unit)| seconds >= *unit && seconds.is_multiple_of(*unit))
            .map_or_else(
                || format!("{seconds}s"),
                |(name, unit)| format!("{}{name}", seconds / unit),
            )
    }
}

/// The same for a duration that follows from other settings when nobody sets it.
pub(super) mod duration_or_derived {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    use super::duration;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(in crate::config) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => duration::serialize(span, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        duration::deserialize_some(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_size_reads_as_it_is_written() {
        for (text, bytes, written) in [
            ("64 MiB", 64 << 20, "64 MiB"),
            ("16KiB", 16 << 10, "16 KiB"),
            ("1024 KiB", 1 << 20, "1 MiB"),
            ("2 GiB", 2 << 30, "2 GiB"),
            ("1000", 1000, "1000 B"),
            ("0", 0, "0 B"),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, written));
            assert_eq!(written.parse(), Ok(size));
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            " ",
            "MiB",
            "64 MB",
            "64 mib",
            "-1",
            "1.5 GiB",
            "64  MiB",
            "64 MiB ",
            "64 ",
            "99999999999 GiB",
        ] {
            assert_eq!(text.parse::<ByteSize>(), Err(BadSize), "{text:?}");
        }
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit() {
        for (seconds, written) in [
            (0, "0s"),
            (59, "59s"),
            (600, "10m"),
            (5_400, "90m"),
            (43_200, "12h"),
            (31_536_000, "365d"),
        ] {
            assert_eq!(duration::short(Duration::from_secs(seconds)), written);
        }
        assert_eq!(duration::short(Duration::from_millis(100)), "100ms");
    }
}
