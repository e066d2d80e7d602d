//! Bearer secrets as one word of letters and digits: a prefix by which scanners find them, the
//! bytes in base62, and a checksum by which a scanner, and we, know a typing error without a look
//! into the store. Each bytes have one word.

use std::iter;

use zeroize::Zeroizing;

use super::secret::Secret;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The digits of a CRC-32.
const CHECKSUM: usize = 6;

/// How many digits hold so many bytes: a digit is worth 5.954 bits.
const fn digits(bytes: usize) -> usize {
    (bytes * 8_000).div_ceil(5_954)
}

/// How long the word of so many bytes is.
pub(super) const fn length(prefix: &str, bytes: usize) -> usize {
    prefix.len() + digits(bytes) + CHECKSUM
}

/// The word of these bytes.
pub(super) fn write<const N: usize>(prefix: &str, bytes: &[u8; N]) -> Secret {
    let mut number = Zeroizing::new(*bytes);
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits(N)));
    reversed.extend(iter::repeat_with(|| digit(divide(&mut *number))).take(digits(N)));
    let mut word = String::with_capacity(length(prefix, N));
    word.push_str(prefix);
    word.extend(reversed.iter().rev());
    let checksum = checksum(&word);
    word.extend(checksum);
    Secret::new(word)
}

/// The bytes of a word; `None` for another prefix, length or letter, a number too large for the
/// bytes, and a checksum that does not fit.
pub(super) fn read<const N: usize>(prefix: &str, word: &str) -> Option<Zeroizing<[u8; N]>> {
    if word.len() != length(prefix, N) || !word.is_ascii() {
        return None;
    }
    let (said, given) = word.split_at(word.len() - CHECKSUM);
    if checksum(said) != *given.chars().collect::<Vec<_>>() {
        return None;
    }
    let mut number = Zeroizing::new([0; N]);
    for letter in said.strip_prefix(prefix)?.bytes() {
        let digit = DIGITS.iter().position(|known| *known == letter)?;
        append(&mut *number, u16::try_from(digit).ok()?)?;
    }
    Some(number)
}

fn digit(value: u16) -> char {
    DIGITS.get(usize::from(value)).map_or('0', |letter| char::from(*letter))
}

/// Divides a number in place by 62; the rest.
fn divide(number: &mut [u8]) -> u16 {
    number.iter_mut().fold(0, |rest, byte| {
        let part = rest << 8 | u16::from(*byte);
        // The rest is below 62, so the quotient is a byte.
        *byte = (part / 62).to_be_bytes()[1];
        part % 62
    })
}

/// Multiplies a number in place by 62 and adds `digit`; `None` when it does not fit.
fn append(number: &mut [u8], digit: u16) -> Option<()> {
    let carry = number.iter_mut().rev().fold(digit, |carry, byte| {
        let [high, low] = (u16::from(*byte) * 62 + carry).to_be_bytes();
        *byte = low;
        u16::from(high)
    });
    (carry == 0).then_some(())
}

/// The CRC-32 of a text in base62.
fn checksum(text: &str) -> [char; CHECKSUM] {
    let mut number = crc32(text.as_bytes()).to_be_bytes();
    let mut digits = [(); CHECKSUM].map(|()| digit(divide(&mut number)));
    digits.reverse();
    digits
}

/// CRC-32 as in IEEE 802.3, bit by bit: the texts are short.
fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    });
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "dk_x_";

    fn written(bytes: &[u8; 32]) -> String {
        write(PREFIX, bytes).expose().to_owned()
    }

    /// The check value that catalogues of CRCs give.
    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn a_word_is_of_one_length_and_reads_back() {
        for byte in [0, 1, 61, 62, 127, 255] {
            let word = written(&[byte; 32]);
            assert_eq!(word.len(), length(PREFIX, 32), "{word}");
            assert!(
                word.starts_with(PREFIX) && word[5..].bytes().all(|b| b.is_ascii_alphanumeric())
            );
            assert_eq!(*read::<32>(PREFIX, &word).unwrap(), [byte; 32]);
        }
        assert_eq!((digits(32), digits(48)), (43, 65));
    }

    #[test]
    fn a_number_that_does_not_fit_is_no_second_word_for_another() {
        let beyond = format!("{PREFIX}{}", "z".repeat(43));
        let beyond = format!("{beyond}{}", checksum(&beyond).iter().collect::<String>());
        assert!(read::<32>(PREFIX, &beyond).is_none());
    }

    #[test]
    fn every_changed_letter_is_found() {
        let word = written(&[0xa5; 32]);
        for at in 0..word.len() {
            let other = if &word[at..=at] == "0" { "1" } else { "0" };
            let changed = format!("{}{other}{}", &word[..at], &word[at + 1..]);
            assert!(read::<32>(PREFIX, &changed).is_none(), "{changed}");
        }
        for other in ["", PREFIX, &word[1..], &format!("{word}0"), &word.replace('_', "\u{e4}")] {
            assert!(read::<32>(PREFIX, other).is_none(), "{other}");
        }
        assert!(read::<32>("dk_y_", &word).is_none());
    }
}
