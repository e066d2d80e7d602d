//! SHA-crypt (Drepper 2007), what Linux keeps in `/etc/shadow`: `$5$` with SHA-256, `$6$` with
//! SHA-512, `rounds=` where they are not 5000.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use super::super::phc::parse_number;
use super::{BadHash, equal};

const MOST_ROUNDS: u32 = 1_000_000;
const USUAL_ROUNDS: u32 = 5_000;
const MOST_SALT: usize = 16;
/// The longest password of crypt(3); the work grows with its length in each round.
pub(super) const MOST_PASSWORD: usize = 512;
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(in crate::crypto::password) struct ShaCrypt {
    is_512: bool,
    params: Params,
    salt: Vec<u8>,
    /// As text: its alphabet and order are this function's own.
    output: Vec<u8>,
}

impl ShaCrypt {
    pub(super) fn parse(is_512: bool, text: &str) -> Result<Self, BadHash> {
        let (rounds, rest) = match text.strip_prefix("rounds=") {
            Some(rest) => {
                let (digits, rest) = rest.split_once('$').ok_or(BadHash::Unknown)?;
                (parse_number(digits).ok_or(BadHash::Unknown)?, rest)
            }
            None => (USUAL_ROUNDS, text),
        };
        let (salt, output) = rest.split_once('$').ok_or(BadHash::Unknown)?;
        let length = if is_512 { 86 } else { 43 };
        let known = output.len() == length && output.bytes().all(|b| ALPHABET.contains(&b));
        if !known || salt.len() > MOST_SALT {
            return Err(BadHash::Unknown);
        }
        if rounds > MOST_ROUNDS {
            return Err(BadHash::TooDear);
        }
        let params = Params::new(rounds).map_err(|_| BadHash::Unknown)?;
        Ok(Self { is_512, params, salt: salt.into(), output: output.into() })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let made = if self.is_512 {
            text_of(&sha512_crypt(password, &self.salt, self.params), |i| i % 3)
        } else {
            text_of(&sha256_crypt(password, &self.salt, self.params), |i| (3 - i % 3) % 3)
        };
        equal(&made, &self.output)
    }
}

/// The digest in the order and letters of crypt(3): thirds side by side, each group of three
/// turned by `turn`, six bits at a time from the low end; what is left over comes last.
fn text_of(digest: &[u8], turn: impl Fn(usize) -> usize) -> Vec<u8> {
    let third = digest.len() / 3;
    let mut text = Vec::with_capacity(digest.len() * 2);
    for i in 0..third {
        let mut group = [digest[i], digest[i + third], digest[i + 2 * third]];
        group.rotate_left(turn(i));
        push(&mut text, &group, 4);
    }
    let mut rest = digest[3 * third..].to_vec();
    rest.reverse();
    let letters = (rest.len() * 8).div_ceil(6);
    push(&mut text, &rest, letters);
    text
}

fn push(text: &mut Vec<u8>, bytes: &[u8], letters: usize) {
    let mut bits = bytes.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
    for _ in 0..letters {
        text.push(ALPHABET[bits % 64]);
        bits /= 64;
    }
}
