//! Where chance comes from: the operating system, or a test's seed.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::digest::sha256;
use crate::model::{FromRandom, Secret, ServiceSecret, TokenSecret};

/// What a generated password is written in: small letters and digits without `i`, `l`, `o`, `0`
/// and `1`, which people take for one another.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A source of random bytes. Clones share it.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded { seed: u64, next_block: Arc<AtomicU64> },
}

impl Random {
    /// The generator of the operating system, for everything but tests. It waits until the
    /// system has gathered entropy.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed (SHA-256 of a counter), for tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { seed, next_block: Arc::new(AtomicU64::new(0)) })
    }

    /// Fills `bytes`.
    ///
    /// # Panics
    /// When the operating system gives no random bytes: nothing could be safe then.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => fill_from_system(bytes),
            Source::Seeded { seed, next_block } => fill_from_seed(*seed, next_block, bytes),
        }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh identifier.
    #[must_use]
    pub fn id<T: FromRandom>(&self) -> T {
        let mut bytes = vec![0; T::BYTES];
        self.fill(&mut bytes);
        T::from_random(&bytes)
    }

    /// The 256 bits of a fresh bearer secret.
    #[must_use]
    pub fn secret(&self) -> TokenSecret {
        let bytes = Zeroizing::new(self.bytes());
        TokenSecret::from_bytes(*bytes)
    }

    /// A fresh secret of a service.
    #[must_use]
    pub fn service_secret(&self) -> ServiceSecret {
        ServiceSecret::from_random(&Zeroizing::new(self.bytes()))
    }

    /// A password of `len` characters that people can read out, each worth 4.95 bits.
    #[must_use]
    pub fn text(&self, len: usize) -> Secret {
        let mut text = String::with_capacity(len);
        while text.len() < len {
            let drawn = Zeroizing::new(self.bytes::<32>());
            // Five bits have 32 values for 31 letters: dropping the last one leaves all others
            // equally likely.
            let letters = drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
            text.extend(letters.take(len - text.len()).map(|letter| char::from(*letter)));
        }
        Secret::new(text)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::System => "Random(system)",
            Source::Seeded { .. } => "Random(seeded)",
        })
    }
}

/// Identifiers that are no secrets, such as those of requests: each draw from the system makes
/// a kilobyte of them. A system call costs more than all else of an identifier.
#[derive(Debug)]
pub struct PublicIds {
    random: Random,
    drawn: Mutex<Vec<u8>>,
}

impl PublicIds {
    /// How many bytes are drawn together.
    const AT_ONCE: usize = 1_024;

    /// Identifiers from this source.
    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { random, drawn: Mutex::default() }
    }

    /// A fresh identifier.
    #[must_use]
    pub fn next<T: FromRandom>(&self) -> T {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() < T::BYTES {
            *drawn = self.random.bytes::<{ Self::AT_ONCE }>().to_vec();
        }
        let rest = drawn.len() - T::BYTES;
        let id = T::from_random(&drawn[rest..]);
        drawn.truncate(rest);
        id
    }
}

/// Not through aws-lc, whose own generator takes some forty milliseconds to start.
#[expect(clippy::disallowed_methods, reason = "this is the Random that all others ask")]
fn fill_from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

fn fill_from_seed(seed: u64, next_block: &AtomicU64, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(32) {
        let counter = next_block.fetch_add(1, Ordering::SeqCst);
        let block = sha256(&[seed.to_be_bytes(), counter.to_be_bytes()].concat());
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::{SessionId, UserId};

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_another_seed_others() {
        let (one, same, other) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let first = one.bytes::<70>();
        assert_eq!(first, same.bytes::<70>());
        assert_ne!(first, other.bytes::<70>());
        assert_ne!(first, one.bytes::<70>(), "it goes on, and does not start again");
        assert_ne!(first[..32], first[32..64], "no block repeats within one draw");
    }

    #[test]
    fn clones_share_one_stream() {
        let one = Random::seeded(1);
        let two = one.clone();
        assert_ne!(one.id::<UserId>(), two.id::<UserId>());
    }

    /// KEY-08.
    #[test]
    fn the_system_never_gives_the_same_twice() {
        let random = Random::system();
        let ids: HashSet<SessionId> = (0..1_000).map(|_| random.id()).collect();
        assert_eq!(ids.len(), 1_000);
        assert_ne!(random.secret().expose(), random.secret().expose());
        assert_ne!(random.bytes::<64>()[..32], random.bytes::<64>()[32..]);
    }

    #[test]
    fn public_ids_are_each_drawn_once() {
        let ids = PublicIds::new(Random::system());
        let drawn: HashSet<SessionId> = (0..1_000).map(|_| ids.next()).collect();
        assert_eq!(drawn.len(), 1_000);
    }

    #[test]
    fn a_generated_password_has_its_length_and_uses_every_letter_alike() {
        let random = Random::seeded(3);
        for len in [0, 1, 20, 33, 64] {
            assert_eq!(random.text(len).expose().len(), len);
        }
        let text = random.text(31_000);
        for letter in ALPHABET {
            let count = text.expose().bytes().filter(|b| b == letter).count();
            assert!((850..1_150).contains(&count), "{} came {count} times", char::from(*letter));
        }
        assert!(text.expose().bytes().all(|b| ALPHABET.contains(&b)));
    }
}
