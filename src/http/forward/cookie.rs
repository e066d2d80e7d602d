//! The cookie of forward-auth: set for one domain, and known to every app in it.

use std::time::Duration;

use warp::http::{HeaderMap, HeaderValue};

use crate::http::cookie::{BadCookies, find};
use crate::model::{ForwardCookie, Host, Secret};

/// Where browsers are known at forward-auth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardSite {
    domain: String,
    secure: bool,
}

/// What a request brought as its cookie of forward-auth.
#[derive(Debug)]
pub(super) enum Shown {
    /// No such cookie.
    None,
    /// One that has its form.
    Cookie(ForwardCookie),
    /// One that cannot be one of ours.
    Garbage,
}

impl ForwardSite {
    /// This domain. `secure` is off for plain HTTP on loopback alone.
    #[must_use]
    pub const fn new(domain: String, secure: bool) -> Self {
        Self { domain, secure }
    }

    /// What the cookie is called: without `Secure` by another name, so that a browser never sends
    /// the one where the other is meant.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        if self.secure { "__Secure-forward" } else { "forward" }
    }

    /// Whether browsers send the cookie with TLS only.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the cookie is known at this host.
    pub(super) fn holds(&self, host: &Host) -> bool {
        if self.is_this_machine() {
            host.name() == self.domain
        } else {
            host.is_within(&self.domain)
        }
    }

    fn is_this_machine(&self) -> bool {
        self.domain == "localhost" || self.domain == "127.0.0.1"
    }

    /// Reads the cookie of a request.
    ///
    /// # Errors
    /// [`BadCookies`].
    pub(super) fn read(&self, headers: &HeaderMap) -> Result<Shown, BadCookies> {
        Ok(match find(headers, self.name())? {
            None => Shown::None,
            Some(text) => ForwardCookie::parse(text).map_or(Shown::Garbage, Shown::Cookie),
        })
    }

    /// Whether the request brought anything under the name of the cookie.
    pub(in crate::http) fn is_in(&self, headers: &HeaderMap) -> bool {
        !matches!(find(headers, self.name()), Ok(None))
    }

    /// `Set-Cookie` for the rest of the session. Lax, because people come to apps by links.
    #[must_use]
    pub fn set(&self, cookie: &ForwardCookie, max_age: Duration) -> HeaderValue {
        self.header(&cookie.to_text(), max_age.as_secs())
    }

    /// `Set-Cookie` that makes the browser forget it.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.header(&Secret::new(String::new()), 0)
    }

    fn header(&self, value: &Secret, max_age: u64) -> HeaderValue {
        // Browsers take no Domain of one label or number; without it the cookie is this host's alone.
        let domain = if self.is_this_machine() {
            String::new()
        } else {
            format!(" Domain={};", self.domain)
        };
        let (name, secure) = (self.name(), if self.secure { " Secure;" } else { "" });
        let text = format!(
            "{name}={};{domain} Path=/; HttpOnly;{secure} SameSite=Lax; Max-Age={max_age}",
            value.expose()
        );
        let mut header = HeaderValue::from_str(&text).expect("it is base64url, dots and a domain");
        header.set_sensitive(true);
        header
    }
}
