//! What verifying a trail found.

use std::fmt;

use crate::model::ChainPlace;
use crate::store::EventPlace;

/// One thing that is not as the seals say. It prints as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailFinding {
    /// The number of the seal it is about; `None` where it is about none.
    pub seal: Option<u64>,
    /// The event it is about; `None` where it is about none.
    pub event: Option<EventPlace>,
    /// What is wrong.
    pub what: TrailFlaw,
}

/// What can be wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailFlaw {
    /// The event is not what was sealed.
    EventAltered,
    /// The event was sealed and is not there, or cannot be read.
    EventRemoved,
    /// The event stands among those of the seal and was not sealed with them.
    EventInserted,
    /// The event stands before one that it stood behind.
    EventMoved,
    /// The event was gone, or damaged, before the seal could cover it.
    EventLost,
    /// The event is in no seal and does not wait for one.
    EventStray,
    /// The seal is not what its hash says.
    SealAltered,
    /// The seals from this number to that of the finding are not there, or cannot be read.
    SealsMissing(u64),
    /// The seal stands behind one of the same or a higher number.
    SealMisplaced,
    /// The seal was made over another one than stands before it.
    SealBroken,
    /// When the seal was made, the end of the chain before it was not proven by the master key.
    Unproven,
    /// The end of the chain is not proven by this master key.
    EndForged,
    /// Retention says that it removed other seals than are gone.
    StartForged,
    /// Lines stand where the end of the chain is said to be.
    AfterEnd,
    /// The seal that was expected has another hash.
    OtherHash,
    /// The chain does not reach the seal that was expected.
    Shorter,
    /// There are seals, and no record of where their chain ends.
    NoEnd,
    /// This record is damaged, or missing where another one promises it.
    Damaged(String),
    /// The line with this number is none of an export.
    Unreadable(u64),
    /// The export is cut off, or lines of it are missing.
    CutOff,
}

impl fmt::Display for TrailFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seal = self.seal.unwrap_or_default();
        let event = match self.event {
            Some(EventPlace { time, id }) => format!("event {id} of {time}"),
            None => "an event".to_owned(),
        };
        match &self.what {
            TrailFlaw::EventAltered => write!(f, "the {event} in seal {seal} was altered"),
            TrailFlaw::EventRemoved => {
                write!(f, "the {event} in seal {seal} is missing or damaged")
            }
            TrailFlaw::EventInserted => match self.seal {
                Some(seal) => write!(f, "the {event} was inserted among those of seal {seal}"),
                None => write!(f, "the {event} was inserted behind the last seal"),
            },
            TrailFlaw::EventMoved => write!(f, "the {event} in seal {seal} was moved"),
            TrailFlaw::EventLost => {
                write!(f, "the {event} was gone or damaged before seal {seal} could cover it")
            }
            TrailFlaw::EventStray => {
                write!(f, "the {event} is in no seal and waits for none: it was inserted")
            }
            TrailFlaw::SealAltered => write!(f, "seal {seal} was altered"),
            TrailFlaw::SealsMissing(first) if *first == seal => {
                write!(f, "seal {seal} is missing or damaged")
            }
            TrailFlaw::SealsMissing(first) => {
                write!(f, "the seals {first} to {seal} are missing or damaged")
            }
            TrailFlaw::SealMisplaced => write!(f, "seal {seal} stands out of order"),
            TrailFlaw::SealBroken => write!(f, "seal {seal} does not go on from the one before"),
            TrailFlaw::Unproven => write!(
                f,
                "seal {seal} goes on from a trail that its master key did not prove: what is \
                 before it was cut, forged, or made under another master key"
            ),
            TrailFlaw::EndForged => {
                write!(f, "the end of the chain at seal {seal} is not proven by the master key")
            }
            TrailFlaw::StartForged => {
                write!(f, "the chain begins behind seal {seal}, where retention left another begin")
            }
            TrailFlaw::AfterEnd => write!(f, "seal {seal} stands behind the end of the chain"),
            TrailFlaw::OtherHash => write!(f, "seal {seal} has another hash than was expected"),
            TrailFlaw::Shorter => {
                write!(f, "the chain ends before seal {seal}, which was expected: it was cut")
            }
            TrailFlaw::NoEnd => write!(f, "the record of where the chain ends is missing"),
            TrailFlaw::Damaged(what) => write!(f, "the record {what} is missing or damaged"),
            TrailFlaw::Unreadable(line) => write!(f, "line {line} is none of an export"),
            TrailFlaw::CutOff => write!(f, "the export is cut off, or lines of it are missing"),
        }
    }
}

/// What was seen. Bounded in memory however long the trail is.
#[derive(Debug, Clone, Default)]
pub struct TrailReport {
    /// Sealed events that were there.
    pub events: u64,
    /// Seals.
    pub seals: u64,
    /// Events that no seal covers yet.
    pub unsealed: u64,
    /// Behind the last seal that retention removed.
    pub start: ChainPlace,
    /// The end of the chain; `None` where nothing was sealed yet.
    pub end: Option<ChainPlace>,
    /// Whether the master key proves that; `None` where it was not there to ask.
    pub proven: Option<bool>,
    /// The first findings, at most [`TrailReport::MOST`].
    pub findings: Vec<TrailFinding>,
    /// How many there were in all.
    pub total: u64,
    /// What is no finding and worth knowing, at most as many.
    pub notes: Vec<String>,
}

impl TrailReport {
    /// How many findings, and how many notes, are kept.
    pub const MOST: usize = 100;

    pub(super) fn find(&mut self, finding: TrailFinding) {
        self.total += 1;
        if self.findings.len() < Self::MOST {
            self.findings.push(finding);
        }
    }

    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < Self::MOST {
            self.notes.push(note);
        }
    }
}
