//! Chance that can be had again: the same seed gives the same choices.

use std::time::Duration;

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// A span from `least` up to `most`, in microseconds.
    pub fn span(&mut self, least: Duration, most: Duration) -> Duration {
        let micros = usize::try_from(most.saturating_sub(least).as_micros()).unwrap();
        least + Duration::from_micros(u64::try_from(self.below(micros + 1)).unwrap())
    }

    /// A password that nobody has.
    pub fn password(&mut self) -> String {
        format!("quiet place {:016x}", self.next())
    }
}
