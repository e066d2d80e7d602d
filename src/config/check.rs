//! What a good setting is: one sentence a key, said both when a value cannot be read and when it
//! is out of range. No sentence repeats a value. The rules between keys are in `rules.rs`.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::services::are_distinct;
use super::{Config, DAY, Http, Pages, Passwords, Profile, access, rules};

/// Every key, and what it must be.
pub(super) const SENTENCES: [(&str, &str); 66] = [
    ("registration", "must be \"open\" or \"closed\""),
    (
        "roles",
        "must be a list of at most 64 roles, each a word of at most 32 characters of a-z, 0-9, _ \
         and - that starts with a letter, with \"admin\" and \"user\" among them",
    ),
    (
        "services",
        "must be a list of at most 64 tables, each with an id that no other has (a word of a-z, \
         0-9, _ and - that starts with a letter) and the secret_sha256 that `doorkey service new` \
         prints",
    ),
    (
        "access",
        "must be a list of at most 256 tables, each with a host, exactly one of allow, deny and \
         public = true, roles with allow alone, and no list that is empty",
    ),
    (
        "forward.domain",
        "must be empty (no cookie), or a domain of at least two labels in lower case such as \
         \"example.org\", or for development \"localhost\" or \"127.0.0.1\"",
    ),
    ("forward.proxy", "must be \"forwarded\", \"nginx\" or \"envoy\""),
    ("forward.redirect", "must be \"redirect\", \"location\" or \"deny\""),
    ("forward.user", HEADER),
    ("forward.id", HEADER),
    ("forward.roles", HEADER),
    ("forward.email", HEADER),
    ("http.listen", "must be an IP address and a port, for example \"127.0.0.1:8080\""),
    ("http.plain", "must be \"loopback\" or \"public\""),
    (
        "http.public_url",
        "must be an origin such as \"https://login.example.org\", without user, path or query; \
         http only for localhost, 127.0.0.0/8 and [::1]",
    ),
    (
        "http.trusted_proxies",
        "must be a list of at most 64 addresses or networks such as [\"10.0.0.0/8\"], none of \
         them everyone (/0) and none with bits behind its prefix",
    ),
    ("http.forwarded_header", "must be \"x-forwarded-for\", \"forwarded\" or \"x-real-ip\""),
    (
        "http.cors_origins",
        "must be a list of at most 64 origins such as [\"https://app.example.org\"], without \
         wildcard, path or slash; http only for localhost, 127.0.0.0/8 and [::1]",
    ),
    ("http.strict_origin", "must be true or false"),
    ("http.hsts", "must be \"0s\" (off) or between 365d and 3650d, for example \"365d\""),
    ("http.max_connections", "must be a whole number between 1 and 65536"),
    ("http.header_timeout", "must be between 1s and 1m, for example \"10s\""),
    ("http.idle_timeout", "must be between 1s and 5m, for example \"30s\""),
    ("http.request_timeout", "must be between 1s and 5m, for example \"30s\""),
    ("http.shutdown_timeout", "must be between 0s and 5m, for example \"10s\""),
    ("http.max_body", "must be between 4 KiB and 1 MiB, for example \"16 KiB\""),
    ("tls.certificate", PEM),
    ("tls.key", PEM),
    ("pages.name", "must be 1 to 64 characters without control characters or spaces at its ends"),
    (
        "pages.logo",
        "must be empty or the path of a PNG or SVG file without spaces at its ends, for example \
         \"/etc/doorkey/logo.svg\"",
    ),
    ("pages.accent", "must be a colour of # and six hexadecimal digits, for example \"#2f5d8a\""),
    ("pages.languages", "must be a list of one or more of \"en\" and \"de\", each once"),
    (
        "pages.return_to",
        "must be a list of at most 64 whole addresses such as \
         [\"https://app.example.org/signed-in\"], without user, fragment, .. or %; http only for \
         localhost, 127.0.0.0/8 and [::1]",
    ),
    ("tokens.algorithm", "must be \"ES256\", \"EdDSA\" or \"RS256\""),
    ("tokens.access_ttl", "must be between 5m and 15m, for example \"10m\""),
    ("tokens.api_ttl_max", "must be between 1d and 366d, for example \"90d\""),
    ("tokens.audience", "must be 1 to 255 visible ASCII characters without spaces"),
    ("sessions.ttl", "must be between tokens.access_ttl and 30d, for example \"12h\""),
    ("sessions.max_per_user", "must be a whole number between 1 and 32"),
    ("status.ttl", "must be between 10s and 15m, for example \"1m\""),
    ("passwords.memory", "must be at most 16 GiB, for example \"64 MiB\""),
    ("passwords.argon2.m", "must be whole KiB and at most 1 GiB, for example \"19 MiB\""),
    ("passwords.argon2.t", "must be a whole number between 1 and 10, for example 2"),
    ("passwords.argon2.p", "must be a whole number between 1 and 4, for example 1"),
    ("passwords.profile", "must be \"standard\" (8 characters) or \"nist\" (15 characters)"),
    ("passwords.queue", "must be a whole number between 1 and 1024, for example 64"),
    ("passwords.max_wait", "must be between 100ms and 1m, for example \"5s\""),
    ("store.engine", "must be \"sled\" or \"memory\""),
    ("store.cache", "must be between 1 MiB and 16 GiB, for example \"16 MiB\""),
    ("store.journal", "must be between 64 KiB and 1 GiB, for example \"16 MiB\""),
    ("backup.every", "must be \"0s\" (off) or between 1m and 365d, for example \"24h\""),
    ("backup.keep", "must be a whole number between 1 and 1000, for example 7"),
    (
        "backup.folder",
        "must be the path of a folder without spaces at its ends, for example \
     \"/mnt/other-disk/doorkey\"",
    ),
    ("limits.login_failures", LIMIT),
    ("limits.login_failures_per_account", LIMIT),
    ("limits.login_failures_per_network", LIMIT),
    ("limits.registrations_per_network", LIMIT),
    ("limits.service_failures_per_network", LIMIT),
    ("limits.profile_changes_per_account", LIMIT),
    ("limits.connections_per_address", LIMIT),
    ("audit.keep", "must be between 1d and 36500d, for example \"365d\""),
    ("clock.trust_mark", "must be true or false"),
    ("log.format", "must be \"text\" or \"json\""),
    ("log.level", "must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\""),
    (
        "metrics.listen",
        "must be \"off\" or an IP address and a port, for example \"127.0.0.1:9464\"",
    ),
    ("metrics.exposed", "must be true or false"),
    ("", "must be a table of keys, as auth.toml shows"),
];

