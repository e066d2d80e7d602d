//! What the operator decides: the defaults, then `auth.toml`, then `DOORKEY_…` variables, then
//! flags, each over the one before. A [`Config`] that was loaded is a valid one.
//!
//! The only home of figment, and of reading the environment.

mod access;
mod check;
mod defaults;
mod env;
mod error;
mod forward;
mod keys;
mod layer;
mod load;
mod locate;
mod origin;
mod pages;
mod return_to;
mod rules;
mod service_manager;
mod services;
mod status;
mod tls;
mod units;
mod words;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Algorithm, IpNetwork, Roles};

pub use access::Access;
pub use error::Error;
pub use forward::{Forward, HeaderWord};
pub use load::{Flags, Loaded, Setting, Sources};
pub use origin::{NotAnOrigin, Origin};
pub use pages::Pages;
pub use return_to::{NotAnAddress, ReturnAddress};
pub use service_manager::ServiceManager;
pub use services::{SecretHash, Service};
pub use status::Status;
pub use tls::Tls;
pub use units::{BadSize, ByteSize};
pub use words::{
    EngineKind, FilePath, ForwardMode, ForwardProxy, ForwardedHeader, Language, LogFormat,
    LogLevel, Plain, Profile, Registration,
};

/// All settings, by the part that receives them. How each is checked stands in `config/check.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who may make an account. Closed: only the operator and administrators.
    pub registration: Registration,
    /// The roles that exist, at most 64, `admin` and `user` among them.
    pub roles: Roles,
    /// Programs that may ask whether a token is good, at most 64; an administrator registers more.
    pub services: Vec<Service>,
    /// Who may reach other people's apps: the first rule that fits decides, at most 256.
    pub access: Vec<Access>,
    /// How the proxies in front of those apps ask.
    pub forward: Forward,
    /// The listener and what requests may do.
    pub http: Http,
    /// The listener's certificate.
    pub tls: Tls,
    /// What people see when they sign in.
    pub pages: Pages,
    /// Access tokens.
    pub tokens: Tokens,
    /// Sessions, that is: refresh tokens.
    pub sessions: Sessions,
    /// How soon other services know of a logout.
    pub status: Status,
    /// How passwords are judged and hashed.
    pub passwords: Passwords,
    /// Where records are kept.
    pub store: Store,
    /// Copies of the store, made while the server runs.
    pub backup: Backup,
    /// How often one may try; 0 switches a limit off.
    pub limits: Limits,
    /// The record of who did what.
    pub audit: Audit,
    /// How far the machine's clock is trusted.
    pub clock: Clock,
    /// The log on standard error.
    pub log: Log,
    /// Numbers for who watches the server.
    pub metrics: Metrics,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where plain HTTP may listen; TLS may everywhere.
    pub plain: Plain,
    /// The address users see: issuer, links and cookie rules come from it and never from a
    /// request. `None`: `http://<listen>` (https with TLS), allowed on a loopback address only.
    #[serde(deserialize_with = "origin::deserialize_public")]
    pub public_url: Option<Origin>,
    /// Peers whose forwarding header is believed. Nobody by default.
    pub trusted_proxies: Vec<IpNetwork>,
    /// The one forwarding header that is read, and only from a trusted proxy.
    pub forwarded_header: ForwardedHeader,
    /// Other origins whose scripts may call, at most 64.
    pub cors_origins: Vec<Origin>,
    /// Whether routes with a cookie refuse a request that carries neither `Origin` nor
    /// `Sec-Fetch-Site`; every current browser sends one of them.
    pub strict_origin: bool,
    /// `max-age` of `Strict-Transport-Security` (RFC 6797): zero is off, else at least 365 days.
    /// `None`: 365 days where doorkey itself speaks TLS to users, else off.
    #[serde(with = "units::duration_or_derived")]
    pub hsts: Option<Duration>,
    /// Connections at a time, 1 to 65536.
    pub max_connections: u32,
    /// For the head of a request to arrive, 1 s to 1 min.
    #[serde(with = "units::duration")]
    pub header_timeout: Duration,
    /// A connection without a request is closed after this, 1 s to 5 min.
    #[serde(with = "units::duration")]
    pub idle_timeout: Duration,
    /// For a whole request, body and answer, 1 s to 5 min.
    #[serde(with = "units::duration")]
    pub request_timeout: Duration,
    /// For running requests when the server stops, at most 5 min.
    #[serde(with = "units::duration")]
    pub shutdown_timeout: Duration,
    /// The largest body, 4 KiB to 1 MiB.
    pub max_body: ByteSize,
}

/// `[tokens]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How new signing keys sign.
    #[serde(deserialize_with = "words::deserialize_algorithm")]
    pub algorithm: Algorithm,
    /// How long an access token lives, 5 to 15 min: revocation reaches verifiers that late.
    #[serde(with = "units::duration")]
    pub access_ttl: Duration,
    /// How long a personal API token may live, 1 to 366 days.
    #[serde(with = "units::duration")]
    pub api_ttl_max: Duration,
    /// The `aud` of access tokens, 1 to 255 visible ASCII characters. `None`: the public URL.
    pub audience: Option<String>,
}

