//! scrypt (RFC 7914) as a PHC string: `$scrypt$ln=16,r=8,p=1$salt$hash`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scrypt::Params;
use zeroize::Zeroizing;

use super::super::phc::parse_number;
use super::super::pool::with_own_memory;
use super::{BadHash, equal, fields};

/// The most memory times lanes, in bytes: the work is in proportion to it.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

pub(in crate::crypto::password) struct Scrypt {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Scrypt {
    pub(super) fn parse(text: &str) -> Result<Self, BadHash> {
        let [params, salt, output] = fields(text)?;
        let (log_n, r, p) = numbers(params).ok_or(BadHash::Unknown)?;
        let work = 1_u64.checked_shl(u32::from(log_n)).and_then(|n| n.checked_mul(128));
        let work = work.and_then(|w| w.checked_mul(u64::from(r))?.checked_mul(u64::from(p)));
        if log_n >= 32 || work.is_none_or(|work| work > MOST_BYTES) {
            return Err(BadHash::TooDear);
        }
        let params = Params::new(log_n, r, p).map_err(|_| BadHash::Unknown)?;
        let [salt, output] = [salt, output].map(|text| STANDARD_NO_PAD.decode(text));
        let output = output.ok().filter(|output| OUTPUT_BYTES.contains(&output.len()));
        let (salt, output) = salt.ok().zip(output).ok_or(BadHash::Unknown)?;
        Ok(Self { params, salt, output })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut made = Zeroizing::new(vec![0; self.output.len()]);
        let derive = || scrypt::scrypt(password, &self.salt, &self.params, &mut made);
        with_own_memory(derive).is_ok() && equal(&made, &self.output)
    }
}

/// `ln`, `r` and `p`, none of them zero.
fn numbers(text: &str) -> Option<(u8, u32, u32)> {
    let mut fields = text.split(',');
    let mut number = |name: &str| parse_number(fields.next()?.strip_prefix(name)?);
    let (log_n, r, p) = (number("ln=")?, number("r=")?, number("p=")?);
    let log_n = u8::try_from(log_n).ok()?;
    (log_n > 0 && r > 0 && p > 0 && fields.next().is_none()).then_some((log_n, r, p))
}
