//! What the deployment decides about forward-auth.

use std::sync::Arc;

use warp::http::HeaderName;

use super::cookie::ForwardSite;
use crate::model::{AccessRules, Address};

/// How a proxy tells what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardProxy {
    /// `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`.
    Forwarded,
    /// `X-Original-Method` and `X-Original-URL`.
    Nginx,
    /// The request's own method and host, its path behind `/forward-auth`.
    Envoy,
}

/// What a browser gets that has to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardMode {
    /// 303 to the sign-in page.
    Redirect,
    /// 401 with its address in `Location`.
    Location,
    /// 401.
    Deny,
}

/// The headers that tell an app who is there.
#[derive(Debug, Clone)]
pub struct IdentityHeaders {
    /// The username.
    pub user: HeaderName,
    /// The id of the account.
    pub id: HeaderName,
    /// The roles, separated by commas.
    pub roles: HeaderName,
    /// The verified address.
    pub email: HeaderName,
}

impl IdentityHeaders {
    /// Those of user, id, roles and email, under these names, which the configuration has checked.
    ///
    /// # Panics
    /// For what is no name of a header.
    #[must_use]
    pub fn named(names: [&str; 4]) -> Self {
        let name = |text: &str| text.parse().expect("a checked word is the name of a header");
        let [user, id, roles, email] = names.map(name);
        Self { user, id, roles, email }
    }

    /// All four.
    pub(super) const fn all(&self) -> [&HeaderName; 4] {
        [&self.user, &self.id, &self.roles, &self.email]
    }
}

/// `/forward-auth`, and the cookie for it.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Where browsers are known by a cookie; `None` is nowhere.
    pub site: Option<ForwardSite>,
    /// How proxies ask.
    pub proxy: ForwardProxy,
    /// What browsers get, unless the proxy says otherwise.
    pub mode: ForwardMode,
    /// What apps are told.
    pub headers: IdentityHeaders,
    /// The rules: what none of them names no login leads to.
    pub access: Arc<AccessRules>,
}

/// The longest address that a login leads back to, in bytes: it must fit into a query.
const MOST_RETURN: usize = 1024;

impl Forward {
    /// Whether a sign-in may lead to this address, and is known there afterwards: by https (plain
    /// http only where the cookie has no `Secure`), in the domain of the cookie, on a host that a
    /// rule names.
    pub(in crate::http) fn leads_to(&self, address: &Address) -> bool {
        self.site.as_ref().is_some_and(|site| {
            (address.is_https || !site.is_secure())
                && site.holds(&address.host)
                && self.access.name(&address.host)
        })
    }

    /// Whether a sign-in may lead to this text, which must be such an address in its one form, at
    /// most 1024 bytes long.
    pub(in crate::http) fn permits(&self, wanted: &str) -> bool {
        let address = Address::parse(wanted).ok().filter(|_| wanted.len() <= MOST_RETURN);
        address.is_some_and(|address| address.to_string() == wanted && self.leads_to(&address))
    }
}