/// `[sessions]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// From login to the next login, `tokens.access_ttl` to 30 days.
    #[serde(with = "units::duration")]
    pub ttl: Duration,
    /// Live sessions of one user, 1 to 32; one more ends the oldest.
    pub max_per_user: u32,
}

/// `[passwords]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Memory for all hashes that run at a time, at least `argon2.m`, at most 16 GiB.
    pub memory: ByteSize,
    /// The cost of one new hash.
    pub argon2: Argon2,
    /// How long a password must be.
    pub profile: Profile,
    /// Hashes that may wait for their turn, 1 to 1024; the next one is refused.
    pub queue: u32,
    /// How long a hash may wait, 100 ms to 1 min and shorter than `http.request_timeout`.
    #[serde(with = "units::duration")]
    pub max_wait: Duration,
}

/// Parameters of Argon2id (RFC 9106). Weaker than the OWASP forms 19 MiB/2, 46 MiB/1 and
/// 12 MiB/3 (memory/passes) is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Argon2 {
    /// Memory of one hash, at most 1 GiB, in whole KiB.
    pub m: ByteSize,
    /// Passes over it, at most 10.
    pub t: u32,
    /// Lanes, 1 to 4.
    pub p: u32,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// What keeps the records.
    pub engine: EngineKind,
    /// Memory for records that were read, 1 MiB to 16 GiB.
    pub cache: ByteSize,
    /// A snapshot is made when the journal is longer than this, and than the last snapshot.
    pub journal: ByteSize,
}

/// `[backup]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// From one backup to the next, 1 min to 365 days; zero is off.
    #[serde(with = "units::duration")]
    pub every: Duration,
    /// How many are kept, 1 to 1000.
    pub keep: u32,
    /// Where they are; below the data folder unless it is an absolute path.
    pub folder: PathBuf,
}

/// `[limits]`: attempts in a while; 0 switches one off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Failed logins of one account from one network before delays begin.
    pub login_failures: u32,
    /// Failed logins in a row of one account from everywhere, after which only devices and
    /// networks that the account knows get through.
    pub login_failures_per_account: u32,
    /// Failed logins a minute from one network.
    pub login_failures_per_network: u32,
    /// New accounts a minute from one network.
    pub registrations_per_network: u32,
    /// Services a minute from one network that send a wrong name or secret.
    pub service_failures_per_network: u32,
    /// Changes a minute of name and address by the account itself.
    pub profile_changes_per_account: u32,
    /// Connections at a time from one address; trusted proxies are exempt.
    pub connections_per_address: u32,
}

/// `[audit]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// How long events are kept, 1 day to 100 years.
    #[serde(with = "units::duration")]
    pub keep: Duration,
}

/// `[clock]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Whether tokens are issued by the time that is known when the wall clock is behind it or
    /// was never set; for devices that never see a time server.
    pub trust_mark: bool,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// The least important line that is written.
    pub level: LogLevel,
}

/// `[metrics]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where `/metrics` is served, on another port than the API. Port 0 takes a free one.
    /// `None`: nowhere, and nothing is counted.
    #[serde(with = "words::off_or")]
    pub listen: Option<SocketAddr>,
    /// Whether `listen` may be an address that other machines reach: nobody has to log in there.
    pub exposed: bool,
}

impl Config {
    /// The origin users see, without a slash at its end: the configured one, or the address
    /// that was really bound (which matters with port 0).
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        let configured = self.http.public_url.clone();
        configured.unwrap_or_else(|| Origin::of_listener(bound, self.tls.is_on())).to_string()
    }

    /// How long browsers are told to insist on https: what was configured, else 365 days where
    /// doorkey has the certificate for an address that others see; zero is not at all. On
    /// `localhost` it would bind every other server of the machine.
    #[must_use]
    pub fn hsts(&self) -> Duration {
        let seen = self.http.public_url.as_ref().is_some_and(|url| !url.is_loopback());
        let derived =
            if self.tls.certificate.is_some() && seen { DAY * 365 } else { Duration::ZERO };
        self.http.hsts.unwrap_or(derived)
    }

    /// The `iss` of tokens (RFC 7519, 4.1.1): the public URL.
    #[must_use]
    pub fn issuer(&self, bound: SocketAddr) -> String {
        self.public_url(bound)
    }

    /// The `aud` of access tokens (RFC 7519, 4.1.3): the configured one, or the public URL.
    #[must_use]
    pub fn audience(&self, bound: SocketAddr) -> String {
        self.tokens.audience.clone().unwrap_or_else(|| self.public_url(bound))
    }
}

const DAY: Duration = Duration::from_hours(24);
