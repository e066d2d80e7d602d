//! The outside: HTTP in, one use case called, HTTP out. The only home of warp; hyper lives in
//! [`listen`] and [`body`].
//!
//! A request passes the gate (address, route, origin, token, role, body), reaches the one
//! warp filter of its row in the table, and leaves with the headers that every answer has.

pub mod bearer;
pub mod body;
pub mod client_ip;
pub mod cookie;
pub mod headers;
pub mod json;
pub mod kind;
pub mod listen;
pub mod metrics;
pub mod origin;
pub mod problem;
pub mod refusals;

mod admin;
mod assets;
mod basic;
mod call;
mod client;
mod control;
mod demo;
mod doc;
mod form_body;
mod forward;
mod gate;
mod health;
mod jwks;
mod login;
mod logout;
mod me;
mod metadata;
mod oauth;
mod openapi;
mod pages;
mod password;
mod password_reset;
mod problems;
mod query;
mod refresh;
mod refusal;
mod register;
mod reply;
mod route;
mod sessions;
mod setup;
mod shared;
mod status_list;
mod tokens;

use std::net::IpAddr;
use std::time::Duration;

use self::client_ip::ForwardedHeader;
pub use self::control::{ControlError, ControlSocket, Reply, ask, download, pieces, read, request};
use self::cookie::CookieRule;
pub use self::forward::{Forward, ForwardMode, ForwardProxy, ForwardSite, IdentityHeaders};
pub use self::gate::Api;
pub use self::pages::{Language, Logo, Look};
pub use self::route::{Body, Counts, Guard, Route};
use self::route::{Context, Endpoint};
use crate::model::IpNetwork;

/// What the deployment decides about the outside.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Peers whose forwarding header is believed.
    pub trusted_proxies: Vec<IpNetwork>,
    /// The one that is read.
    pub forwarded_header: ForwardedHeader,
    /// Origins of our own pages.
    pub own_origins: Vec<String>,
    /// Origins of other sites whose scripts may call.
    pub cors_origins: Vec<String>,
    /// Whether a request without `Origin` and `Sec-Fetch-Site` is refused where cookies act.
    pub strict_origin: bool,
    /// The refresh cookie's name and flags.
    pub cookie: CookieRule,
    /// `None`: no `Strict-Transport-Security`.
    pub hsts: Option<Duration>,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// The issuer in the metadata.
    pub issuer: String,
    /// What proxies ask, and the cookie that browsers show to them.
    pub forward: Forward,
    /// How the pages look, speak, and where they lead to.
    pub pages: Look,
    /// Whether requests are counted, for [`Api::metrics`].
    pub metrics: bool,
    /// Whether the demonstration is there. For development only.
    pub demo: bool,
}

impl Settings {
    /// Whether `ip` is a proxy whose word is taken.
    #[must_use]
    pub fn is_trusted(&self, ip: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(ip))
    }
}

/// Every endpoint, one row each.
fn endpoints(context: &Context) -> Vec<Endpoint> {
    let mut all = vec![
        register::endpoint(context),
        login::endpoint(context),
        refresh::endpoint(context),
        logout::endpoint(context),
        password::endpoint(context),
        setup::endpoint(context),
        password_reset::endpoint(context),
        jwks::endpoint(context),
        metadata::endpoint(context),
        status_list::endpoint(context),
        problems::endpoint(context),
        client::endpoint(context),
    ];
    all.extend(me::endpoints(context));
    all.extend(sessions::endpoints(context));
    all.extend(tokens::endpoints(context));
    all.extend(oauth::endpoints(context));
    all.extend(forward::endpoints(context));
    all.extend(health::endpoints(context));
    all.extend(admin::endpoints(context));
    all.extend(pages::endpoints(context));
    all.extend(demo::endpoints(context));
    all.push(openapi::endpoint(context, &all));
    all
}
