//! Which passwords are too weak to take. Length and lists, no rules of composition
//! (NIST SP 800-63B, 3.1.1.2).

use std::cmp::Ordering;
use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::normalize::normalize;
use crate::model::Password;

/// The most common passwords of at least 8 characters, in lower case and byte order, one a
/// line. Chosen by rank from the frequency lists that Django (`common-passwords.txt`, compiled
/// by Royce Williams from leaked passwords) and zxcvbn (`frequency_lists`, Dropbox) publish.
const COMMON: &[u8] = include_bytes!("common_passwords.txt");

/// The name of this product is no password either.
const PRODUCT: &str = "doorkey";

/// Why a password is refused; the sentence is meant for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer characters than the policy asks for.
    TooShort {
        /// What it asks for.
        min: usize,
    },
    /// More than [`PasswordPolicy::MAX_CHARS`] characters.
    TooLong,
    /// Among the first that an attacker tries, perhaps with something appended.
    Common,
    /// A name of the account, or of this product, perhaps with something appended.
    SameAsName,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min } => write!(f, "must have at least {min} characters"),
            Self::TooLong => {
                write!(f, "must have at most {} characters", PasswordPolicy::MAX_CHARS)
            }
            Self::Common => {
                f.write_str("must not be one of the most common passwords, or close to one")
            }
            Self::SameAsName => f.write_str("must not be a name of the account or of this service"),
        }
    }
}

impl std::error::Error for Weakness {}

/// How good a password has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The shortest one, in characters (code points): 8, or 15 where nothing but the password
    /// guards an account (NIST SP 800-63B, 3.1.1.2).
    pub min_chars: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_chars: Self::MIN_CHARS }
    }
}

impl PasswordPolicy {
    /// The least that a configuration may ask for, in characters.
    pub const MIN_CHARS: usize = 8;
    /// The longest password, in characters.
    pub const MAX_CHARS: usize = 256;

