//! The certificate of the listener: from its files to what is served, and again when they change.

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::config;
use crate::http::listen::{BadCertificate, Certificate, Validity};
use crate::model::{Clock, Secret, Timestamp};

/// How often the files are read.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The largest file, in bytes; a chain has some thousands.
const MAX_FILE: u64 = 1 << 20;
/// A certificate that ends sooner is told of: renewals come a month before the end.
const SOON: Duration = Duration::from_hours(7 * 24);

/// Why there is no certificate to serve.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// A file is larger than any certificate.
    TooLarge(PathBuf),
    /// Others may read the key, or write it.
    TooOpen(PathBuf, u32),
    /// The file of this path holds no certificate, or no key to it.
    Bad(PathBuf, BadCertificate),
    /// The certificate of `serve --dev --tls` could not be made or kept.
    SelfSigned(PathBuf, String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(
                f,
                "the TLS file {} cannot be read: {error}; it must be there, and readable by the \
                 user that doorkey runs as",
                path.display()
            ),
            Self::TooLarge(path) => {
                write!(f, "the TLS file {} is larger than 1 MiB, as none is", path.display())
            }
            Self::TooOpen(path, mode) => write!(
                f,
                "the TLS key {} may be read or written by others (mode {mode:04o}): run chmod 600 \
                 on it, and think about who could have read it; a group may read it (0640) if \
                 root owns it",
                path.display()
            ),
            Self::Bad(path, why) => write!(f, "the TLS file {} {why}", path.display()),
            Self::SelfSigned(path, why) => {
                write!(f, "the certificate {} cannot be made: {why}", path.display())
            }
        }
    }
}

impl std::error::Error for TlsError {}

/// Where the certificate with its chain stands, and where its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// What the files say.
struct Texts {
    certificate: Vec<u8>,
    key: Secret,
}

impl TlsFiles {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// [`TlsError`], a sentence for the operator.
    pub fn open(&self) -> Result<Certificate, TlsError> {
        self.certificate_of(&self.read()?)
    }

    fn read(&self) -> Result<Texts, TlsError> {
        let certificate = read(&self.certificate, |_| true)?;
        let key = String::from_utf8(read(&self.key, is_private)?);
        let no_key = |_| TlsError::Bad(self.key.clone(), BadCertificate::NoKey);
        Ok(Texts { certificate, key: Secret::new(key.map_err(no_key)?) })
    }

    fn certificate_of(&self, texts: &Texts) -> Result<Certificate, TlsError> {
        let read = Certificate::from_pem(&texts.certificate, texts.key.expose().as_bytes());
        read.map_err(|why| {
            let of_key = match why {
                BadCertificate::NoCertificate | BadCertificate::Unreadable => &self.certificate,
                BadCertificate::NoKey | BadCertificate::UnknownKey | BadCertificate::Mismatch => {
                    &self.key
                }
            };
            TlsError::Bad(of_key.clone(), why)
        })
    }
}

/// Who may use a file, of the file that was opened and not of its name.
struct Access {
    mode: u32,
    owner: u32,
}

/// Its owner alone; and a group if root gave it to one, as Debian's `ssl-cert` and the volumes
/// of containers do.
fn is_private(access: &Access) -> bool {
    let shared = if access.owner == 0 { 0o037 } else { 0o077 };
    access.mode & shared == 0
}

