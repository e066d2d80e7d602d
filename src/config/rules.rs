//! What must hold between keys, and the sentence when it does not.

use super::check::KIB;
use super::{Config, EngineKind, Origin, Plain, forward};

/// A rule between keys.
pub(super) struct Rule {
    pub(super) keys: &'static [&'static str],
    pub(super) holds: bool,
    pub(super) why: &'static str,
}

/// Every rule, the more telling ones first.
pub(super) fn all(config: &Config, dev: bool) -> Vec<Rule> {
    let rules = [
        between(config),
        in_development(config, dev),
        in_public(config),
        of_tls(config),
        of_forward(config),
        of_metrics(config, dev),
    ];
    rules.into_iter().flatten().collect()
}

/// The forms of OWASP's Password Storage Cheat Sheet: memory in KiB, passes.
const OWASP: [(u64, u32); 3] = [(19_456, 2), (47_104, 1), (12_288, 3)];

fn between(config: &Config) -> Vec<Rule> {
    let passwords = &config.passwords;
    let (m, t) = (passwords.argon2.m.bytes(), passwords.argon2.t);
    vec![
        Rule {
            keys: &["passwords.argon2.m", "passwords.argon2.t"],
            holds: OWASP.iter().any(|(kib, passes)| m >= kib * KIB && t >= *passes),
            why: "argon2 must be at least m = \"19 MiB\" with t = 2, \"46 MiB\" with t = 1 or \
                  \"12 MiB\" with t = 3",
        },
        Rule {
            keys: &["passwords.memory", "passwords.argon2.m"],
            holds: passwords.memory >= passwords.argon2.m,
            why: "passwords.memory must hold at least one hash of passwords.argon2.m",
        },
        Rule {
            keys: &["backup.every", "store.engine"],
            holds: config.backup.every.is_zero() || config.store.engine == EngineKind::Sled,
            why: "backup.every must be \"0s\" with store.engine = \"memory\", which keeps nothing \
                  that could be backed up",
        },
        Rule {
            keys: &["passwords.max_wait", "http.request_timeout"],
            holds: passwords.max_wait < config.http.request_timeout,
            why: "passwords.max_wait must be shorter than http.request_timeout",
        },
    ]
}

fn in_public(config: &Config) -> Vec<Rule> {
    let http = &config.http;
    let https = http.public_url.as_ref().is_some_and(Origin::is_https);
    let local = http.listen.ip().is_loopback();
    vec![
        Rule {
            keys: &["http.listen"],
            holds: local || config.tls.is_on() || http.plain == Plain::Public,
            why: "is not a loopback address, and plain HTTP shows passwords to the network: set \
                  tls.certificate and tls.key, or listen on loopback behind a TLS proxy, or set \
                  http.plain = \"public\" if only a TLS proxy can reach this address",
        },
        Rule {
            keys: &["http.listen"],
            holds: local || http.public_url.is_some(),
            why: "is not a loopback address, so http.public_url must be set too, for example \
                  \"https://login.example.org\"",
        },
        Rule {
            keys: &["http.hsts"],
            holds: config.hsts().is_zero() || https,
            why: "must be \"0s\" unless http.public_url is set and starts with https",
        },
    ]
}

fn of_forward(config: &Config) -> Vec<Rule> {
    vec![
        Rule {
            keys: &["forward.domain", "http.public_url"],
            holds: forward::holds_public_url(config),
            why: "the host of http.public_url must be forward.domain or stand below it, and be \
                  forward.domain itself where that is localhost or 127.0.0.1: only there can the \
                  sign-in page set the cookie",
        },
        Rule {
            keys: &["forward.user", "forward.id", "forward.roles", "forward.email"],
            holds: config.forward.has_distinct_headers(),
            why: "forward.user, forward.id, forward.roles and forward.email must be four different \
                  headers",
        },
    ]
}

fn of_tls(config: &Config) -> Vec<Rule> {
    let tls = &config.tls;
    let https = config.http.public_url.as_ref().is_none_or(Origin::is_https);
    vec![
        Rule {
            keys: &["tls.certificate", "tls.key"],
            holds: tls.certificate.is_some() == tls.key.is_some(),
            why: "tls.certificate and tls.key must be set together",
        },
        Rule {
            keys: &["tls.certificate", "tls.key"],
            holds: !tls.self_signed || tls.certificate.is_none(),
            why: "tls.certificate and tls.key must be left out with --tls, which makes a \
                  certificate of its own",
        },
        Rule {
            keys: &["http.public_url"],
            holds: !tls.is_on() || https,
            why: "must start with https where the listener speaks TLS",
        },
    ]
}

fn in_development(config: &Config, dev: bool) -> Vec<Rule> {
    let http = &config.http;
    let local = |url: &Origin| url.is_loopback() && url.is_https() == config.tls.is_on();
    vec![
        Rule {
            keys: &["http.listen"],
            holds: !dev || http.listen.ip().is_loopback(),
            why: "must be a loopback address with --dev, for example \"127.0.0.1:8080\"",
        },
        Rule {
            keys: &["http.public_url"],
            holds: !dev || http.public_url.as_ref().is_none_or(local),
            why: "must be left out with --dev, or be this machine: http, and https with TLS",
        },
    ]
}

fn of_metrics(config: &Config, dev: bool) -> Vec<Rule> {
    let (listen, http) = (config.metrics.listen, config.http.listen);
    let local = listen.is_none_or(|address| address.ip().is_loopback());
    vec![
        Rule {
            keys: &["metrics.listen"],
            holds: !dev || local,
            why: "must be \"off\" or a loopback address with --dev, for example \"127.0.0.1:9464\"",
        },
        Rule {
            keys: &["metrics.listen"],
            holds: local || config.metrics.exposed,
            why: "is not a loopback address: whoever reaches it reads it without a login; set \
                  metrics.exposed = true if a firewall or a network of its own keeps others out",
        },
        Rule {
            keys: &["metrics.listen", "http.listen"],
            holds: listen.is_none_or(|a| a.port() == 0 || a.port() != http.port()),
            why: "metrics.listen must have another port than http.listen",
        },
    ]
}
