//! What the benchmarks of the use cases stand on.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorkey::auth::{Auth, Keyring, Limits, Parts, Settings, Throttle};
use doorkey::crypto::{
    Argon2Params, Issuer, MasterKey, PasswordPolicy, Passwords, PoolSettings, Random,
};
use doorkey::model::{Algorithm, Clock, Role, Roles};
use doorkey::store::{Sled, SledOptions, Store};

pub const HOUR: Duration = Duration::from_hours(1);
pub const SESSION_HOURS: u32 = 12;
const ORIGIN: &str = "https://auth.example.org";

/// What differs between them.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Failed logins that are free of delay; 0 switches all throttling off.
    pub failures: u32,
    /// Passwords that may wait.
    pub waiting: usize,
    /// How long the audit trail is kept.
    pub keep_events: Duration,
}

/// The one place that knows how the engine is opened.
pub fn open_store(data: &Path, clock: Clock) -> Store {
    let options = SledOptions::new(clock);
    Store::new(Arc::new(Sled::open(data, options).expect("an empty store")))
}

/// The use cases over `store`, with signing keys under `master` and passwords that cost next to
/// nothing.
pub async fn start(master: MasterKey, (store, clock): (Store, Clock), scale: Scale) -> Auth {
    let random = Random::system();
    let keyring = Keyring::open(&store, master, Algorithm::Es256, (clock.now(), &random)).await;
    let pool = PoolSettings {
        params: Argon2Params { memory_kib: 8, iterations: 1, parallelism: 1 },
        memory_bytes: 64 * 1024,
        queue: scale.waiting,
        max_wait: Duration::from_mins(1),
    };
    let limits = Limits {
        login_failures: scale.failures,
        login_failures_per_account: 0,
        login_failures_per_network: 6 * scale.failures,
        registrations_per_network: 0,
        service_failures_per_network: 0,
        profile_changes_per_account: 0,
    };
    let parts = Parts {
        store,
        passwords: Passwords::start(pool, random.clone()).expect("the system starts a few threads"),
        keyring: keyring.expect("a first key"),
        throttle: Arc::new(Throttle::new(limits, clock.clone())),
        clock,
        random,
    };
    Auth::new(parts, settings(scale.keep_events))
}

fn settings(keep_events: Duration) -> Settings {
    let role = |word: &str| Role::try_from(word.to_owned()).expect("a role");
    Settings {
        status_ttl: Duration::from_mins(1),
        trust_mark: false,
        registration_open: true,
        roles: Roles::from(["admin", "user"].map(role)),
        access_ttl: Duration::from_mins(10),
        session_ttl: HOUR * SESSION_HOURS,
        max_api_ttl: HOUR * 24,
        services: Vec::new(),
        access: Arc::default(),
        max_sessions: 32,
        issuer: Issuer { issuer: ORIGIN.to_owned(), audience: ORIGIN.to_owned() },
        policy: PasswordPolicy { min_chars: 8 },
        public_url: ORIGIN.to_owned(),
        algorithm: Algorithm::Es256,
        keep_events,
    }
}

/// A line of what the kernel says of this process, in KiB.
pub fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.expect("the kernel says it")
}
