//! Wires configuration, engine, store, keys and use cases to the listeners, and owns the tasks.

#[cfg(feature = "sled")]
mod backup;
mod dev;
mod engine;
mod error;
mod listeners;
mod logo;
mod master_key;
mod outside;
#[cfg(feature = "sled")]
mod restore;
#[cfg(feature = "sled")]
mod restored_keys;
#[cfg(feature = "sled")]
mod schedule;
mod self_signed;
mod settings;
mod setup_secret;
mod status_lists;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

#[cfg(feature = "sled")]
pub use self::backup::{BackupKeys, VerifiedBackup, verify_backup};
pub use self::dev::{Seeded, seed};
pub use self::error::Error;
pub use self::listeners::Listeners;
use self::listeners::{follow, serve_api};
pub use self::master_key::MasterKeyError;
use self::outside::Outside;
#[cfg(feature = "sled")]
pub use self::restore::{Restored, Source, restore, verify};
#[cfg(feature = "sled")]
pub use self::restored_keys::RestoredKeys;
#[cfg(feature = "sled")]
use self::schedule::Schedule;
pub use self::tls::{Look, Tls, TlsError, TlsFiles, check_tls};
use crate::auth::{Auth, Keyring, Parts, Throttle, resume_clock};
use crate::config::{EngineKind, Loaded};
use crate::crypto::{AuditKey, MasterKey, Passwords, Random};
use crate::http::listen;
use crate::http::{Api, ControlSocket};
use crate::model::{Clock, Secret};
use crate::store::Store;

/// An opened store with the use cases on it and the outside over them.
#[derive(Debug)]
pub struct Server {
    auth: Arc<Auth>,
    api: Api,
    loaded: Loaded,
    data: PathBuf,
    clock: Clock,
    #[cfg(feature = "sled")]
    schedule: Option<Schedule>,
    // After everything that writes to the folder.
    _folder: engine::Folder,
}

/// How often what is kept in memory is saved.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// How long an event waits for its seal, unless many come.
const SEAL_EVERY: Duration = Duration::from_secs(5);
/// How long a stop waits for the last seals: there may be very many in a store of a version without.
const SEAL_LAST: Duration = Duration::from_secs(2);
/// How often space is freed.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

impl Server {
    /// Opens the store and the keys. `bound` is where the server listens or would listen: the
    /// public address follows from it when none is configured.
    ///
    /// # Errors
    /// [`Error`], a sentence for the operator.
    pub async fn open(loaded: Loaded, data: &Path, bound: SocketAddr) -> Result<Self, Error> {
        let (clock, random) = (clock()?, Random::system());
        let logo = logo::read(&loaded.config.pages.logo)?;
        let (store, folder) = engine::open(&loaded, data, &clock).await?;
        resume_clock(&store, &clock).await?;
        let master = open_master_key(&loaded, data, (&store, &random)).await?;
        let algorithm = loaded.config.tokens.algorithm;
        let keyring = Keyring::open(&store, master, algorithm, (clock.now(), &random)).await?;
        let limits = settings::limits(&loaded.config);
        let passwords = Passwords::start(settings::pool(&loaded.config), random.clone());
        let passwords = passwords.map_err(Error::Threads)?;
        let throttle = Arc::new(Throttle::new(limits, clock.clone()));
        let own_clock = clock.clone();
        let parts = Parts { store, passwords, keyring, throttle, clock, random };
        let auth = Arc::new(Auth::new(parts, settings::auth(&loaded.config, bound)));
        auth.restore_attempts().await?;
        let api = Api::new(auth.clone(), settings::http(&loaded, bound, logo));
        Ok(Self {
            #[cfg(feature = "sled")]
            schedule: Schedule::new((&auth, &own_clock), &loaded.config.backup, data),
            auth,
            api,
            loaded,
            data: data.to_owned(),
            clock: own_clock,
            _folder: folder,
        })
    }

    /// The outside, for a caller in this process.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The setup secret to show: `None` once there is an administrator. It is in a file of the
    /// data folder too, until it is used.
    ///
    /// # Errors
    /// [`Error`], when it could not be stored.
    pub async fn setup_secret(&self) -> Result<Option<Secret>, Error> {
        let path = setup_secret::path(&self.data);
        let existing = setup_secret::read(&path);
        let secret = self.auth.prepare_setup(existing).await?;
        let done = match &secret {
            Some(secret) => setup_secret::write(&path, secret),
            None => setup_secret::remove(&path),
        };
        done.map_err(|error| Error::SetupSecret(path, error))?;
        Ok(secret)
    }

    /// Ends work that needed no listener: saves what is kept in memory, and removes the setup
    /// secret's file if an administrator was made.
    ///
    /// # Errors
    /// [`Error`], when it could not be saved.
    pub async fn close(self) -> Result<(), Error> {
        self.auth.save(true).await?;
        if !self.auth.needs_setup().await? {
            let path = setup_secret::path(&self.data);
            setup_secret::remove(&path).map_err(|error| Error::SetupSecret(path, error))?;
        }
        Ok(())
    }

