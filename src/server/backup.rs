//! Whether a backup can be restored, tried in memory.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Error, MasterKeyError, master_key};
use crate::auth::{Keyring, StartError};
use crate::config::Loaded;
use crate::crypto::Random;
use crate::model::Clock;
use crate::store::{Backup, Depth, Report, Store, trial};

/// What a backup holds, restored into memory.
#[derive(Debug)]
pub struct VerifiedBackup {
    /// Its state.
    pub backup: Backup,
    /// Every record, looked at.
    pub report: Report,
    /// Whether its signing keys can be used here.
    pub keys: BackupKeys,
}

/// What became of the signing keys of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupKeys {
    /// There are none: the first start makes one.
    None,
    /// The master key of this machine opens them.
    Open,
    /// The master key of this machine is another one.
    Closed,
    /// There is no master key on this machine to try.
    NotTried,
}

impl BackupKeys {
    /// For scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::NotTried => "not_tried",
        }
    }

    /// For people: what it means for a restore.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::None => "it has no signing keys",
            Self::Open => "its signing keys open with the master key that is here",
            Self::Closed => {
                "its signing keys do NOT open with the master key that is here: restore it with \
                 the one it was made with, or with --without-keys"
            }
            Self::NotTried => {
                "there is no master key here to try its signing keys with: a restore needs the \
                 one it was made with, or --without-keys"
            }
        }
    }
}

/// Restores a backup into memory and looks at every record.
///
/// # Errors
/// [`Error::Backup`] when a byte of it is not good, [`Error::MasterKey`] when the master key's
/// file cannot be used.
pub async fn verify_backup(
    loaded: &Loaded,
    data: &Path,
    input: impl Read,
) -> Result<VerifiedBackup, Error> {
    let (memory, backup) = trial(input)?;
    let store = Store::new(Arc::new(memory));
    let report = store.check(Depth::Full).await?;
    let keys = try_keys(&store, loaded, data).await?;
    Ok(VerifiedBackup { backup, report, keys })
}

async fn try_keys(store: &Store, loaded: &Loaded, data: &Path) -> Result<BackupKeys, Error> {
    if store.keys().all().await?.is_empty() {
        return Ok(BackupKeys::None);
    }
    let (clock, random) = (Clock::system(), Random::system());
    let master = master_key::open(loaded.master_key_file.as_deref(), data, (false, &random));
    let master = match master {
        Err(MasterKeyError::Missing(_)) => return Ok(BackupKeys::NotTried),
        opened => opened?,
    };
    let algorithm = loaded.config.tokens.algorithm;
    match Keyring::open(store, master, algorithm, (clock.now(), &random)).await {
        Ok(_) => Ok(BackupKeys::Open),
        Err(StartError::WrongMasterKey(_)) => Ok(BackupKeys::Closed),
        Err(error @ (StartError::Store(_) | StartError::Crypto(_))) => Err(error.into()),
    }
}
