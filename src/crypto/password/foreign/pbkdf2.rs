//! PBKDF2 (RFC 8018) in three forms: PHC `$pbkdf2-sha256$i=600000,l=32$salt$hash`, passlib
//! `$pbkdf2-sha256$29000$salt$hash` with `.` for `+`, and Django
//! `pbkdf2_sha256$600000$salt$hash` with the salt as it is and a padded hash.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::super::phc::parse_number;
use super::{BadHash, fields};

/// Twice what is recommended for SHA-1, the weakest, in 2023.
const MOST_ROUNDS: u32 = 2_000_000;
/// 16 bytes are the least that cannot be guessed, 64 the longest digest.
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

pub(in crate::crypto::password) struct Pbkdf2 {
    algorithm: Algorithm,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2 {
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, BadHash> {
        let (algorithm, is_django) = algorithm(name).ok_or(BadHash::Unknown)?;
        let [rounds, salt, output] = fields(text)?;
        let (rounds, salt, output) = if is_django {
            (parse_number(rounds), Some(salt.as_bytes().to_vec()), STANDARD.decode(output).ok())
        } else if let Some(params) = rounds.strip_prefix("i=") {
            let (rounds, length) = params.split_once(",l=").unwrap_or((params, ""));
            let output =
                decode(output).filter(|o| length.is_empty() || length == o.len().to_string());
            (parse_number(rounds), decode(salt), output)
        } else {
            let adapted = |text: &str| decode(&text.replace('.', "+"));
            (parse_number(rounds), adapted(salt), adapted(output))
        };
        let output = output.filter(|output| OUTPUT_BYTES.contains(&output.len()));
        let hash = Self {
            algorithm,
            rounds: rounds.and_then(NonZeroU32::new).ok_or(BadHash::Unknown)?,
            salt: salt.ok_or(BadHash::Unknown)?,
            output: output.ok_or(BadHash::Unknown)?,
        };
        if hash.rounds.get() > MOST_ROUNDS { Err(BadHash::TooDear) } else { Ok(hash) }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        pbkdf2::verify(self.algorithm, self.rounds, &self.salt, password, &self.output).is_ok()
    }
}

/// The function, and whether the name is one of Django's.
fn algorithm(name: &str) -> Option<(Algorithm, bool)> {
    Some(match name {
        "pbkdf2" => (pbkdf2::PBKDF2_HMAC_SHA1, false),
        "pbkdf2-sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, false),
        "pbkdf2-sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, false),
        "pbkdf2_sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, true),
        "pbkdf2_sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, true),
        _ => return None,
    })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}
