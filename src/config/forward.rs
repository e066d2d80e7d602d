//! `[forward]`: who may reach other people's apps, asked by the proxy in front of them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Config, ForwardMode, ForwardProxy, Origin};
use crate::model::Host;

/// `[forward]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forward {
    /// The one domain whose apps know a browser by a cookie. Empty: there is no such cookie, and
    /// only bearer tokens get in.
    pub domain: String,
    /// How the proxy tells what was asked for.
    pub proxy: ForwardProxy,
    /// What a browser gets that has to sign in.
    pub redirect: ForwardMode,
    /// The header with the username.
    pub user: HeaderWord,
    /// The header with the id of the account.
    pub id: HeaderWord,
    /// The header with the roles, separated by commas.
    pub roles: HeaderWord,
    /// The header with the address, if it is verified.
    pub email: HeaderWord,
}

/// The name of a header that tells apps who is there: `X-…` or `Remote-…`, of letters, digits and
/// hyphens, and none that means something else already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderWord(String);

/// Beginnings of names that are taken: the proxy's own words about a request, and headers of every
/// answer.
const TAKEN: [&str; 6] =
    ["x-forwarded-", "x-original-", "x-real-", "x-request-", "x-content-", "x-frame-"];

impl HeaderWord {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

impl TryFrom<String> for HeaderWord {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        let lower = text.to_ascii_lowercase();
        let known = lower.strip_prefix("x-").or_else(|| lower.strip_prefix("remote-"));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let good = known.is_some_and(|rest| !rest.is_empty())
            && text.len() <= 64
            && text.bytes().all(plain)
            && !TAKEN.iter().any(|taken| lower.starts_with(taken));
        if good { Ok(Self(text)) } else { Err("not the name of such a header") }
    }
}

impl From<HeaderWord> for String {
    fn from(word: HeaderWord) -> Self {
        word.0
    }
}

impl fmt::Display for HeaderWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Forward {
    /// The domain of the cookie; `None` where there is none.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        Some(self.domain.as_str()).filter(|domain| !domain.is_empty())
    }

    /// Whether the domain is one that a cookie can have, or this machine for development: a name of
    /// at least two labels, `localhost`, or an address of loopback.
    pub(super) fn has_good_domain(&self) -> bool {
        let Some(domain) = self.domain() else { return true };
        let named = Host::parse(domain).is_ok_and(|host| host.name() == domain);
        let is_address = domain.starts_with('[') || domain.ends_with(|c: char| c.is_ascii_digit());
        named && (is_local(domain) || (domain.contains('.') && !is_address))
    }

    /// Whether each header has a name of its own.
    pub(super) fn has_distinct_headers(&self) -> bool {
        let names = [&self.user, &self.id, &self.roles, &self.email];
        let names = names.map(|name| name.as_str().to_ascii_lowercase());
        (1..names.len()).all(|n| !names[..n].contains(&names[n]))
    }
}

/// Whether it is this machine. A cookie has no `Domain` there, and is known on all its ports.
fn is_local(domain: &str) -> bool {
    domain == "localhost" || domain == "127.0.0.1"
}

/// Whether the sign-in page can set the cookie of the domain: it must stand in it, and on this
/// machine be it.
pub(super) fn holds_public_url(config: &Config) -> bool {
    let Some(domain) = config.forward.domain() else { return true };
    let listener = || Origin::of_listener(config.http.listen, config.tls.is_on());
    let public = config.http.public_url.clone().unwrap_or_else(listener);
    let below = Host::parse(public.host()).is_ok_and(|host| host.is_within(domain));
    if is_local(domain) { public.host() == domain } else { below }
}
