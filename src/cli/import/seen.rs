//! Which names, addresses and ids a file had so far. The store knows nothing of them while a
//! file is only checked.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value;

use crate::cli::lines::Refused;
use crate::model::{Email, LoginName};

/// Sixteen bytes for each, whatever its length: of a million lines no two are taken for one.
#[derive(Default)]
pub(super) struct Seen {
    keys: [RandomState; 2],
    seen: HashSet<(u64, u64)>,
}

impl Seen {
    /// The line again, unless it names what an earlier one did. A line that is no JSON is left to
    /// the server, which says what is wrong with it.
    pub(super) fn check(&mut self, line: String) -> Result<String, Refused> {
        let user: Value = serde_json::from_str(&line).unwrap_or_default();
        let text = |member: &str| user[member].as_str();
        let name = text("username").and_then(|name| LoginName::try_from(name).ok());
        let email = text("email").and_then(|email| Email::try_from(email).ok());
        let all = [
            ("username", name.map(|name| name.as_str().to_owned())),
            ("email", email.map(|email| email.canonical())),
            ("id", text("id").map(str::to_owned)),
        ];
        let mut repeated = None;
        for (field, value) in all {
            let Some(value) = value else { continue };
            if !self.seen.insert(self.digest(field, &value)) {
                repeated = repeated.or(Some(field));
            }
        }
        match repeated {
            Some(field) => Err(Refused::new(field, "is that of an earlier line")),
            None => Ok(line),
        }
    }

    fn digest(&self, field: &str, value: &str) -> (u64, u64) {
        let [one, two] = &self.keys;
        (one.hash_one((field, value)), two.hash_one((field, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_line_has_is_refused_in_every_spelling() {
        let mut seen = Seen::default();
        let mut field = |line: &str| seen.check(line.to_owned()).err().map(|r| r.field);
        assert_eq!(field(r#"{"username":"ann","email":"a@b","id":"x"}"#), None);
        assert_eq!(field(r#"{"username":"ANN"}"#).as_deref(), Some("username"));
        assert_eq!(field(r#"{"username":"bob","email":"A@B"}"#).as_deref(), Some("email"));
        assert_eq!(field(r#"{"username":"cid","id":"x"}"#).as_deref(), Some("id"));
        assert_eq!(field(r#"{"username":"x","email":null}"#), None);
        assert_eq!(field("not json"), None);
        assert_eq!(field("not json"), None);
    }
}