fn read(path: &Path, may_be: impl Fn(&Access) -> bool) -> Result<Vec<u8>, TlsError> {
    let unreadable = |error| TlsError::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    let access = Access { mode: found.permissions().mode() & 0o7777, owner: found.uid() };
    if !may_be(&access) {
        return Err(TlsError::TooOpen(path.to_owned(), access.mode));
    }
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE {
        return Err(TlsError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// Whether the configured files can be served now.
///
/// # Errors
/// [`TlsError`], a sentence for the operator.
pub fn check_tls(tls: &config::Tls) -> Result<(), TlsError> {
    files_of(tls).map_or(Ok(()), |files| files.open().map(|_| ()))
}

/// The configured files; `None` when there are none.
pub(super) fn files_of(tls: &config::Tls) -> Option<TlsFiles> {
    let (certificate, key) = (tls.certificate.as_ref()?, tls.key.as_ref()?);
    let path = |file: &config::FilePath| file.as_path().to_owned();
    Some(TlsFiles { certificate: path(certificate), key: path(key) })
}

/// What a look at the files found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// They say what they said the last time.
    Same,
    /// A new certificate is served from now on.
    Replaced,
    /// They are no good; what was served still is.
    Refused,
}

/// How a served certificate stands to the time, in the steps that are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    NotYet,
    EndsSoon,
    Expired,
}

/// The certificate that is served, which follows its files.
pub struct Tls {
    files: TlsFiles,
    served: watch::Sender<Certificate>,
    clock: Clock,
    /// To notice changes by: a hash of both texts, or of the sentence why there are none.
    seen: u64,
    hasher: RandomState,
    standing: Standing,
}

impl Tls {
    /// Reads the files, which must be good now, and says when the time of the certificate is not.
    ///
    /// An expired one is served all the same: a restart must not turn a late renewal, or a
    /// clock that was never set, into a server that nobody can reach or repair.
    ///
    /// # Errors
    /// [`TlsError`], a sentence for the operator.
    pub fn open(files: TlsFiles, clock: Clock) -> Result<Self, TlsError> {
        let hasher = RandomState::new();
        let texts = files.read()?;
        let served = watch::Sender::new(files.certificate_of(&texts)?);
        let seen = hasher.hash_one((&texts.certificate, texts.key.expose()));
        let mut tls = Self { files, served, clock, seen, hasher, standing: Standing::Good };
        tls.tell_of_time();
        Ok(tls)
    }

    /// Where it comes from.
    #[must_use]
    pub const fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// What is served at each moment, for the listener.
    #[must_use]
    pub fn certificate(&self) -> watch::Receiver<Certificate> {
        self.served.subscribe()
    }

    /// Follows the files until the end: every few seconds, and at once on SIGHUP.
    pub(super) async fn follow(&mut self, ended: impl Future<Output = ()>) {
        let mut ended = std::pin::pin!(ended);
        let mut round = tokio::time::interval(LOOK_EVERY);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hangup = signal(SignalKind::hangup()).ok();
        loop {
            let hung_up = async {
                match &mut hangup {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut ended => return,
                _ = round.tick() => {}
                _ = hung_up => tracing::info!("SIGHUP: the TLS files are read"),
            }
            // A disk that hangs must hold up nothing but this.
            let files = self.files.clone();
            let texts = tokio::task::spawn_blocking(move || files.read());
            tokio::select! {
                () = &mut ended => return,
                texts = texts => if let Ok(texts) = texts { self.take(texts); },
            }
        }
    }

    /// Looks at the files now.
    pub fn look(&mut self) -> Look {
        self.take(self.files.read())
    }

    /// Serves what was read if it is new and good, and says so.
    fn take(&mut self, texts: Result<Texts, TlsError>) -> Look {
        let seen = match &texts {
            Ok(texts) => self.hasher.hash_one((&texts.certificate, texts.key.expose())),
            Err(error) => self.hasher.hash_one(error.to_string()),
        };
        let found = if std::mem::replace(&mut self.seen, seen) == seen {
            Look::Same
        } else {
            self.replace(texts)
        };
        self.tell_of_time();
        found
    }

    fn replace(&mut self, texts: Result<Texts, TlsError>) -> Look {
        match texts.and_then(|texts| self.files.certificate_of(&texts)) {
            Ok(certificate) => {
                self.served.send_replace(certificate);
                tracing::info!(
                    "the TLS files have changed; new connections get the new certificate"
                );
                Look::Replaced
            }
            Err(error) => {
                tracing::error!(%error, "the TLS files have changed and are no good; the certificate from before is served on");
                Look::Refused
            }
        }
    }

    /// Says once when the certificate is about to end, and once when it has.
    fn tell_of_time(&mut self) {
        let (standing, moment) = standing(&self.served.borrow(), self.clock.now());
        if std::mem::replace(&mut self.standing, standing) == standing {
            return;
        }
        let (file, moment) = (self.files.certificate.display(), moment.to_string());
        match standing {
            Standing::Good => tracing::info!(%file, "the TLS certificate is valid"),
            Standing::NotYet => {
                tracing::error!(%file, from = moment, "the TLS certificate is not valid yet: clients refuse it; look at the clock");
            }
            Standing::EndsSoon => {
                tracing::warn!(%file, until = moment, "the TLS certificate ends soon: renew it");
            }
            Standing::Expired => {
                tracing::error!(%file, since = moment, "the TLS certificate has expired: clients refuse it; renew it");
            }
        }
    }
}

/// How it stands, and the moment that this is about.
fn standing(certificate: &Certificate, now: Timestamp) -> (Standing, Timestamp) {
    match (certificate.validity(now), certificate.validity(now.plus(SOON))) {
        (Validity::Expired(since), _) => (Standing::Expired, since),
        (Validity::NotYet(from), _) => (Standing::NotYet, from),
        (Validity::Valid, Validity::Expired(until)) => (Standing::EndsSoon, until),
        (Validity::Valid, _) => (Standing::Good, now),
    }
}