    /// Serves on the listeners and on the control socket until `shutdown` is ready; open requests end first, then what is kept in memory is saved.
    /// `shutdown` is not polled before all take connections, so it can say first that they do.
    ///
    /// # Errors
    /// [`Error`], when the control socket cannot be made.
    pub async fn run(
        &self,
        Listeners { api, metrics, mut tls }: Listeners,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let (socket, control) = ControlSocket::bind(&self.data)?;
        let (stop, stopped) = watch::channel(false);
        let ended = || {
            let mut stopped = stopped.clone();
            async move {
                // An error means that the sender is gone, which is an end too.
                let _ = stopped.wait_for(|stop| *stop).await;
            }
        };
        let limits = settings::listen(&self.loaded.config);
        let handler = Outside::new(self.api.clone());
        let (proxies, everyone) = settings::exempt(&self.loaded.config);
        let tls_api = tls.as_ref().map(Tls::certificate);
        let limits_of_api = (limits, proxies);
        let serve = serve_api((api, tls_api), handler.clone(), limits_of_api, ended());
        let serve_control = listen::serve(control, handler, (limits, everyone.clone()), ended());
        let serve_metrics = self.serve_metrics((metrics, everyone), ended());
        let watch = async {
            shutdown.await;
            tracing::info!("stopping");
            let _ = stop.send(true);
        };
        let tend = async {
            let (clear, back_up) = (self.clear_setup(ended()), self.back_up(ended()));
            let follow = follow(tls.as_mut(), ended());
            let lists = status_lists::rebuild(&self.auth, ended());
            tokio::join!(self.tend(ended()), self.seal(ended()), clear, back_up, follow, lists);
        };
        tokio::join!(serve, serve_control, serve_metrics, watch, tend);
        drop(socket);
        self.save_last().await;
        Ok(())
    }

    /// Makes the backups of the schedule until the end.
    async fn back_up(&self, ended: impl Future<Output = ()>) {
        #[cfg(feature = "sled")]
        if let Some(schedule) = &self.schedule {
            return schedule.run(ended).await;
        }
        ended.await;
    }

    /// Saves what is kept in memory for the last time, and seals it, unless the disk takes too
    /// long.
    async fn save_last(&self) {
        match tokio::time::timeout(SAVE_EVERY, self.auth.save(true)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "what was kept in memory could not be saved");
            }
            Err(_) => tracing::error!("saving what was kept in memory took too long"),
        }
        // What is not sealed now waits for the next start.
        if let Ok(Err(error)) = tokio::time::timeout(SEAL_LAST, self.auth.seal()).await {
            tracing::error!(%error, "the audit trail could not be sealed");
        }
    }

    /// Saves and sweeps until the end. A failure is logged and tried again the next time.
    async fn tend(&self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        let mut save = tokio::time::interval(SAVE_EVERY);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            let work = async {
                tokio::select! {
                    _ = save.tick() => self.auth.save(false).await,
                    _ = sweep.tick() => self.auth.sweep().await,
                }
            };
            // A disk that hangs must not keep the server from stopping.
            let done = tokio::select! {
                () = &mut ended => return,
                done = work => done,
            };
            if let Err(error) = done {
                tracing::error!(%error, "the store could not be tended");
            }
        }
    }

    /// Seals the audit trail until the end: every few seconds, sooner when much was written. A
    /// failure is logged once; what waits goes on waiting.
    async fn seal(&self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        let mut round = tokio::time::interval(SEAL_EVERY);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            let work = async {
                tokio::select! {
                    _ = round.tick() => {}
                    () = self.auth.many_unsealed() => {}
                }
                self.auth.seal().await
            };
            let done = tokio::select! {
                () = &mut ended => return,
                done = work => done,
            };
            let was_failing = std::mem::replace(&mut is_failing, done.is_err());
            match done {
                Err(error) if !was_failing => {
                    tracing::error!(%error, "the audit trail could not be sealed");
                }
                Ok(_) if was_failing => tracing::info!("the audit trail is sealed again"),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Removes the setup secret's file as soon as it has no use.
    async fn clear_setup(&self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => return,
                () = self.auth.setup_used() => {
                    let path = setup_secret::path(&self.data);
                    if let Err(error) = setup_secret::remove(&path) {
                        tracing::warn!(%error, "the file of the used setup secret is still there");
                    }
                }
            }
        }
    }
}

/// The clock of the machine, which goes on from the store's own times by [`resume_clock`].
fn clock() -> Result<Clock, Error> {
    let clock = Clock::system();
    if clock.is_before_1970() { Err(Error::ClockBefore1970) } else { Ok(clock) }
}

/// A store that is in memory only needs no key that outlives it.
async fn open_master_key(
    loaded: &Loaded,
    data: &Path,
    (store, random): (&Store, &Random),
) -> Result<MasterKey, Error> {
    match loaded.config.store.engine {
        EngineKind::Memory => Ok(MasterKey::generate(random)),
        EngineKind::Sled => {
            let is_new = store.keys().all().await?.is_empty();
            Ok(master_key::open(loaded.master_key_file.as_deref(), data, (is_new, random))?)
        }
    }
}

/// What proves the end of the audit trail of a data folder. `None` where there is no master key
/// to ask: with an engine in memory, or where only an export is.
///
/// # Errors
/// [`Error::MasterKey`] for one that cannot be used.
pub fn audit_key(loaded: &Loaded, data: &Path) -> Result<Option<AuditKey>, Error> {
    match loaded.config.store.engine {
        EngineKind::Memory => Ok(None),
        EngineKind::Sled => {
            let never_made = (false, &Random::system());
            match master_key::open(loaded.master_key_file.as_deref(), data, never_made) {
                Ok(key) => Ok(Some(key.audit_key())),
                Err(MasterKeyError::Missing(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }
    }
}
