//! Records over bytes: [`Store`] gives typed access to what an [`Engine`] keeps.
//!
//! Keys are words and parts of fixed width, at most one part of variable length stands last, so
//! that no two keys can collide:
//!
//! | key | value |
//! |---|---|
//! | `user/ID` | a [`crate::model::User`] |
//! | `name/USERNAME`, `email/ADDRESS` | the id of the user who has it |
//! | `admins` | how many enabled administrators there are |
//! | `epochs` | the latest epoch that a deleted user had |
//! | `session/ID` | a [`crate::model::Session`] |
//! | `logins/USER` | a [`crate::model::UserSessions`] |
//! | `ended/TIME/LIST/INDEX` | [`crate::model::EndedSessions`]: the places in status lists of sessions that are not there any more |
//! | `link/ID` | a [`crate::model::Link`] |
//! | `apitoken/ID` | a [`crate::model::ApiToken`] |
//! | `apitokens/USER` | a [`crate::model::UserApiTokens`] |
//! | `services` | the services that administrators registered, each a [`crate::model::Service`] |
//! | `expiry/TIME/KIND/ID` | nothing: when `KIND/ID` may be swept |
//! | `key/ID` | a [`crate::model::SigningKey`] |
//! | `attempt/FINGERPRINT` | an [`Attempt`] |
//! | `event/TIME/ID` | a [`crate::model::Event`], the newest first |
//! | `unsealed/TIME/ID` | nothing: `event/…/ID` waits for its seal |
//! | `seal/NUMBER` | a [`crate::model::Seal`] over some events and the seal before |
//! | `chain` | where the chain of seals begins and ends, a [`crate::model::Chain`] |
//! | `setup` | the hash of the one-time setup secret |
//! | `clock` | the high-water mark of the clock, a [`crate::model::Timestamp`] |
//! | `latest` | the latest time that was given out, while it is far ahead of that mark |
//! | `reviving` | how far an unfinished [`Store::revive`] came |
//!
//! The same table for programs is in `layout.rs`.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod engine;

mod api_tokens;
mod attempts;
mod backup;
mod changes;
mod check;
mod clock;
mod ended;
mod ending;
mod epochs;
mod error;
mod events;
mod expiry;
mod keys;
mod layout;
mod links;
mod memory;
mod page;
mod record;
mod revive;
mod seals;
mod services;
mod sessions;
mod setup;
#[cfg(feature = "sled")]
mod sled;
mod users;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use self::api_tokens::ApiTokens;
pub use self::attempts::{Attempt, Attempts, Fingerprint};
pub use self::backup::{BackUp, Backup, Progress, Sink};
pub use self::changes::{Changes, Changing, Stamp};
pub use self::check::{Depth, Finding, Flaw, Report};
pub use self::clock::ClockMark;
pub use self::ended::Ended;
pub use self::ending::Watch;
pub use self::epochs::Epochs;
pub use self::error::Error;
pub use self::events::Events;
pub use self::expiry::Swept;
pub use self::keys::Keys;
pub use self::links::Links;
pub use self::memory::Memory;
pub use self::page::Page;
pub use self::record::Stored;
pub use self::revive::{Revived, SigningKeys};
pub use self::seals::{EventPlace, Found, MOST_SEALED, Seals, seal_name};
pub use self::services::Services;
pub use self::sessions::Sessions;
pub use self::setup::Setup;
#[cfg(feature = "sled")]
pub use self::sled::ArchiveError;
#[cfg(feature = "sled")]
pub use self::sled::FolderLock;
#[cfg(feature = "sled")]
pub use self::sled::OpenError;
#[cfg(feature = "sled")]
pub use self::sled::Options as SledOptions;
#[cfg(feature = "sled")]
pub use self::sled::Sled;
#[cfg(feature = "sled")]
pub use self::sled::{Gap, HistoryFile, Point, Reach, history};
#[cfg(feature = "sled")]
pub use self::sled::{Restore, RestoreError, Until};
#[cfg(feature = "sled")]
pub use self::sled::{free_space, inspect, trial};
pub use self::users::{Admins, UserPage, Users};
use engine::{Commit, Engine};

/// An error that may mean: read again and retry.
pub trait IsConflict {
    /// Whether another commit came between reading and writing.
    fn is_conflict(&self) -> bool;
}

