//! As much DER (X.690) as it takes to open a PKCS#8 that aws-lc has read before.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The private key inside a PKCS#8 (RFC 5208, 5), which is the form jsonwebtoken wants for RSA;
/// `None` when it is none.
pub(super) fn private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let (fields, _) = element(SEQUENCE, pkcs8)?;
    let (_version, fields) = element(INTEGER, fields)?;
    let (_algorithm, fields) = element(SEQUENCE, fields)?;
    let (key, _) = element(OCTET_STRING, fields)?;
    Some(key)
}

/// The content of the first element, which must have this tag, and what follows it.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return rest.split_at_checked(usize::from(*first));
    }
    // The long form: so many bytes of length follow. Three are enough for any key.
    let count = Some(usize::from(first & 0x7f)).filter(|count| (1..=3).contains(count))?;
    let (digits, rest) = rest.split_at_checked(count)?;
    let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_key_is_found_and_damage_is_none() {
        let short = [0x30, 8, 2, 1, 0, 0x30, 0, 4, 1, 7];
        assert_eq!(private_key(&short), Some(&[7][..]));
        let long = [&[0x30, 0x82, 0, 9, 2, 1, 0, 0x30, 0, 4, 0x81, 1, 9][..], &[1, 2]].concat();
        assert_eq!(private_key(&long), Some(&[9][..]));
        for cut in 0..short.len() {
            assert_eq!(private_key(&short[..cut]), None, "cut at {cut}");
        }
        for bad in [&[0x31, 8, 2, 1, 0][..], &[0x30, 0x80], &[0x30, 0x84, 0, 0, 0, 1, 0]] {
            assert_eq!(private_key(bad), None, "{bad:?}");
        }
    }
}
