//! The configuration as each part wants it: values, never the tree.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::auth::{Limits, Settings};
use crate::config::{
    Config, ForwardMode, ForwardProxy, ForwardedHeader, HeaderWord, Language, Loaded, Pages,
    Registration,
};
use crate::crypto::{Argon2Params, Issuer, PasswordPolicy, PoolSettings};
use crate::http::client_ip::ForwardedHeader as Header;
use crate::http::cookie::CookieRule;
use crate::http::{self, Forward, ForwardSite, IdentityHeaders, Logo, Look, listen};
use crate::model::AccessRules;

/// Counts are small; a machine on which they do not fit has none of this memory.
fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// For the hashing pool.
pub(super) fn pool(config: &Config) -> PoolSettings {
    let (passwords, argon2) = (&config.passwords, config.passwords.argon2);
    PoolSettings {
        params: Argon2Params {
            memory_kib: u32::try_from(argon2.m.bytes() / 1024).unwrap_or(u32::MAX),
            iterations: argon2.t,
            parallelism: argon2.p,
        },
        memory_bytes: passwords.memory.bytes(),
        queue: count(passwords.queue),
        max_wait: passwords.max_wait,
    }
}

/// For the throttle.
pub(super) fn limits(config: &Config) -> Limits {
    Limits {
        login_failures: config.limits.login_failures,
        login_failures_per_account: config.limits.login_failures_per_account,
        login_failures_per_network: config.limits.login_failures_per_network,
        registrations_per_network: config.limits.registrations_per_network,
        service_failures_per_network: config.limits.service_failures_per_network,
        profile_changes_per_account: config.limits.profile_changes_per_account,
    }
}

/// For the use cases.
pub(super) fn auth(config: &Config, bound: SocketAddr) -> Settings {
    Settings {
        registration_open: config.registration == Registration::Open,
        roles: config.roles.clone(),
        access_ttl: config.tokens.access_ttl,
        session_ttl: config.sessions.ttl,
        max_api_ttl: config.tokens.api_ttl_max,
        services: config
            .services
            .iter()
            .map(|service| (service.id.clone(), service.secret_sha256.hash().clone()))
            .collect(),
        access: Arc::new(access(config)),
        max_sessions: count(config.sessions.max_per_user),
        issuer: Issuer { issuer: config.issuer(bound), audience: config.audience(bound) },
        policy: PasswordPolicy { min_chars: config.passwords.profile.min_characters() },
        public_url: config.public_url(bound),
        algorithm: config.tokens.algorithm,
        keep_events: config.audit.keep,
        status_ttl: config.status.ttl,
        trust_mark: config.clock.trust_mark,
    }
}

/// The rules about other people's apps.
fn access(config: &Config) -> AccessRules {
    AccessRules::new(config.access.iter().map(|access| access.rule().clone()).collect())
}

/// For forward-auth. Without TLS on this machine the cookie has no `Secure`.
fn forward(config: &Config, secure: bool) -> Forward {
    let forward = &config.forward;
    Forward {
        site: forward.domain().map(|domain| ForwardSite::new(domain.to_owned(), secure)),
        proxy: match forward.proxy {
            ForwardProxy::Forwarded => http::ForwardProxy::Forwarded,
            ForwardProxy::Nginx => http::ForwardProxy::Nginx,
            ForwardProxy::Envoy => http::ForwardProxy::Envoy,
        },
        mode: match forward.redirect {
            ForwardMode::Redirect => http::ForwardMode::Redirect,
            ForwardMode::Location => http::ForwardMode::Location,
            ForwardMode::Deny => http::ForwardMode::Deny,
        },
        headers: IdentityHeaders::named(
            [&forward.user, &forward.id, &forward.roles, &forward.email].map(HeaderWord::as_str),
        ),
        access: Arc::new(access(config)),
    }
}

/// For the pages.
fn look(pages: &Pages, logo: Option<Logo>) -> Look {
    let language = |language: &Language| match language {
        Language::En => http::Language::English,
        Language::De => http::Language::German,
    };
    Look {
        name: pages.name.clone(),
        logo,
        accent: pages.accent,
        languages: pages.languages.iter().map(language).collect(),
        return_to: pages.return_to.iter().map(|address| address.as_str().to_owned()).collect(),
    }
}

/// For the gate and the endpoints.
pub(super) fn http(loaded: &Loaded, bound: SocketAddr, logo: Option<Logo>) -> http::Settings {
    let config = &loaded.config;
    let mut own_origins = vec![config.public_url(bound)];
    if loaded.dev {
        let (port, scheme) = (bound.port(), if config.tls.is_on() { "https" } else { "http" });
        let origin = |host| format!("{scheme}://{host}:{port}");
        own_origins.extend(["localhost", "127.0.0.1"].map(origin));
    }
    http::Settings {
        trusted_proxies: config.http.trusted_proxies.clone(),
        forwarded_header: match config.http.forwarded_header {
            ForwardedHeader::XForwardedFor => Header::XForwardedFor,
            ForwardedHeader::Forwarded => Header::Forwarded,
            ForwardedHeader::XRealIp => Header::XRealIp,
        },
        own_origins,
        cors_origins: config.http.cors_origins.iter().map(|o| o.as_str().to_owned()).collect(),
        strict_origin: config.http.strict_origin,
        cookie: if loaded.dev && !config.tls.is_on() {
            CookieRule::LOOPBACK
        } else {
            CookieRule::HOST
        },
        hsts: Some(config.hsts()).filter(|age| !age.is_zero()),
        max_body: usize::try_from(config.http.max_body.bytes()).unwrap_or(usize::MAX),
        // Earlier than the whole request's end, so that a slow body is told what was slow.
        body_timeout: config.http.request_timeout / 2,
        issuer: config.issuer(bound),
        forward: forward(config, !loaded.dev || config.tls.is_on()),
        pages: look(&config.pages, logo),
        metrics: config.metrics.listen.is_some(),
        demo: loaded.dev,
    }
}

/// Who scrapes is few; a crowd there must not take what the API needs.
const MOST_SCRAPES: usize = 16;

/// For the accept loop of the metrics.
pub(super) fn listen_metrics(config: &Config) -> listen::Limits {
    let limits = listen(config);
    listen::Limits { max_connections: limits.max_connections.min(MOST_SCRAPES), ..limits }
}

/// For the accept loop.
pub(super) fn listen(config: &Config) -> listen::Limits {
    let http = &config.http;
    listen::Limits {
        max_connections: count(http.max_connections),
        connections_per_address: count(config.limits.connections_per_address),
        header_timeout: http.header_timeout,
        idle_timeout: http.idle_timeout,
        request_timeout: http.request_timeout,
        shutdown_grace: http.shutdown_timeout,
    }
}

/// Whose connections are not counted: the proxies', and on the control socket everyone's.
pub(super) fn exempt(config: &Config) -> (listen::Exempt, listen::Exempt) {
    let proxies = config.http.trusted_proxies.clone();
    let is_proxy = move |ip: IpAddr| proxies.iter().any(|network| network.contains(ip));
    (Arc::new(is_proxy), Arc::new(|_: IpAddr| true))
}
