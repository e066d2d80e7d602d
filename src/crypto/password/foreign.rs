//! Hashes that other systems made. They are only ever compared with: the first good login
//! replaces them by one of ours. The password is taken byte for byte as it was typed, because
//! that is what the other system hashed.

use std::fmt;

use subtle::ConstantTimeEq;

use super::memory::{Memory, NoMemory};

use self::bcrypt::Bcrypt;
use self::pbkdf2::Pbkdf2;
use self::scrypt::Scrypt;
use self::sha_crypt::ShaCrypt;

mod bcrypt;
mod pbkdf2;
mod scrypt;
mod sha_crypt;

/// Longer than any text of these forms.
const MAX_TEXT: usize = 512;

/// Why a stored or imported hash is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadHash {
    /// It is of none of the known forms, or damaged.
    Unknown,
    /// Comparing a password with it would take more memory or time than is allowed.
    TooDear,
    /// Comparing a password with it needs so many MiB, which is more than all hashing may take.
    TooLarge(usize),
}

impl fmt::Display for BadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "must be a hash of bcrypt, scrypt, pbkdf2, sha-crypt or argon2 in a known form",
            ),
            Self::TooDear => f.write_str("must not cost more memory or rounds than an import may"),
            Self::TooLarge(mib) => write!(
                f,
                "must not need more memory than passwords.memory; it needs \"{mib} MiB\" there"
            ),
        }
    }
}

impl std::error::Error for BadHash {}

/// A hash of another system with all that is needed to compare a password with it.
pub(super) enum Foreign {
    Bcrypt(Bcrypt),
    Pbkdf2(Pbkdf2),
    Scrypt(Scrypt),
    ShaCrypt(ShaCrypt),
}

impl Foreign {
    /// Reads a hash.
    ///
    /// # Errors
    /// [`BadHash::Unknown`] for other forms, [`BadHash::TooDear`] beyond the most that one may
    /// cost.
    pub(super) fn parse(text: &str) -> Result<Self, BadHash> {
        if text.len() > MAX_TEXT {
            return Err(BadHash::Unknown);
        }
        let (name, rest) = head(text).ok_or(BadHash::Unknown)?;
        match name {
            "2a" | "2b" | "2y" => Bcrypt::parse(rest).map(Self::Bcrypt),
            "5" | "6" => ShaCrypt::parse(name == "6", rest).map(Self::ShaCrypt),
            "scrypt" => Scrypt::parse(rest).map(Self::Scrypt),
            other => Pbkdf2::parse(other, rest).map(Self::Pbkdf2),
        }
    }

    /// The memory that a comparison needs, in bytes; a few KiB do not count.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Scrypt(hash) => hash.memory(),
            Self::Bcrypt(_) | Self::Pbkdf2(_) | Self::ShaCrypt(_) => 0,
        }
    }

    /// Whether this can be the hash of such a password at all. A NUL ends a password for C
    /// implementations, and at its end is as good as none for HMAC: none is taken here.
    pub(super) fn takes(&self, password: &str) -> bool {
        let is_short = match self {
            Self::ShaCrypt(_) => password.len() <= sha_crypt::MOST_PASSWORD,
            Self::Bcrypt(_) | Self::Pbkdf2(_) | Self::Scrypt(_) => true,
        };
        is_short && !password.contains('\0')
    }

    /// Whether this is the hash of `password`, one that it takes; the comparison takes the same
    /// time wherever they differ.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub(super) fn matches(&self, password: &str, memory: &Memory) -> Result<bool, NoMemory> {
        if !self.takes(password) {
            return Ok(false);
        }
        let password = password.as_bytes();
        match self {
            Self::Bcrypt(hash) => Ok(hash.matches(password)),
            Self::Pbkdf2(hash) => Ok(hash.matches(password)),
            Self::Scrypt(hash) => hash.matches(password, memory),
            Self::ShaCrypt(hash) => Ok(hash.matches(password)),
        }
    }
}

/// The name of the function and what follows: `$name$rest`, or `name$rest` as Django writes it.
fn head(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('$') {
        Some(modular) => modular.split_once('$'),
        None => text.split_once('$').filter(|(name, _)| name.starts_with("pbkdf2_")),
    }
}

/// Exactly `N` fields between the dollars.
fn fields<const N: usize>(text: &str) -> Result<[&str; N], BadHash> {
    let all: Vec<&str> = text.split('$').collect();
    all.try_into().map_err(|_| BadHash::Unknown)
}

fn equal(made: &[u8], stored: &[u8]) -> bool {
    made.ct_eq(stored).into()
}

#[cfg(test)]
mod tests;
