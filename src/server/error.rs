//! Why a server does not start, for its operator.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::{MasterKeyError, TlsError};
use crate::auth::{Error as AuthError, StartError};
use crate::http::ControlError;
use crate::store;
#[cfg(feature = "sled")]
use crate::store::{ArchiveError, OpenError, RestoreError};

/// Why a server did not start.
#[derive(Debug)]
pub enum Error {
    /// The data folder or the store in it.
    #[cfg(feature = "sled")]
    Open(OpenError),
    /// The configuration asks for an engine that this build has not.
    #[cfg(not(feature = "sled"))]
    NoEngine,
    /// The store was opened and does not answer.
    Store(store::Error),
    /// The store was opened, and what is in it breaks the store's own rules.
    Unsound {
        /// The first findings.
        told: String,
        /// How many there are.
        total: u64,
    },
    /// The master key.
    MasterKey(MasterKeyError),
    /// The master key that a restored store needs.
    RestoreKey(MasterKeyError),
    /// The signing keys of a restored store.
    RestoreKeys(StartError),
    /// The restore of a store.
    #[cfg(feature = "sled")]
    Restore(RestoreError),
    /// A backup that is read.
    #[cfg(feature = "sled")]
    Backup(ArchiveError),
    /// The signing keys.
    Keys(StartError),
    /// The use cases at start.
    Auth(AuthError),
    /// The listener.
    Listen(SocketAddr, io::Error),
    /// The listener of the metrics.
    ListenMetrics(SocketAddr, io::Error),
    /// The certificate of the listener.
    Tls(TlsError),
    /// The control socket.
    Control(ControlError),
    /// The file of the setup secret.
    SetupSecret(PathBuf, io::Error),
    /// The file of the logo, and why it cannot be shown.
    Logo(PathBuf, String),
    /// The threads that hash passwords.
    Threads(io::Error),
    /// The machine's clock is before 1970.
    ClockBefore1970,
    /// The thread that opens the store.
    #[cfg(feature = "sled")]
    OpeningThread(io::Error),
    /// The opening thread died.
    Panicked,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sled")]
            Self::Open(error) => write!(f, "{error}"),
            #[cfg(not(feature = "sled"))]
            Self::NoEngine => f.write_str("this build has no sled: set store.engine to memory"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Unsound { told, total } => write!(
                f,
                "the store is damaged ({total} findings): {told}. `doorkey store verify` lists \
                 them; `doorkey store history` shows the times to which `doorkey restore --at \
                 TIME --replace` can go back, and `doorkey restore FILE --replace` restores a \
                 backup. Both keep what is there in a folder of its own."
            ),
            Self::MasterKey(error @ (MasterKeyError::Missing(_) | MasterKeyError::Damaged(_))) => {
                write!(f, "{error}{IF_LOST}")
            }
            Self::MasterKey(error) => write!(f, "{error}"),
            Self::RestoreKey(error) => write!(f, "{error}{OR_DROP}"),
            Self::RestoreKeys(error @ StartError::WrongMasterKey(_)) => {
                write!(f, "{error}{OR_DROP}")
            }
            Self::Keys(error @ StartError::WrongMasterKey(_)) => write!(f, "{error}{IF_LOST}"),
            Self::RestoreKeys(error) => write!(f, "{error}"),
            #[cfg(feature = "sled")]
            Self::Restore(error) => write!(f, "{error}"),
            #[cfg(feature = "sled")]
            Self::Backup(error) => write!(f, "the backup cannot be restored: {error}"),
            Self::Keys(error) => write!(f, "{error}"),
            Self::Auth(error) => write!(f, "{error}"),
            Self::Listen(address, error) => {
                write!(f, "cannot listen on {address}: {error}; choose another --listen")
            }
            Self::ListenMetrics(address, error) => {
                write!(f, "cannot listen on {address}: {error}; choose another metrics.listen")
            }
            Self::Tls(error) => write!(f, "{error}"),
            Self::Control(error) => write!(f, "{error}"),
            Self::SetupSecret(path, error) => write!(f, "cannot write {}: {error}", path.display()),
            Self::Logo(path, why) => write!(f, "pages.logo: {} {why}", path.display()),
            #[cfg(feature = "sled")]
            Self::OpeningThread(error) => write!(
                f,
                "cannot start the thread that opens the store: {error}; the machine, or the limit \
                 of this process, has too little memory or too few tasks"
            ),
            Self::Threads(error) => write!(
                f,
                "cannot start the threads that hash passwords: {error}; the machine, or the limit \
                 of this process, has too little memory or too few tasks"
            ),
            Self::ClockBefore1970 => f.write_str(
                "the machine's clock is before 1970, where the store cannot be opened; set it",
            ),
            Self::Panicked => f.write_str("opening the store failed in an unexpected way"),
        }
    }
}

/// The way out where a store is there and its master key is not.
const IF_LOST: &str = ". If it is lost, give the signing keys up: `doorkey restore --at TIME \
    --replace --without-keys` with the last time that `doorkey store history` names, or `doorkey \
    restore FILE --replace --without-keys` with a backup. All sessions end, and every token is void";
/// The same while a store is restored.
const OR_DROP: &str = "; or drop the signing keys with --without-keys";

impl std::error::Error for Error {}

macro_rules! from {
    ($($variant:ident($inner:ty);)*) => {$(
        impl From<$inner> for Error {
            fn from(error: $inner) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

#[cfg(feature = "sled")]
from! {
    Open(OpenError);
    Restore(RestoreError);
    Backup(ArchiveError);
}
from! {
    Store(store::Error);
    MasterKey(MasterKeyError);
    Keys(StartError);
    Auth(AuthError);
    Tls(TlsError);
    Control(ControlError);
}