impl IsConflict for Error {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

/// Typed records over an engine. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    backups: Option<Arc<dyn BackUp>>,
    watch: Option<Arc<dyn Watch>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// How often a conflicting commit is tried.
const TRIES: u32 = 24;

impl Store {
    /// The records kept by `engine`.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, backups: None, watch: None }
    }

    /// The records kept by an engine that can be backed up while it works.
    #[must_use]
    pub fn with_backups<E: Engine + BackUp>(engine: Arc<E>) -> Self {
        Self { engine: Arc::clone(&engine) as Arc<dyn Engine>, backups: Some(engine), watch: None }
    }

    /// The same records; `watch` is told which sessions end by commits through this store.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn Watch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Users, their names and addresses.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users::new(&*self.engine)
    }

    /// The epochs of users who are gone.
    #[must_use]
    pub fn epochs(&self) -> Epochs<'_> {
        Epochs::new(&*self.engine)
    }

    /// Sessions, and each user's list of them.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(&*self.engine)
    }

    /// What is left of sessions that were removed.
    #[must_use]
    pub fn ended(&self) -> Ended<'_> {
        Ended::new(&*self.engine)
    }

    /// Invites and password resets.
    #[must_use]
    pub fn links(&self) -> Links<'_> {
        Links::new(&*self.engine)
    }

    /// Personal API tokens, and each user's list of them.
    #[must_use]
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens::new(&*self.engine)
    }

    /// The services that administrators registered.
    #[must_use]
    pub fn services(&self) -> Services<'_> {
        Services::new(&*self.engine)
    }

    /// Sealed signing keys.
    #[must_use]
    pub fn keys(&self) -> Keys<'_> {
        Keys::new(&*self.engine)
    }

    /// Counts of failed logins that outlive a restart.
    #[must_use]
    pub fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&*self.engine)
    }

    /// The audit trail.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events::new(&*self.engine)
    }

    /// The seals over the audit trail.
    #[must_use]
    pub fn seals(&self) -> Seals<'_> {
        Seals::new(&*self.engine)
    }

    /// The one-time setup secret.
    #[must_use]
    pub fn setup(&self) -> Setup<'_> {
        Setup::new(&*self.engine)
    }

    /// The high-water mark of the clock, and the latest time.
    #[must_use]
    pub fn clock(&self) -> ClockMark<'_> {
        ClockMark::new(&*self.engine)
    }

    /// Applies a commit made of the parts that the typed records give: all or nothing, durable
    /// on return, and then who watches the store knows which sessions it ended.
    ///
    /// # Errors
    /// As [`Engine::commit`].
    pub async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let (commit, ending) = self.ending(commit).await?;
        let done = self.engine.commit(commit).await;
        if let Some(ending) = ending {
            ending.settle(&done);
        }
        done
    }

    /// Whether all these stamps hold: reading their records again would give the same.
    #[must_use]
    pub fn holds(&self, stamps: &[Stamp]) -> bool {
        let changes = self.engine.changes();
        changes.is_some_and(|changes| stamps.iter().all(|stamp| changes.holds(*stamp)))
    }

    /// Whether the store answers, and still takes writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.engine.get(b"admins").await?;
        self.engine.commit(Commit::new()).await
    }

    /// Runs `attempt` (read, decide, commit) until it meets no conflict, a bounded number of
    /// times and a little later each time.
    ///
    /// # Errors
    /// Whatever `attempt` fails with; its conflict, when every try met one.
    pub async fn retry<T, E, F, Fut>(&self, mut attempt: F) -> Result<T, E>
    where
        E: IsConflict,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        for tried in 1..TRIES {
            match attempt().await {
                Err(error) if error.is_conflict() => pause(tried).await,
                done => return done,
            }
        }
        attempt().await
    }
}

/// How many waits there have been: spreads those that met at one moment.
static PAUSES: AtomicU64 = AtomicU64::new(0);

/// The first conflicts are over at once; a crowd has to spread.
async fn pause(tried: u32) {
    if tried < 3 {
        tokio::task::yield_now().await;
        return;
    }
    let spread = PAUSES.fetch_add(1, Ordering::Relaxed) % 7 + 1;
    tokio::time::sleep(Duration::from_micros(200 * spread * u64::from(tried))).await;
}