const HEADER: &str = "must be the name of a header of at most 64 letters, digits and hyphens that \
                      begins with X- or Remote- and means nothing else yet, such as \"X-Auth-User\"";
const PEM: &str = "must be \"off\" or the path of a PEM file without spaces at its ends, for \
                   example \"/etc/doorkey/tls.pem\"";
const LIMIT: &str = "must be a whole number between 0 (off) and 1000000";
const MAX_LIMIT: u32 = 1_000_000;

/// What is said about `path`: a key, an element of a list, or a section.
pub(super) fn sentence(path: &str) -> &'static str {
    let all = || SENTENCES.iter().chain(&access::SENTENCES);
    let known = |wanted: &str| all().find(|(key, _)| *key == wanted).map(|(_, s)| *s);
    // Without the places in lists.
    let named = path.split('.').filter(|part| !part.bytes().all(|b| b.is_ascii_digit()));
    let named = named.collect::<Vec<_>>().join(".");
    let list = path.rsplit_once('.').map_or(path, |(list, _)| list);
    // The member of a table in a list.
    let outer = list.rsplit_once('.').map_or(list, |(list, _)| list);
    let found = [path, &named, list, outer, ""].into_iter().find_map(known);
    found.unwrap_or_default()
}

/// A rule that is broken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The keys that could mend it; the first one that somebody set is to be shown.
    pub(super) keys: Vec<&'static str>,
    /// Which of a list, counted from 0; `None` where it is the whole key.
    pub(super) element: Option<usize>,
    /// The sentence, good for each of them.
    pub(super) why: Cow<'static, str>,
}

/// Ranges first, then the rules between keys.
pub(super) fn check(config: &Config, dev: bool) -> Result<(), Broken> {
    let ranges = http_ranges(&config.http).into_iter().chain(ranges(config));
    let ranges = ranges.chain(page_ranges(&config.pages));
    for (key, holds) in ranges.chain(password_ranges(&config.passwords)) {
        if !holds {
            return Err(Broken { keys: vec![key], element: None, why: sentence(key).into() });
        }
    }
    if let Some((n, why)) = access::check(config) {
        return Err(Broken { keys: vec!["access"], element: Some(n), why: why.into() });
    }
    let broken = rules::all(config, dev).into_iter().find(|rule| !rule.holds);
    broken.map_or(Ok(()), |rule| {
        Err(Broken { keys: rule.keys.to_vec(), element: None, why: rule.why.into() })
    })
}

