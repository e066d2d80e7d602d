//! bcrypt (Provos and Mazieres 1999): `$2b$12$` with 22 characters of salt and 31 of hash. `2a`
//! and `2y` are the same function with other histories; the broken `2x` is not read.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;
use zeroize::Zeroizing;

use super::super::phc::parse_number;
use super::{BadHash, equal, fields};

/// Doubles the work with each step; 14 is about a second.
const MOST_COST: u32 = 14;
const LEAST_COST: u32 = 4;
/// What is behind it has never counted.
const MOST_PASSWORD: usize = 72;

/// Salts of old implementations carry bits that mean nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

pub(in crate::crypto::password) struct Bcrypt {
    cost: u32,
    salt: [u8; 16],
    output: [u8; 23],
}

impl Bcrypt {
    pub(super) fn parse(text: &str) -> Result<Self, BadHash> {
        let [cost, tail] = fields(text)?;
        // Two digits: `04`, `12`.
        let number = parse_number(cost.strip_prefix('0').unwrap_or(cost));
        let cost = number.filter(|n| cost.len() == 2 && (LEAST_COST..32).contains(n));
        let (salt, output) = tail.split_at_checked(22).ok_or(BadHash::Unknown)?;
        let hash = Self {
            cost: cost.ok_or(BadHash::Unknown)?,
            salt: decode(salt)?,
            output: decode(output)?,
        };
        if hash.cost > MOST_COST { Err(BadHash::TooDear) } else { Ok(hash) }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let length = password.len().min(MOST_PASSWORD);
        let mut key = Zeroizing::new(Vec::with_capacity(MOST_PASSWORD + 1));
        key.extend_from_slice(&password[..length]);
        key.push(0);
        key.truncate(MOST_PASSWORD);
        equal(&self.derive(&key)[..23], &self.output)
    }

    fn derive(&self, key: &[u8]) -> [u8; 24] {
        let mut state = Blowfish::bc_init_state();
        state.salted_expand_key(&self.salt, key);
        for _ in 0..1_u32 << self.cost {
            state.bc_expand_key(key);
            state.bc_expand_key(&self.salt);
        }
        let mut output = *b"OrpheanBeholderScryDoubt";
        for pair in output.chunks_exact_mut(8) {
            let (left, right) = pair.split_at_mut(4);
            let mut words = [word(left), word(right)];
            for _ in 0..64 {
                words = state.bc_encrypt(words);
            }
            left.copy_from_slice(&words[0].to_be_bytes());
            right.copy_from_slice(&words[1].to_be_bytes());
        }
        output
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], BadHash> {
    let bytes = BASE64.decode(text).map_err(|_| BadHash::Unknown)?;
    bytes.try_into().map_err(|_| BadHash::Unknown)
}
