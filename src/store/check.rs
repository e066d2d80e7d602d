//! The invariants of a store: what holds after every commit, whatever was interrupted.
//!
//! Only rules that always hold are here. Deleting a user leaves its sessions, links and their
//! marks to the sweep, so these may name a user who is gone; a list may name sessions that were
//! swept or put out, and a session that has ended may be on no list. What events, their seals and
//! the marks of those that wait say of each other is no rule here: a store whose audit trail
//! somebody has tampered with has to open, or nobody could look into it (`auth/trail`).

mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::engine::{Engine, Entry, MAX_COMMIT};
use super::layout::{Kind, Record};
use super::{Error, Store};

/// How much of a store is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// At most so many records of each kind, and so many unknown keys: bounded in time.
    Quick {
        /// The number of records.
        per_kind: usize,
    },
    /// Every record, in constant memory.
    Full,
}

/// One broken rule. It prints as a sentence; keys hold ids, names and addresses, no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Under which key, printable and cut to a bounded length.
    pub key: String,
    /// What is wrong there.
    pub what: Flaw,
}

/// What can be wrong with a key or its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The layout of keys does not know the key.
    Unknown,
    /// The record is not one of its kind in the format of this version.
    Damaged,
    /// The record says that it belongs under another key.
    Misplaced,
    /// The user it belongs to is not there.
    NoUser,
    /// The user it leads to has another name or address.
    OtherUser,
    /// The index entry under this key does not lead back to the user.
    NoEntry(String),
    /// It is of a later epoch than its user.
    LaterEpoch,
    /// The list of a user names a session of another user, or with another end.
    OtherSession,
    /// The list of a user names an API token of another user.
    OtherToken,
    /// A session, a link, an API token or what is left of a session without the mark by which it is swept.
    NoMark,
    /// A mark of a record that is not there or ends at another time.
    NothingMarked,
    /// The number of enabled administrators is another.
    Admins {
        /// The number in the record; zero without one.
        stored: u32,
        /// How many there are.
        counted: u32,
    },
    /// A restore that was begun was not finished.
    Unfinished,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.what {
            Flaw::Unknown => write!(f, "the key {key} is none that this version knows"),
            Flaw::Damaged => write!(f, "the record {key} is damaged"),
            Flaw::Misplaced => write!(f, "the record {key} belongs under another key"),
            Flaw::NoUser => write!(f, "the record {key} belongs to a user who is not there"),
            Flaw::OtherUser => write!(f, "the entry {key} leads to a user who has another one"),
            Flaw::NoEntry(entry) => {
                write!(f, "the entry {entry} does not lead to the record {key}")
            }
            Flaw::LaterEpoch => write!(f, "the record {key} is of a later epoch than its user"),
            Flaw::OtherSession => {
                write!(f, "the list {key} names a session of another user or with another end")
            }
            Flaw::OtherToken => write!(f, "the list {key} names an API token of another user"),
            Flaw::NoMark => write!(f, "the record {key} has no mark of when it may be swept"),
            Flaw::NothingMarked => {
                write!(f, "the mark {key} is of a record that is not there or ends otherwise")
            }
            Flaw::Admins { stored, counted } => write!(
                f,
                "the record {key} counts {stored} enabled administrators where there are {counted}"
            ),
            Flaw::Unfinished => {
                write!(f, "the record {key} says that a restore was not finished: restore again")
            }
        }
    }
}

/// What a check saw.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many records were looked at, by the first word of their keys.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first findings, at most [`Report::MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many findings there were in all.
    pub total: u64,
    /// Whether everything was looked at.
    pub is_whole: bool,
}

impl Report {
    /// How many findings are kept.
    pub const MAX_FINDINGS: usize = 100;

    /// Whether no rule was found broken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.total == 0
    }

    fn note(&mut self, key: &[u8], what: Flaw) {
        self.total += 1;
        if self.findings.len() < Self::MAX_FINDINGS {
            self.findings.push(Finding { key: printable(key), what });
        }
    }
}

/// A key as one line of bounded length.
fn printable(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    text.chars().take(300).flat_map(char::escape_debug).collect()
}

impl Store {
    /// Checks the rules. Meant for a store that nobody writes to: between the readings of a
    /// check a commit may make two records disagree that never did.
    ///
    /// # Errors
    /// When the store cannot answer; a damaged record is a finding.
    pub async fn check(&self, depth: Depth) -> Result<Report, Error> {
        let most = match depth {
            Depth::Quick { per_kind } => u64::try_from(per_kind).unwrap_or(u64::MAX),
            Depth::Full => u64::MAX,
        };
        let mut checker = Checker::new(self, most);
        checker.walk().await?;
        checker.finish();
        Ok(checker.report)
    }
}

/// A check under way.
struct Checker<'a> {
    engine: &'a dyn Engine,
    report: Report,
    /// How many records of each kind to look at.
    most: u64,
    unknown: u64,
    admins_stored: Option<u32>,
    admins_counted: u32,
    /// Whether a record that the count of administrators depends on cannot be read.
    is_blind: bool,
}

impl<'a> Checker<'a> {
    fn new(store: &'a Store, most: u64) -> Self {
        Self {
            engine: &*store.engine,
            report: Report { is_whole: true, ..Report::default() },
            most,
            unknown: 0,
            admins_stored: None,
            admins_counted: 0,
            is_blind: false,
        }
    }

    /// Goes through the keys in their order, and past what is left of a kind that was looked
    /// at enough.
    async fn walk(&mut self) -> Result<(), Error> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.engine.scan(b"", after.as_deref(), MAX_COMMIT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for entry in &page {
                if !self.visit(entry).await? {
                    self.report.is_whole = false;
                    let Some(kind) = Kind::of(&entry.key) else { return Ok(()) };
                    after = Some(end_of(kind));
                    break;
                }
            }
        }
    }

    /// Looks at one entry; false when enough of its kind were looked at before.
    async fn visit(&mut self, entry: &Entry) -> Result<bool, Error> {
        let kind = Kind::of(&entry.key);
        let seen = match kind {
            Some(kind) => self.report.counts.entry(kind.name()).or_default(),
            None => &mut self.unknown,
        };
        if *seen >= self.most {
            return Ok(false);
        }
        *seen += 1;
        let Some(kind) = kind else {
            self.report.note(&entry.key, Flaw::Unknown);
            return Ok(true);
        };
        match kind.read(entry) {
            Ok(record) if record.home().is_some_and(|home| home != entry.key) => {
                self.report.note(&entry.key, Flaw::Misplaced);
                self.is_blind |= matches!(record, Record::User(_));
            }
            Ok(record) => self.relations(&entry.key, record).await?,
            Err(_) => {
                self.report.note(&entry.key, Flaw::Damaged);
                self.is_blind |= ["user", "admins"].contains(&kind.name());
            }
        }
        Ok(true)
    }

    /// What can be said only after everything was seen.
    fn finish(&mut self) {
        let (stored, counted) = (self.admins_stored.unwrap_or(0), self.admins_counted);
        if self.report.is_whole && !self.is_blind && stored != counted {
            self.report.note(b"admins", Flaw::Admins { stored, counted });
        }
    }
}

/// A place behind every key of a kind: no key is as long.
fn end_of(kind: &Kind) -> Vec<u8> {
    let mut end = kind.prefix.as_bytes().to_vec();
    end.resize(super::engine::MAX_KEY + 1, 0xff);
    end
}