fn within<T: PartialOrd + Copy>(value: T, least: T, most: T) -> bool {
    least <= value && value <= most
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
pub(super) const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn http_ranges(http: &Http) -> Vec<(&'static str, bool)> {
    let everyone = http.trusted_proxies.iter().any(|network| network.is_everyone());
    let hsts = http.hsts.is_none_or(|age| age.is_zero() || within(age, DAY * 365, DAY * 3650));
    vec![
        ("http.trusted_proxies", !everyone && http.trusted_proxies.len() <= 64),
        ("http.cors_origins", http.cors_origins.len() <= 64),
        ("http.hsts", hsts),
        ("http.max_connections", within(http.max_connections, 1, 65_536)),
        ("http.header_timeout", within(http.header_timeout, SECOND, MINUTE)),
        ("http.idle_timeout", within(http.idle_timeout, SECOND, MINUTE * 5)),
        ("http.request_timeout", within(http.request_timeout, SECOND, MINUTE * 5)),
        ("http.shutdown_timeout", http.shutdown_timeout <= MINUTE * 5),
        ("http.max_body", within(http.max_body.bytes(), 4 * KIB, MIB)),
    ]
}

fn ranges(config: &Config) -> Vec<(&'static str, bool)> {
    let audience = config.tokens.audience.as_deref().is_none_or(|text| {
        within(text.len(), 1, 255) && text.bytes().all(|b| b.is_ascii_graphic())
    });
    let roles =
        ["admin", "user"].iter().all(|name| config.roles.iter().any(|r| r.as_str() == *name));
    let (limits, every) = (&config.limits, config.backup.every);
    vec![
        ("roles", roles && config.roles.len() <= 64),
        ("services", config.services.len() <= 64 && are_distinct(&config.services)),
        ("forward.domain", config.forward.has_good_domain()),
        ("tokens.access_ttl", within(config.tokens.access_ttl, MINUTE * 5, MINUTE * 15)),
        ("tokens.api_ttl_max", within(config.tokens.api_ttl_max, DAY, DAY * 366)),
        ("tokens.audience", audience),
        ("sessions.ttl", within(config.sessions.ttl, config.tokens.access_ttl, DAY * 30)),
        ("sessions.max_per_user", within(config.sessions.max_per_user, 1, 32)),
        ("status.ttl", within(config.status.ttl, SECOND * 10, MINUTE * 15)),
        ("store.cache", within(config.store.cache.bytes(), MIB, 16 * GIB)),
        ("store.journal", within(config.store.journal.bytes(), 64 * KIB, GIB)),
        ("backup.every", every.is_zero() || within(every, MINUTE, DAY * 365)),
        ("backup.keep", within(config.backup.keep, 1, 1000)),
        ("backup.folder", is_path(&config.backup.folder)),
        ("limits.login_failures", limits.login_failures <= MAX_LIMIT),
        ("limits.login_failures_per_account", limits.login_failures_per_account <= MAX_LIMIT),
        ("limits.login_failures_per_network", limits.login_failures_per_network <= MAX_LIMIT),
        ("limits.registrations_per_network", limits.registrations_per_network <= MAX_LIMIT),
        ("limits.service_failures_per_network", limits.service_failures_per_network <= MAX_LIMIT),
        ("limits.profile_changes_per_account", limits.profile_changes_per_account <= MAX_LIMIT),
        ("limits.connections_per_address", limits.connections_per_address <= MAX_LIMIT),
        ("audit.keep", within(config.audit.keep, DAY, DAY * 36_500)),
    ]
}

/// A path with a space at an end is a mistake that nobody sees.
pub(super) fn is_path(path: &Path) -> bool {
    path.to_str().is_some_and(|text| {
        !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
    })
}

fn page_ranges(pages: &Pages) -> Vec<(&'static str, bool)> {
    let name = pages.name.as_str();
    let is_name = within(name.chars().count(), 1, 64)
        && name.trim() == name
        && !name.contains(char::is_control);
    let has_twice = |at: usize| pages.languages[..at].contains(&pages.languages[at]);
    let languages = !pages.languages.is_empty() && !(0..pages.languages.len()).any(has_twice);
    let no_logo = pages.logo.as_os_str().is_empty();
    vec![
        ("pages.name", is_name),
        ("pages.logo", no_logo || is_path(&pages.logo)),
        ("pages.languages", languages),
        ("pages.return_to", pages.return_to.len() <= 64),
    ]
}

fn password_ranges(passwords: &Passwords) -> Vec<(&'static str, bool)> {
    let m = passwords.argon2.m.bytes();
    let wait = within(passwords.max_wait, Duration::from_millis(100), MINUTE);
    vec![
        ("passwords.memory", passwords.memory.bytes() <= 16 * GIB),
        ("passwords.argon2.m", m <= GIB && m.is_multiple_of(KIB)),
        ("passwords.argon2.t", within(passwords.argon2.t, 1, 10)),
        ("passwords.argon2.p", within(passwords.argon2.p, 1, 4)),
        ("passwords.queue", within(passwords.queue, 1, 1024)),
        ("passwords.max_wait", wait),
    ]
}

// The sentence of `passwords.profile` names these numbers.
const _: () = assert!(Profile::Standard.min_characters() == 8);
const _: () = assert!(Profile::Nist.min_characters() == 15);