    /// Looks for a reason to refuse a new password. `names` are what the account is known by:
    /// the username and what stands before the `@` of its address.
    ///
    /// # Errors
    /// The first [`Weakness`] found.
    pub fn check(&self, password: &Password, names: &[&str]) -> Result<(), Weakness> {
        let text = normalize(password);
        let (length, min) = (text.chars().count(), self.min_chars.max(Self::MIN_CHARS));
        if length < min {
            return Err(Weakness::TooShort { min });
        }
        if length > Self::MAX_CHARS {
            return Err(Weakness::TooLong);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        if names.iter().chain(&[PRODUCT]).any(|name| is_name(&lower, name)) {
            return Err(Weakness::SameAsName);
        }
        if is_common(&lower) { Err(Weakness::Common) } else { Ok(()) }
    }
}

/// Whether it is `name`, or `name` with nothing but decoration after it, in any case.
fn is_name(password: &str, name: &str) -> bool {
    let name: String = name.nfc().collect::<String>().to_lowercase();
    let rest = if name.is_empty() { None } else { password.strip_prefix(&name) };
    rest.is_some_and(|rest| rest.chars().all(is_decoration))
}

/// Whether it is on the list as it stands, or with some of the decoration at its end cut off.
fn is_common(password: &str) -> bool {
    let mut rest = password;
    loop {
        if is_listed(rest.as_bytes()) {
            return true;
        }
        match rest.char_indices().next_back() {
            Some((at, last)) if is_decoration(last) => rest = &rest[..at],
            Some(_) | None => return false,
        }
    }
}

/// What people append to a weak password to make it look stronger.
fn is_decoration(c: char) -> bool {
    c.is_numeric() || c.is_ascii_punctuation() || c == ' '
}

/// Binary search over the lines, in place: the list costs its text and nothing more.
fn is_listed(word: &[u8]) -> bool {
    // Both are always the start of a line, or the end of the list.
    let (mut low, mut high) = (0, COMMON.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = COMMON[low..middle].iter().rposition(|b| *b == b'\n');
        let start = before.map_or(low, |at| low + at + 1);
        let after = COMMON[middle..].iter().position(|b| *b == b'\n');
        let end = after.map_or(COMMON.len(), |at| middle + at);
        match COMMON[start..end].cmp(word) {
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
            Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    const STANDARD: PasswordPolicy = PasswordPolicy { min_chars: 8 };

    fn check(text: &str) -> Result<(), Weakness> {
        let password = Password::try_from(Secret::new(text.to_owned())).unwrap();
        STANDARD.check(&password, &["ann", "ann.lee", "Zo\u{eb}-longname", ""])
    }

    fn words() -> impl Iterator<Item = &'static str> {
        std::str::from_utf8(COMMON).unwrap().lines()
    }

    /// PW-05, PW-06.
    #[test]
    fn the_list_is_sorted_lower_case_long_enough_and_small() {
        let words: Vec<_> = words().collect();
        assert!(words.len() >= 3_000, "{}", words.len());
        assert!(COMMON.len() <= 120 * 1024);
        assert!(words.is_sorted_by(|a, b| a < b), "each comes once, in byte order");
        for word in words {
            assert!(word.len() >= 8 && word.bytes().all(|b| b.is_ascii_graphic()), "{word}");
            assert_eq!(word, word.to_lowercase());
        }
    }

    #[test]
    fn every_word_of_the_list_is_found_and_its_neighbours_are_not() {
        for word in words() {
            assert!(is_listed(word.as_bytes()), "{word}");
        }
        let listed: std::collections::HashSet<_> = words().collect();
        for word in words().map(|word| format!("{word}\u{1}")) {
            assert!(!listed.contains(word.as_str()) && !is_listed(word.as_bytes()), "{word:?}");
        }
        for other in ["", "\n", "!", "~~~~~~~~~", "password\npassword1", "passwor"] {
            assert!(!is_listed(other.as_bytes()), "{other:?}");
        }
    }

    /// PW-05.
    #[test]
    fn a_common_password_is_refused_however_it_is_dressed() {
        let common =
            ["password", "PASSWORD", "PassWord", "password2026!", "Sunshine!!", "iloveyou 1"];
        for weak in
            common.into_iter().chain(["1234567890", "qwertyuiop", "Football123.", "trustno1!"])
        {
            assert_eq!(check(weak), Err(Weakness::Common), "{weak}");
        }
    }

    /// PW-05.
    #[test]
    fn a_name_of_the_account_or_the_product_is_refused() {
        for weak in ["ann12345", "ANN12345", "ann.lee1", "Ann.Lee!!", "doorkey1", "DoorKey2026!"] {
            assert_eq!(check(weak), Err(Weakness::SameAsName), "{weak}");
        }
        assert_eq!(check("ZOE\u{308}-LONGNAME1"), Err(Weakness::SameAsName));
        assert_eq!(check("ann and the whale"), Ok(()), "a name may be a part of it");
        assert_eq!(check("83650174926351"), Ok(()), "an empty name is no name");
    }

    /// PW-01, PW-02.
    #[test]
    fn length_is_counted_in_characters_after_normalization() {
        assert_eq!(check("gr\u{fc}n\u{df}eh"), Err(Weakness::TooShort { min: 8 }));
        assert_eq!(check("gru\u{308}n\u{df}eh"), Err(Weakness::TooShort { min: 8 }));
        assert_eq!(check("gr\u{fc}n\u{df}ehz"), Ok(()));
        assert_eq!(check("密碼密碼鑰匙門戶"), Ok(()));
        assert_eq!(check(&"鍵".repeat(256)), Ok(()));
        assert_eq!(check(&"k \u{e9}".repeat(86)), Err(Weakness::TooLong));
        assert_eq!(check(""), Err(Weakness::TooShort { min: 8 }));
    }

    /// PW-01.
    #[test]
    fn a_policy_may_ask_for_more_and_never_for_less() {
        let text = |text: &str| Password::try_from(Secret::new(text.to_owned())).unwrap();
        let nist = PasswordPolicy { min_chars: 15 };
        assert_eq!(nist.check(&text("fourteen chars"), &[]), Err(Weakness::TooShort { min: 15 }));
        assert_eq!(nist.check(&text("fifteen chars !"), &[]), Ok(()));
        let none = PasswordPolicy { min_chars: 0 };
        assert_eq!(none.check(&text("seven77"), &[]), Err(Weakness::TooShort { min: 8 }));
    }

    /// PW-03.
    #[test]
    fn no_rule_of_composition_is_imposed() {
        for good in
            ["correct horse battery staple", "    leading", "trailing    x", "🔑🚪🔑🚪🔑🚪🔑🚪"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_weakness_reads_as_a_sentence_after_the_field() {
        let short = Weakness::TooShort { min: 8 };
        assert_eq!(short.to_string(), "must have at least 8 characters");
        assert_eq!(Weakness::TooLong.to_string(), "must have at most 256 characters");
    }
}
