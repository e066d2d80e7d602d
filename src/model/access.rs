//! Who may reach what of other people's apps: rules by host, path, method and network, read in
//! their order, of which the first that fits decides.

mod address;
mod host;
mod path;
mod pattern;

use std::fmt;
use std::net::IpAddr;

use super::network::IpNetwork;
use super::role::{Role, Roles};
use super::rule::Rule;

pub use address::Address;
pub use host::Host;
pub use path::CanonicalPath;
pub use pattern::{HostPattern, PathPattern};

/// Why a text is not the one form of what it should be: a sentence without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCanonical(pub &'static str);

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotCanonical {}

/// A method (RFC 9110, 9): 1 to 32 capital letters and hyphens. Others are denied, because apps
/// differ in what they make of `get`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodWord(String);

impl MethodWord {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it only reads, so that a browser may be sent elsewhere and come back.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        matches!(self.as_str(), "GET" | "HEAD")
    }
}

impl fmt::Display for MethodWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&str> for MethodWord {
    type Error = NotCanonical;
    fn try_from(text: &str) -> Result<Self, NotCanonical> {
        let good = |b: u8| b.is_ascii_uppercase() || b == b'-';
        let is_word = matches!(text.len(), 1..=32) && text.bytes().all(good);
        let why = NotCanonical("the method is not 1 to 32 capital letters");
        if is_word { Ok(Self(text.to_owned())) } else { Err(why) }
    }
}

/// A request to an app, as the proxy in front of it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRequest {
    /// How.
    pub method: MethodWord,
    /// To what.
    pub address: Address,
    /// From where; `None` where nobody knows, and then no rule with networks fits.
    pub from: Option<IpAddr>,
}

/// What a rule says of the requests that it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Who is signed in gets through, with one of these roles; without any, everyone who is.
    Allow(Roles),
    /// Nobody gets through.
    Deny,
    /// Everyone gets through, and nobody is asked for anything.
    Public,
}

/// One rule. It fits a request by host, path, method and network; roles decide only then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// Which hosts, whatever their port.
    pub host: HostPattern,
    /// Which paths.
    pub path: PathPattern,
    /// Which methods; none are all. GET is HEAD, too.
    pub methods: Vec<MethodWord>,
    /// From where; none is everywhere.
    pub networks: Vec<IpNetwork>,
    /// What then.
    pub effect: Effect,
}

impl AccessRule {
    /// Whether it is about this request.
    #[must_use]
    pub fn fits(&self, request: &AppRequest) -> bool {
        let from = |network: &IpNetwork| request.from.is_some_and(|ip| network.contains(ip));
        self.host.fits(&request.address.host)
            && self.path.fits(&request.address.path)
            && (self.methods.is_empty() || self.has_method(&request.method))
            && (self.networks.is_empty() || self.networks.iter().any(from))
    }

    fn has_method(&self, method: &MethodWord) -> bool {
        let known = |word: &str| self.methods.iter().any(|known| known.as_str() == word);
        known(method.as_str()) || (method.as_str() == "HEAD" && known("GET"))
    }

    /// Whether it fits every request that `later` fits, so that one behind it never decides.
    #[must_use]
    pub fn covers(&self, later: &Self) -> bool {
        let methods = !later.methods.is_empty() && later.methods.iter().all(|m| self.has_method(m));
        let inside = |network: &IpNetwork| self.networks.iter().any(|own| own.covers(*network));
        let networks = !later.networks.is_empty() && later.networks.iter().all(inside);
        self.host.covers(&later.host)
            && self.path.covers(&later.path)
            && (self.methods.is_empty() || methods)
            && (self.networks.is_empty() || networks)
    }
}

/// `wiki.example.org/admin/* GET,POST from 10.0.0.0/8: allow editor`.
impl fmt::Display for AccessRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host, self.path)?;
        if !self.methods.is_empty() {
            let words: Vec<&str> = self.methods.iter().map(MethodWord::as_str).collect();
            write!(f, " {}", words.join(","))?;
        }
        if !self.networks.is_empty() {
            let words: Vec<String> = self.networks.iter().map(ToString::to_string).collect();
            write!(f, " from {}", words.join(","))?;
        }
        match &self.effect {
            Effect::Deny => f.write_str(": deny"),
            Effect::Public => f.write_str(": public"),
            Effect::Allow(roles) if roles.is_empty() => f.write_str(": allow"),
            Effect::Allow(roles) => {
                let words: Vec<&str> = roles.iter().map(Role::as_str).collect();
                write!(f, ": allow {}", words.join(","))
            }
        }
    }
}

/// All rules, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessRules(Vec<AccessRule>);

impl AccessRules {
    /// The rules in this order.
    #[must_use]
    pub fn new(rules: Vec<AccessRule>) -> Self {
        Self(rules)
    }

    /// The first rule that fits, with its number, counted from 1; `None` when none does, and then
    /// nobody gets through.
    #[must_use]
    pub fn first(&self, request: &AppRequest) -> Option<(usize, &AccessRule)> {
        self.0.iter().enumerate().find(|(_, rule)| rule.fits(request)).map(|(n, r)| (n + 1, r))
    }

    /// Whether any rule is about this host.
    #[must_use]
    pub fn name(&self, host: &Host) -> bool {
        self.0.iter().any(|rule| rule.host.fits(host))
    }

    /// The first rule that can never decide, and the one before it that decides instead; both
    /// counted from 0. What two rules take together is not looked for.
    #[must_use]
    pub fn never_reached(&self) -> Option<(usize, usize)> {
        self.0.iter().enumerate().find_map(|(later, rule)| {
            let earlier = self.0[..later].iter().position(|earlier| earlier.covers(rule))?;
            Some((later, earlier))
        })
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It gets through, whoever sends it.
    Public,
    /// It gets through, because of who sends it.
    Allowed,
    /// It depends on who sends it, and nobody is signed in.
    SignInNeeded,
    /// It does not get through, by this rule.
    Denied(Rule),
}

impl Judgement {
    /// What the first rule that fits makes of a caller with these roles; `None` is who is not
    /// signed in.
    #[must_use]
    pub fn of(first: Option<&AccessRule>, caller: Option<&Roles>) -> Self {
        match (first.map(|rule| &rule.effect), caller) {
            (Some(Effect::Public), _) => Self::Public,
            (Some(Effect::Deny), _) => Self::Denied(Rule::AccessDenies),
            (Some(Effect::Allow(_)) | None, None) => Self::SignInNeeded,
            (None, Some(_)) => Self::Denied(Rule::AccessUnruled),
            (Some(Effect::Allow(wanted)), Some(held)) => {
                let has_one = wanted.is_empty() || wanted.iter().any(|role| held.contains(role));
                if has_one { Self::Allowed } else { Self::Denied(Rule::AccessRoles) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
