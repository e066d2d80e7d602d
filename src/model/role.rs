//! Roles: what an account may reach.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A role: a word in `[a-z][a-z0-9_-]{0,31}`. Which ones exist is declared in `auth.toml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(String);

/// A word that cannot name a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARole;

impl fmt::Display for NotARole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role is a word of a-z, 0-9, _ and -, starts with a letter, and has at most 32 characters")
    }
}

impl std::error::Error for NotARole {}

impl Role {
    /// The longest name.
    pub const MAX: usize = 32;

    /// The role that may administer; always declared.
    #[must_use]
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The role of a new account; always declared.
    #[must_use]
    pub fn user() -> Self {
        Self("user".to_owned())
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Role {
    type Error = NotARole;
    fn try_from(word: String) -> Result<Self, NotARole> {
        let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let good = word.len() <= Self::MAX
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(tail);
        if good { Ok(Self(word)) } else { Err(NotARole) }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The roles of an account, in the order of their names, each once.
pub type Roles = BTreeSet<Role>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_a_short_plain_word() {
        for good in ["admin", "a", "site-editor_2", &"a".repeat(32)] {
            assert!(Role::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "Admin", "2x", "-a", "a b", "ä", "a\n", &"a".repeat(33)] {
            assert_eq!(Role::try_from(bad.to_owned()), Err(NotARole), "{bad:?}");
        }
    }
}
