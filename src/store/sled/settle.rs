//! Finishes a restore that was decided on: exchanges part after part. Each step follows from what
//! is on the disk, so whoever finds it half done goes on.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::new_file;
use super::{OpenError, files};
use crate::model::Timestamp;

/// What makes up a store in a data folder, in the order in which it is exchanged: after the
/// first of them the old mark of a clean stop fits nothing.
pub(super) const PARTS: [&str; 4] = ["journal", "store", "store.aside", "clean"];

const RESTORED: &str = "restored";
/// In that folder: tells it from a folder of the operator that happens to have its name.
const DECISION: &str = "decided";

/// What was decided.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// The folder in which the parts of the old store are kept.
    replaced: String,
    /// The parts of the new store. Any other part in the data folder is one of the old store,
    /// and of these one is, as long as its successor waits.
    parts: Vec<String>,
}

impl Decision {
    /// What was decided on `restored`.
    fn read(restored: &Path) -> Result<Self, OpenError> {
        let path = restored.join(DECISION);
        let text = match fs::read(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(OpenError::io("read the file", &path)(error));
            }
            read => read.unwrap_or_default(),
        };
        let is_name = |decision: &Self| Path::new(&decision.replaced).components().count() == 1;
        let decision = serde_json::from_slice(&text).ok().filter(is_name);
        decision.ok_or_else(|| OpenError::NoRestore { path: restored.to_owned() })
    }
}

/// One change of the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Remove(PathBuf),
    MakeFolder(PathBuf),
    Write(PathBuf, Vec<u8>),
    Rename(PathBuf, PathBuf),
}

impl Step {
    /// Does it, and makes it durable.
    ///
    /// # Errors
    /// When the system refuses.
    pub(super) fn take(&self) -> Result<(), OpenError> {
        match self {
            Self::Remove(path) => files::remove(path),
            Self::MakeFolder(path) => files::make_folder(path).map(drop),
            Self::Write(path, bytes) => {
                let write = || {
                    let mut file = new_file(path)?;
                    file.write_all(bytes)?;
                    file.sync_all()
                };
                write().map_err(OpenError::io("write the file", path))
            }
            Self::Rename(from, to) => files::rename(from, to),
        }?;
        match self {
            // The way back must not be there after a power cut.
            Self::Remove(path)
            | Self::Rename(path, _)
            | Self::MakeFolder(path)
            | Self::Write(path, _) => files::sync_folder(files::parent(path)),
        }
    }
}

/// The steps by which the store in `stage` becomes the decided one.
///
/// # Errors
/// When the decision cannot be written down.
pub(super) fn decide(stage: &Path, replaced: String, data: &Path) -> Result<[Step; 2], OpenError> {
    let parts = PARTS.iter().filter(|part| stage.join(part).exists());
    let decision = Decision { replaced, parts: parts.map(|part| (*part).to_owned()).collect() };
    let path = stage.join(DECISION);
    let text = serde_json::to_vec(&decision);
    let text = text.map_err(|error| OpenError::io("write the file", &path)(error.into()))?;
    Ok([Step::Write(path, text), Step::Rename(stage.to_owned(), data.join(RESTORED))])
}

/// A name for what is put aside, that is not taken.
pub(super) fn aside_name(data: &Path, now: Timestamp) -> String {
    let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let names = (0_u32..).map(|n| match n {
        0 => format!("replaced-{time}"),
        n => format!("replaced-{time}-{n}"),
    });
    names.into_iter().find(|name| !data.join(name).exists()).unwrap_or_default()
}

/// Finishes a restore that was decided on. Gives the folder of what was there; `None` when there
/// was nothing, or no restore.
///
/// # Errors
/// When the system refuses; the next call goes on. [`OpenError::NoRestore`] when the folder is
/// not ours.
pub(super) fn settle(data: &Path) -> Result<Option<PathBuf>, OpenError> {
    if !data.join(RESTORED).exists() {
        return Ok(None);
    }
    let kept = data.join(Decision::read(&data.join(RESTORED))?.replaced);
    while let Some(step) = next(data)? {
        step.take()?;
    }
    files::remove(&stage_path(data))?;
    Ok(Some(kept).filter(|kept| kept.exists()))
}

/// Where a store is made that is to be the next one.
pub(super) fn stage_path(data: &Path) -> PathBuf {
    files::unfinished(&data.join("restore"))
}

/// The next step of a restore that was decided on; `None` when it is finished.
///
/// # Errors
/// As [`settle`].
pub(super) fn next(data: &Path) -> Result<Option<Step>, OpenError> {
    let new = data.join(RESTORED);
    if !new.exists() {
        return Ok(None);
    }
    let decision = Decision::read(&new)?;
    let old = new.join(&decision.replaced);
    for part in PARTS {
        let (from, to) = (new.join(part), data.join(part));
        let is_new = decision.parts.iter().any(|new| new == part);
        if to.exists() && (from.exists() || !is_new) {
            return Ok(Some(Step::Rename(to, old.join(part))));
        }
        if from.exists() {
            return Ok(Some(Step::Rename(from, to)));
        }
    }
    let kept = fs::read_dir(&old).is_ok_and(|mut entries| entries.next().is_some());
    Ok(Some(if kept {
        Step::Rename(old, data.join(decision.replaced))
    } else {
        // Under that name it is removed by whoever finds it.
        Step::Rename(new, stage_path(data))
    }))
}
