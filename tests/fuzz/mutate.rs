//! Good input made bad: a few changes to a seed, or bytes that never were one.

use crate::chance::Chance;

/// Nothing that is made is longer.
const LONGEST: usize = 96 * 1024;
/// Bytes at which parsers turn.
const EDGES: &[u8] = b"\0\t\n\r \"#%&'(),-./:;<=>?[\\]_{}\x7f\x80\xc3\xff09azAZ";
/// Numbers at which counters turn.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "-0",
    "1e3",
    "1.5",
    "255",
    "256",
    "65536",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999",
    "1e999",
];

/// Seeds, and words that mean something to the parser.
pub struct Stock {
    pub seeds: Vec<Vec<u8>>,
    pub words: &'static [&'static str],
}

impl Stock {
    /// The next input: mostly a seed with one to five changes, now and then arbitrary bytes.
    pub fn next(&self, chance: &mut Chance) -> Vec<u8> {
        if chance.one_in(24) {
            return arbitrary(chance, 200);
        }
        let mut bytes = self.seed(chance).to_vec();
        let most = 1 + chance.below(5);
        for _ in 0..=chance.below(most) {
            self.change(&mut bytes, chance);
            bytes.truncate(LONGEST);
        }
        bytes
    }

    fn seed(&self, chance: &mut Chance) -> &[u8] {
        &self.seeds[chance.below(self.seeds.len())]
    }

    fn change(&self, bytes: &mut Vec<u8>, chance: &mut Chance) {
        let (start, end) = range(bytes, chance);
        match chance.below(12) {
            0 => flip(bytes, chance),
            1 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = EDGES[chance.below(EDGES.len())];
                }
            }
            2 => drop(bytes.drain(start..end)),
            3 => bytes.truncate(start),
            4 => insert(bytes, start, &self.word(chance)),
            5 => drop(bytes.splice(start..end, self.word(chance))),
            6 => insert(bytes, start, &arbitrary(chance, 8)),
            7 => {
                let copy = bytes[start..end].repeat(1 + chance.below(3));
                insert(bytes, end, &copy);
            }
            8 => self.splice(bytes, chance),
            9 => number(bytes, chance),
            10 => bytes[start..end].reverse(),
            _ => {
                let times = 1 << chance.below(12);
                let copy = bytes[start..end.min(start + 8)].repeat(times);
                insert(bytes, start, &copy);
            }
        }
    }

    fn word(&self, chance: &mut Chance) -> Vec<u8> {
        match self.words.len() {
            0 => arbitrary(chance, 4),
            n => self.words[chance.below(n)].as_bytes().to_vec(),
        }
    }

    /// The beginning of one and the end of another.
    fn splice(&self, bytes: &mut Vec<u8>, chance: &mut Chance) {
        let other = self.seed(chance);
        let (cut, from) = (chance.below(bytes.len() + 1), chance.below(other.len() + 1));
        bytes.truncate(cut);
        bytes.extend_from_slice(&other[from..]);
    }
}

/// Bytes that nobody chose.
pub fn arbitrary(chance: &mut Chance, most: usize) -> Vec<u8> {
    let length = chance.below(most + 1);
    (0..length).map(|_| low_byte(chance)).collect()
}

fn low_byte(chance: &mut Chance) -> u8 {
    chance.next().to_le_bytes()[0]
}

/// A stretch of the bytes, mostly a short one.
fn range(bytes: &[u8], chance: &mut Chance) -> (usize, usize) {
    let start = chance.below(bytes.len() + 1);
    let most = if chance.one_in(4) { bytes.len() } else { 16 };
    (start, (start + chance.below(most + 1)).min(bytes.len()))
}

fn flip(bytes: &mut [u8], chance: &mut Chance) {
    if !bytes.is_empty() {
        let at = chance.below(bytes.len());
        bytes[at] ^= 1 << chance.below(8);
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    drop(bytes.splice(at..at, new.iter().copied()));
}

/// Another number in the place of one that is there.
fn number(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let places: Vec<usize> = (0..bytes.len()).filter(|at| digit(&bytes[*at])).collect();
    if places.is_empty() {
        return;
    }
    let at = places[chance.below(places.len())];
    let start = bytes[..at].iter().rposition(|byte| !digit(byte)).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(|byte| !digit(byte)).map_or(bytes.len(), |n| at + n);
    let new = NUMBERS[chance.below(NUMBERS.len())].bytes();
    drop(bytes.splice(start..end, new));
}
