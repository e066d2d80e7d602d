//! scrypt (RFC 7914) as a PHC string: `$scrypt$ln=16,r=8,p=1$salt$hash`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scrypt::Params;
use zeroize::Zeroizing;

use super::super::memory::{Memory, NoMemory};
use super::super::phc::parse_number;
use super::{BadHash, equal, fields};

/// The most memory times lanes, in bytes: the work is in proportion to it.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// What the lanes and a copy of one may take beside it, uncounted.
const SMALL_BYTES: u64 = 64 * 1024;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

pub(in crate::crypto::password) struct Scrypt {
    params: Params,
    memory: usize,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Scrypt {
    pub(super) fn parse(text: &str) -> Result<Self, BadHash> {
        let [params, salt, output] = fields(text)?;
        let (log_n, r, p) = numbers(params).ok_or(BadHash::Unknown)?;
        let lane = 128_u64.checked_mul(u64::from(r));
        let main = lane.and_then(|lane| lane.checked_mul(1_u64.checked_shl(u32::from(log_n))?));
        let work = main.and_then(|main| main.checked_mul(u64::from(p)));
        let (Some(lane), Some(main), Some(_)) =
            (lane, main, work.filter(|work| log_n < 32 && *work <= MOST_BYTES))
        else {
            return Err(BadHash::TooDear);
        };
        let memory = main + lane.saturating_mul(u64::from(p) + 1).saturating_sub(SMALL_BYTES);
        let memory = usize::try_from(memory).map_err(|_| BadHash::TooDear)?;
        let params = Params::new(log_n, r, p).map_err(|_| BadHash::Unknown)?;
        let [salt, output] = [salt, output].map(|text| STANDARD_NO_PAD.decode(text));
        let output = output.ok().filter(|output| OUTPUT_BYTES.contains(&output.len()));
        let (salt, output) = salt.ok().zip(output).ok_or(BadHash::Unknown)?;
        Ok(Self { params, memory, salt, output })
    }

    /// The memory of one, in bytes: the lanes are worked off one after the other.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    pub(super) fn matches(&self, password: &[u8], memory: &Memory) -> Result<bool, NoMemory> {
        let mut made = Zeroizing::new(vec![0; self.output.len()]);
        let derive = || scrypt::scrypt(password, &self.salt, &self.params, &mut made);
        let derived = memory.beside(self.memory, derive)?;
        Ok(derived.is_ok() && equal(&made, &self.output))
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
