//! What the journals and snapshots of a data folder hold, and whether the index agrees with them.

use std::cmp::Ordering;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::db::{checked, open_sled};
use super::history::{History, Numbered, Point};
use super::known::marked;
use super::reach::Past;
use super::replay::Ending;
use super::{OpenError, Sled, archive, files, index, layout};
use crate::model::Timestamp;

/// A journal or a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryFile {
    /// Its name in the folder of the journals.
    pub name: String,
    /// Whether it is a snapshot.
    pub is_snapshot: bool,
    /// The number of the last commit in it; `None` when it holds none.
    pub last: Option<u64>,
    /// When that one happened.
    pub until: Option<Timestamp>,
    /// Its length in bytes.
    pub bytes: u64,
    /// What is wrong with it; `None` when nothing is.
    pub damage: Option<String>,
}

/// What a store can be taken back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The earliest state; `None` when nothing can be had.
    pub from: Option<Point>,
    /// The last one.
    pub to: Option<Point>,
    /// Where something between them, or after them, cannot be had.
    pub gaps: Vec<Gap>,
    /// The files that this rests on, the oldest first.
    pub files: Vec<HistoryFile>,
}

/// Commits that happened and are damaged or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The last state before it.
    pub after: Point,
    /// The first one that can be had again after it; `None` when there is none.
    pub next: Option<Point>,
}

/// Reads all journals and snapshots of a data folder; a running server is not disturbed.
///
/// # Errors
/// [`OpenError::Io`] when the folder cannot be read.
pub fn history(data: &Path) -> Result<Reach, OpenError> {
    let folder = files::journals_path(data);
    let io = OpenError::io("look into the folder", &folder);
    let history = History::list(&folder).map_err(io)?;
    let past = Past::read(&history, marked(data)?.unwrap_or(0), &mut |_| {})?;
    let mut files: Vec<HistoryFile> = history.snapshots.iter().map(snapshot_file).collect();
    files.extend(history.journals.iter().map(|journal| journal_file(&folder, journal)));
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let stretches = &past.stretches;
    let next = stretches.iter().skip(1).map(|next| Some(next.first)).chain([None]);
    let broken = stretches.iter().zip(next).filter(|(stretch, _)| stretch.is_broken);
    let gaps = broken.map(|(stretch, next)| Gap { after: stretch.last, next }).collect();
    let from = stretches.first().map(|stretch| stretch.first);
    Ok(Reach { from, to: stretches.last().map(|stretch| stretch.last), gaps, files })
}

fn snapshot_file(snapshot: &Numbered) -> HistoryFile {
    let verified = archive::verify(&snapshot.path);
    let end = verified.as_ref().ok().map(|(_, end)| *end);
    HistoryFile {
        name: name(&snapshot.path),
        is_snapshot: true,
        last: end.map(|end| end.sequence),
        until: end.map(|end| end.time),
        bytes: snapshot.bytes(),
        damage: verified.err().map(|error| error.to_string()),
    }
}

fn journal_file(folder: &Path, journal: &Numbered) -> HistoryFile {
    let alone = History {
        folder: folder.to_owned(),
        journals: vec![journal.clone()],
        snapshots: Vec::new(),
    };
    let replayed = alone.replay(journal.first, &mut |_| Ok(ControlFlow::Continue(())));
    let (last, until, damage) = match replayed {
        Ok(replayed) => {
            let damage = match replayed.ending {
                Ending::Damaged(tail) => Some(format!("it is damaged at byte {}", tail.good)),
                Ending::Missing(commit) => Some(format!("the commit {commit} is missing in it")),
                Ending::Whole(_) | Ending::Torn(_) | Ending::Stopped => None,
            };
            (replayed.time.map(|_| replayed.last), replayed.time, damage)
        }
        Err(error) => (None, None, Some(error.to_string())),
    };
    let bytes = journal.bytes();
    HistoryFile { name: name(&journal.path), is_snapshot: false, last, until, bytes, damage }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Sled {
    /// Makes the index once more beside the one in use and compares the two, record by record.
    /// Gives a sentence for each of the first differences. Nobody may write meanwhile. It takes
    /// the time and the space of a second index.
    ///
    /// # Errors
    /// [`OpenError`] when snapshots and journals give no index.
    pub fn compare_index(&self) -> Result<Vec<String>, OpenError> {
        let data = &self.shared.data;
        let folder = files::journals_path(data);
        let io = OpenError::io("look into the folder", &folder);
        let history = History::list(&folder).map_err(io)?;
        let second = files::unfinished(&data.join("verify"));
        files::remove(&second)?;
        let cache = self.shared.options.cache_bytes;
        let least = self.shared.committed().durable;
        let compared = index::build(&history, &second, cache)
            .and_then(|made| made.end(least).map(drop))
            .and_then(|()| open_sled(&second, cache))
            .and_then(|db| {
                let live = self.shared.live.tree().map_err(io::Error::other);
                let live = live.map_err(OpenError::io("read the store in", data))?;
                checked(data, || compare(&live.0, &db))
            });
        files::remove(&second)?;
        compared
    }
}

/// So many differences are told.
const TOLD: usize = 10;

fn compare(live: &sled::Tree, made: &sled::Tree) -> sled::Result<Vec<String>> {
    let (mut live, mut made) = (live.iter(), made.iter());
    let (mut one, mut other) = (live.next().transpose()?, made.next().transpose()?);
    let mut found = Vec::new();
    while found.len() < TOLD {
        let order = match (&one, &other) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        match order {
            Ordering::Less => {
                found.extend(told(one.as_ref(), "is in the index and not in the journal"));
            }
            Ordering::Greater => {
                found.extend(told(other.as_ref(), "is in the journal and not in the index"));
            }
            Ordering::Equal if one != other => {
                found.extend(told(one.as_ref(), "is another in the journal"));
            }
            Ordering::Equal => {}
        }
        if order != Ordering::Greater {
            one = live.next().transpose()?;
        }
        if order != Ordering::Less {
            other = made.next().transpose()?;
        }
    }
    Ok(found)
}

fn told(pair: Option<&(sled::IVec, sled::IVec)>, what: &str) -> Option<String> {
    let (key, _) = pair?;
    let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default());
    let kind = if layout::is_record(key) { "record" } else { "note" };
    Some(format!("the {kind} {} {what}", name.escape_debug()))
}
