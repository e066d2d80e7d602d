//! The text form of an argon2 hash: `$argon2id$v=19$m=..,t=..,p=..$salt$hash` (the PHC string
//! format), written in one way and read as strictly. Ours are argon2id; argon2i and argon2d are
//! read because other systems have them.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Argon2Params;
use super::memory::{Memory, NoMemory};

/// Longer than any text that is read: 64 bytes of salt, 64 of hash, three full numbers.
const MAX_TEXT: usize = 256;
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
const OUTPUT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// One argon2 hash with all that is needed to make it again.
#[derive(Clone)]
pub(super) struct Phc {
    pub(super) algorithm: Algorithm,
    pub(super) params: Argon2Params,
    pub(super) salt: Vec<u8>,
    pub(super) output: Zeroizing<Vec<u8>>,
}

impl Phc {
    /// Reads a stored hash. `None` for another function, version, order or spelling, and for
    /// salts and hashes that are too short or too long.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let short = Some(text).filter(|text| text.len() <= MAX_TEXT)?;
        let (name, fields) = short.strip_prefix('$')?.split_once("$v=19$")?;
        let algorithm = Algorithm::new(name).ok()?;
        let mut fields = fields.split('$');
        let params = parse_params(fields.next()?)?;
        let salt = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
        let output = Zeroizing::new(STANDARD_NO_PAD.decode(fields.next()?).ok()?);
        let fits = SALT_BYTES.contains(&salt.len()) && OUTPUT_BYTES.contains(&output.len());
        (fits && fields.next().is_none()).then_some(Self { algorithm, params, salt, output })
    }

    /// The text to store.
    pub(super) fn to_text(&self) -> String {
        let Argon2Params { memory_kib, iterations, parallelism } = self.params;
        let salt = STANDARD_NO_PAD.encode(&self.salt);
        let output = STANDARD_NO_PAD.encode(self.output.as_slice());
        let name = self.algorithm.as_str();
        format!("${name}$v=19$m={memory_kib},t={iterations},p={parallelism}${salt}${output}")
    }

    /// The hash of `password` made now, in full, with these parameters, salt and length.
    ///
    /// # Errors
    /// [`NoMemory`]; within it what argon2 itself refuses.
    pub(super) fn derive(
        &self,
        password: &str,
        memory: &Memory,
    ) -> Result<Result<Zeroizing<Vec<u8>>, argon2::Error>, NoMemory> {
        let Argon2Params { memory_kib, iterations, parallelism } = self.params;
        let length = self.output.len();
        let params = match Params::new(memory_kib, iterations, parallelism, Some(length)) {
            Ok(params) => params,
            Err(error) => return Ok(Err(error)),
        };
        let blocks = params.block_count();
        let argon2 = Argon2::new(self.algorithm, Version::V0x13, params);
        let mut output = Zeroizing::new(vec![0; length]);
        let derived = memory.with(blocks, |blocks| {
            let (password, salt) = (password.as_bytes(), self.salt.as_slice());
            argon2.hash_password_into_with_memory(password, salt, &mut output, blocks)
        })?;
        Ok(derived.map(|()| output))
    }

    /// Whether `password` has this hash; the comparison takes the same time wherever they differ.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub(super) fn matches(&self, password: &str, memory: &Memory) -> Result<bool, NoMemory> {
        let made = self.derive(password, memory)?;
        Ok(made.is_ok_and(|made| made.ct_eq(&self.output).into()))
    }
}

fn parse_params(text: &str) -> Option<Argon2Params> {
    let mut fields = text.split(',');
    let mut number = |name: &str| parse_number(fields.next()?.strip_prefix(name)?);
    let (memory_kib, iterations, parallelism) = (number("m=")?, number("t=")?, number("p=")?);
    let params = Argon2Params { memory_kib, iterations, parallelism };
    // argon2 needs two blocks for each of a lane's four slices.
    let known = iterations > 0 && parallelism > 0 && memory_kib / 8 >= parallelism;
    (known && fields.next().is_none()).then_some(params)
}

/// Decimal digits without a sign and without leading zeros: one spelling for one number.
pub(super) fn parse_number(text: &str) -> Option<u32> {
    let digits =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    /// RFC 9106, 5.3.
    #[test]
    fn argon2id_is_the_published_one() {
        let data = argon2::AssociatedData::new(&[4; 12]).unwrap();
        let params = argon2::ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build();
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let argon2 = Argon2::new_with_secret(&[3; 8], algorithm, version, params.unwrap()).unwrap();
        let (mut tag, memory) = ([0; 32], Memory::new(32, 32));
        memory
            .with(32, |m| argon2.hash_password_into_with_memory(&[1; 32], &[2; 16], &mut tag, m))
            .unwrap()
            .unwrap();
        let known = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(tag.map(|b| format!("{b:02x}")).concat(), known);
    }

    /// A string of the reference implementation's own tests.
    #[test]
    fn a_hash_of_the_reference_implementation_reads_verifies_and_writes_back() {
        let phc = Phc::parse(KNOWN).unwrap();
        assert_eq!(phc.matches("password", &Memory::new(256, 256)), Ok(true));
        assert_eq!(phc.matches("Password", &Memory::new(256, 256)), Ok(false));
        assert_eq!(phc.to_text(), KNOWN);
    }

    #[test]
    fn memory_that_held_another_hash_changes_nothing() {
        let (phc, memory) = (Phc::parse(KNOWN).unwrap(), Memory::new(256, 256));
        assert_eq!(phc.matches("another", &memory), Ok(false));
        assert_eq!(phc.matches("password", &memory), Ok(true));
        assert_eq!(phc.matches("password", &Memory::new(256, 8)), Ok(true), "bigger than usual");
        assert_eq!(phc.matches("password", &Memory::new(255, 8)), Err(NoMemory));
    }

    /// PW-18.
    #[test]
    fn another_spelling_is_not_read() {
        let long = format!("{KNOWN}{}", "A".repeat(300));
        let changes = [
            ("argon2id", "ARGON2ID"),
            ("v=19", "v=16"),
            ("v=19$", ""),
            ("m=256,t=2", "t=2,m=256"),
            ("m=256", "m=+256"),
            ("m=256", "m=0256"),
            ("m=256", "m=-1"),
            ("m=256", "m="),
            ("m=256", "m=7"),
            ("m=256", "m=99999999999"),
            ("t=2", "t=0"),
            ("p=1", "p=0"),
            ("p=1", "p=33"),
            ("p=1", "p=1,keyid=AAAA"),
            ("p=1", "p=1,"),
            ("c29tZXNhbHQ", "c29tZXM"),
            ("c29tZXNhbHQ", "c29tZXNhbHR"),
            ("c29tZXNhbHQ", "c29tZXNhbHQ="),
            ("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "nf65EOgL"),
            ("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", ""),
            ("Gi/4", "Gi/4$"),
            ("Gi/4", "Gi/4\n"),
            ("$argon2id", "argon2id"),
        ];
        for (from, to) in changes {
            let text = KNOWN.replacen(from, to, 1);
            assert_ne!(text, KNOWN);
            assert!(Phc::parse(&text).is_none(), "{text}");
        }
        for text in ["", "$", "$argon2id$v=19$", "$2b$10$abcdefghijklmnopqrstuv", "x\0", &long] {
            assert!(Phc::parse(text).is_none(), "{text:?}");
        }
    }
}
