//! What holds when nobody says anything: safe on this machine, closed to everybody else.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{
    Argon2, Audit, Backup, ByteSize, Clock, Config, DAY, EngineKind, Forward, ForwardMode,
    ForwardProxy, ForwardedHeader, HeaderWord, Http, Language, Limits, Log, LogFormat, LogLevel,
    Metrics, Pages, Passwords, Plain, Profile, Registration, Sessions, Status, Store, Tls, Tokens,
};
use crate::model::{Algorithm, Colour, Role, Roles};

impl Default for Config {
    fn default() -> Self {
        let editor = Role::try_from("editor".to_owned()).expect("editor is a role");
        Self {
            registration: Registration::Closed,
            roles: Roles::from([Role::admin(), editor, Role::user()]),
            services: Vec::new(),
            access: Vec::new(),
            forward: Forward::default(),
            http: Http::default(),
            tls: Tls::default(),
            pages: Pages::default(),
            tokens: Tokens::default(),
            sessions: Sessions::default(),
            status: Status::default(),
            passwords: Passwords::default(),
            store: Store::default(),
            backup: Backup::default(),
            limits: Limits::default(),
            audit: Audit::default(),
            clock: Clock::default(),
            log: Log::default(),
            metrics: Metrics::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            plain: Plain::Loopback,
            public_url: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            cors_origins: Vec::new(),
            strict_origin: false,
            hsts: None,
            max_connections: 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(10),
            max_body: ByteSize::kib(16),
        }
    }
}

impl Default for Forward {
    fn default() -> Self {
        Self {
            domain: String::new(),
            proxy: ForwardProxy::Forwarded,
            redirect: ForwardMode::Redirect,
            user: HeaderWord::of("X-Auth-User"),
            id: HeaderWord::of("X-Auth-Id"),
            roles: HeaderWord::of("X-Auth-Roles"),
            email: HeaderWord::of("X-Auth-Email"),
        }
    }
}

#[expect(clippy::derivable_impls, reason = "all defaults stand in this file")]
impl Default for Tls {
    fn default() -> Self {
        Self { certificate: None, key: None, self_signed: false }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            name: "doorkey".to_owned(),
            logo: PathBuf::new(),
            accent: Colour::rgb(0x2f, 0x5d, 0x8a),
            languages: vec![Language::En, Language::De],
            return_to: Vec::new(),
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Es256,
            access_ttl: Duration::from_mins(10),
            api_ttl_max: DAY * 366,
            audience: None,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { ttl: Duration::from_hours(12), max_per_user: 32 }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self { ttl: Duration::from_mins(1) }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(64),
            argon2: Argon2::default(),
            profile: Profile::Standard,
            queue: 64,
            max_wait: Duration::from_secs(5),
        }
    }
}

impl Default for Argon2 {
    fn default() -> Self {
        Self { m: ByteSize::mib(19), t: 2, p: 1 }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { engine: EngineKind::Sled, cache: ByteSize::mib(16), journal: ByteSize::mib(16) }
    }
}

impl Default for Backup {
    fn default() -> Self {
        Self { every: Duration::ZERO, keep: 7, folder: "backups".into() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login_failures: 5,
            login_failures_per_account: 100,
            login_failures_per_network: 30,
            registrations_per_network: 5,
            service_failures_per_network: 30,
            profile_changes_per_account: 10,
            connections_per_address: 256,
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self { keep: DAY * 365 }
    }
}

#[expect(clippy::derivable_impls, reason = "all defaults stand in this file")]
impl Default for Clock {
    fn default() -> Self {
        Self { trust_mark: false }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

#[expect(clippy::derivable_impls, reason = "all defaults stand in this file")]
impl Default for Metrics {
    fn default() -> Self {
        Self { listen: None, exposed: false }
    }
}
