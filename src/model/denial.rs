//! Why one request was refused, with what may be told of it to an administrator.

use std::fmt;

use super::id::{SessionId, UserId};
use super::rule::Rule;

/// The longest text about one refusal, in bytes.
const MOST_DETAIL: usize = 200;

/// Why one request was refused. It holds no secret and no name that a person typed at a login;
/// it goes beside the error, never to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    rule: Rule,
    // Most refusals have a rule and no more, and cost no allocation.
    more: Option<Box<More>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    detail: Option<Box<str>>,
    user: Option<UserId>,
    session: Option<SessionId>,
}

impl From<Rule> for Denial {
    fn from(rule: Rule) -> Self {
        Self { rule, more: None }
    }
}

impl Denial {
    /// The most bytes that one holds besides itself.
    pub const MOST_BYTES: usize = size_of::<More>() + MOST_DETAIL;

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// What is special about this occurrence, in words of ours or cut short.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.more.as_ref()?.detail.as_deref()
    }

    /// The account it is about: the proven caller's, or the one that a refused login named.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.more.as_ref()?.user
    }

    /// The session it is about, when it was proven.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.more.as_ref()?.session
    }

    /// Adds what is special about this occurrence: at most 200 bytes of it, without control
    /// characters.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.more().detail = Some(clip(&detail.to_string(), MOST_DETAIL).into());
        self
    }

    /// Adds whom it is about; what is known already stays.
    #[must_use]
    pub fn about(mut self, user: Option<UserId>, session: Option<SessionId>) -> Self {
        if user.is_some() || session.is_some() {
            let more = self.more();
            more.user = more.user.or(user);
            more.session = more.session.or(session);
        }
        self
    }

    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }
}

/// At most `most` bytes of the text, with a mark where it was cut; what cannot be printed is
/// replaced.
fn clip(text: &str, most: usize) -> String {
    const CUT: &str = "…";
    let mut clipped = String::new();
    for c in text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }) {
        if clipped.len() + c.len_utf8() + CUT.len() > most {
            clipped.push_str(CUT);
            break;
        }
        clipped.push(c);
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_one_line_and_cut() {
        let denial = |text: &str| Denial::from(Rule::OriginForeign).with_detail(text);
        assert_eq!(denial("Origin: a\r\nb").detail(), Some("Origin: a\u{fffd}\u{fffd}b"));
        for text in ["x".repeat(5_000), "\u{1f600}".repeat(5_000)] {
            let denial = denial(&text);
            let kept = denial.detail().unwrap();
            assert!(kept.len() <= MOST_DETAIL && kept.ends_with('…'), "{kept}");
        }
    }

    #[test]
    fn what_is_known_of_whom_it_is_about_stays() {
        let (one, other) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let denial = Denial::from(Rule::PasswordWrong).about(Some(one), None);
        assert_eq!(denial.about(Some(other), None).user(), Some(one));
    }
}
