//! The names an account has: to log in with, to be written to, and to be shown by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name an account logs in with: `[a-z0-9][a-z0-9._-]{0,63}`, kept in lower case, so that
/// `Alice` and `alice` are one account. It cannot hold `@` and so never looks like an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoginName(String);

/// Why a text is refused as a name or an address; the sentence is meant for the person who
/// typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadName(pub &'static str);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadName {}

/// Names that nobody may register for themselves, because they look like the house speaks.
const RESERVED: [&str; 12] = [
    "admin",
    "administrator",
    "anonymous",
    "doorkey",
    "me",
    "null",
    "operator",
    "root",
    "self",
    "support",
    "system",
    "undefined",
];

impl LoginName {
    /// The longest name.
    pub const MAX: usize = 64;

    /// The name as text, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether self-registration refuses it; an administrator may still give it.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.0.as_str())
    }
}

impl TryFrom<&str> for LoginName {
    type Error = BadName;
    /// ASCII only, so that no case folding of other scripts maps onto it.
    fn try_from(text: &str) -> Result<Self, BadName> {
        let tail = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > Self::MAX {
            return Err(BadName("must have 1 to 64 characters"));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(BadName("must start with a letter a-z or a digit"));
        }
        if !text.chars().all(tail) {
            return Err(BadName("may hold only the letters a-z, digits, and . _ -"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for LoginName {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::try_from(text.as_str())
    }
}

impl From<LoginName> for String {
    fn from(name: LoginName) -> Self {
        name.0
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address as its owner writes it, compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The longest address (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX: usize = 254;

    /// The address, its domain in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which it is unique and found.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

impl TryFrom<&str> for Email {
    type Error = BadName;
    /// The plain form only: ASCII, one `@`, a dotted or single-label domain, no quotes, no
    /// comments, no control characters.
    fn try_from(text: &str) -> Result<Self, BadName> {
        const BAD: BadName = BadName("must be an e-mail address like name@example.org");
        if text.len() > Self::MAX {
            return Err(BadName("must have at most 254 characters"));
        }
        let (local, domain) = text.split_once('@').ok_or(BAD)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        let local_good = !local.is_empty() && local.len() <= 64 && local.chars().all(atom) && !dots;
        if local_good && domain.split('.').all(label) {
            Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(BAD)
        }
    }
}

impl TryFrom<String> for Email {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::try_from(text.as_str())
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// Declares names that are shown to people, each with its own bound.
macro_rules! shown {
    ($($(#[$doc:meta])* $name:ident($max:literal, $sentence:literal);)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest name, in characters.
            pub const MAX: usize = $max;
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                if text.trim().is_empty() || text.chars().count() > Self::MAX {
                    return Err(BadName($sentence));
                }
                if text.chars().any(|c| c.is_control() || is_deceptive(c)) {
                    return Err(BadName("must hold no control or invisible characters"));
                }
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )+};
}

shown! {
    /// The name a person is shown by: 1 to 128 characters, none of them invisible or a control.
    DisplayName(128, "must have 1 to 128 characters");
    /// What a user calls an API token: 1 to 64 characters, none of them invisible or a control.
    TokenName(64, "must have 1 to 64 characters");
}

/// Zero-width and direction-changing characters, which make one name look like another.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_plain_ascii_in_lower_case() {
        for (given, kept) in [("alice", "alice"), ("Alice", "alice"), ("0.a_B-c", "0.a_b-c")] {
            assert_eq!(LoginName::try_from(given).unwrap().as_str(), kept);
        }
        let long = "a".repeat(65);
        let bad = [
            "",
            " alice",
            "alice ",
            "al ice",
            ".a",
            "_a",
            "a@b",
            "a/b",
            "a\0",
            "a\u{7f}",
            "a\u{85}",
            "\u{430}dmin",
            "ａ",
            "a\u{200b}",
            "a\u{202e}b",
            "\u{130}",
            "ß",
            "\u{212a}",
            &long,
        ];
        for name in bad {
            assert!(LoginName::try_from(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_email_has_one_at_and_no_tricks() {
        let email = Email::try_from("Ann.Lee@Example.ORG").unwrap();
        assert_eq!(email.as_str(), "Ann.Lee@example.org");
        assert_eq!(email.canonical(), "ann.lee@example.org");
        assert_eq!(email.local_part(), "Ann.Lee");
        let long = format!("{}@example.org", "a".repeat(250));
        let bad = [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "\"a\"@b",
            "a@b\r\nBcc: c",
            "a@b..c",
            "a.@b",
            ".a@b",
            "a..b@c",
            "a@-b",
            "a@b-",
            "a@b_c",
            "ä@b",
            "a@[::1]",
            &long,
        ];
        for address in bad {
            assert!(Email::try_from(address).is_err(), "{address:?}");
        }
    }

    #[test]
    fn a_display_name_hides_nothing() {
        assert!(DisplayName::try_from("Ann Lée 李".to_owned()).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "\u{200b}", &"a".repeat(129)] {
            assert!(DisplayName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
