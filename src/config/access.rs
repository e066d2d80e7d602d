//! `[[access]]`: one rule as it is written.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::model::{
    AccessRule, AccessRules, Effect, HostPattern, IpNetwork, MethodWord, PathPattern, Role, Roles,
};

/// What the members of a rule must be; what is said of the rule as a whole stands with all keys.
pub(super) const SENTENCES: [(&str, &str); 8] = [
    (
        "access.host",
        "must be a host in lower case without a port, such as \"wiki.example.org\", or \
         \"*.example.org\" for every name below it",
    ),
    (
        "access.path",
        "must be a path such as \"/health\", or \"/admin/*\" for /admin and all below it; it has no \
         //, . or .. and no escape that is not needed",
    ),
    (
        "access.methods",
        "must be a list of at most 64 methods in capital letters, such as [\"GET\"]",
    ),
    (
        "access.roles",
        "must be a list of at most 64 roles that `roles` declares, of which one is enough",
    ),
    (
        "access.networks",
        "must be a list of at most 64 addresses or networks such as [\"10.0.0.0/8\"], none of them \
         with bits behind its prefix",
    ),
    ("access.allow", FLAG),
    ("access.deny", FLAG),
    ("access.public", FLAG),
];

const FLAG: &str = "must be true, or left out";

/// The most rules, and entries of a list in one.
const MOST_RULES: usize = 256;
const MOST_ENTRIES: usize = 64;

/// One of `[[access]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Access(AccessRule);

impl Access {
    /// The rule as everything else has it.
    #[must_use]
    pub const fn rule(&self) -> &AccessRule {
        &self.0
    }
}

/// The members of a rule in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    host: Text<HostPattern>,
    #[serde(default = "every_path")]
    path: Text<PathPattern>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    methods: Option<Vec<Text<MethodWord>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roles: Option<Roles>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    networks: Option<Vec<IpNetwork>>,
    #[serde(default, skip_serializing_if = "is_false")]
    allow: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    deny: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    public: bool,
}

fn every_path() -> Text<PathPattern> {
    Text(PathPattern::try_from(PathPattern::ALL).expect("it is a pattern"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Something that is written as text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text<T>(T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T> Deserialize<'de> for Text<T>
where
    T: for<'a> TryFrom<&'a str, Error: std::fmt::Display>,
{
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::try_from(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl TryFrom<Written> for Access {
    type Error = &'static str;
    fn try_from(written: Written) -> Result<Self, &'static str> {
        // Whoever writes an empty list means nobody, and a list that is left out means everybody.
        let is_empty = written.methods.as_ref().is_some_and(Vec::is_empty)
            || written.networks.as_ref().is_some_and(Vec::is_empty)
            || written.roles.as_ref().is_some_and(Roles::is_empty);
        if is_empty {
            return Err("an empty list");
        }
        let effect = match (written.allow, written.deny, written.public) {
            (true, false, false) => Effect::Allow(written.roles.unwrap_or_default()),
            (false, true, false) if written.roles.is_none() => Effect::Deny,
            (false, false, true) if written.roles.is_none() => Effect::Public,
            _ => return Err("not exactly one effect"),
        };
        Ok(Self(AccessRule {
            host: written.host.0,
            path: written.path.0,
            methods: written.methods.into_iter().flatten().map(|word| word.0).collect(),
            networks: written.networks.unwrap_or_default(),
            effect,
        }))
    }
}

impl From<Access> for Written {
    fn from(Access(rule): Access) -> Self {
        let (allow, deny) = (matches!(rule.effect, Effect::Allow(_)), rule.effect == Effect::Deny);
        let public = rule.effect == Effect::Public;
        let roles = if let Effect::Allow(roles) = rule.effect { Some(roles) } else { None };
        let methods: Vec<_> = rule.methods.into_iter().map(Text).collect();
        Self {
            host: Text(rule.host),
            path: Text(rule.path),
            methods: Some(methods).filter(|list| !list.is_empty()),
            roles: roles.filter(|list| !list.is_empty()),
            networks: Some(rule.networks).filter(|list| !list.is_empty()),
            allow,
            deny,
            public,
        }
    }
}

/// All rules, as everything else has them.
fn rules(config: &Config) -> AccessRules {
    AccessRules::new(config.access.iter().map(|access| access.0.clone()).collect())
}

/// The first rule that is wrong beside the others, counted from 0, and why.
pub(super) fn check(config: &Config) -> Option<(usize, String)> {
    if config.access.len() > MOST_RULES {
        return Some((MOST_RULES, format!("must have at most {MOST_RULES} rules")));
    }
    let wrong = config.access.iter().enumerate().find_map(|(n, Access(rule))| {
        if rule.methods.len().max(rule.networks.len()) > MOST_ENTRIES {
            return Some((
                n,
                format!("rule {} has a list of more than {MOST_ENTRIES} entries", n + 1),
            ));
        }
        let unknown = undeclared(rule, &config.roles)?;
        let why = format!("names the role {}, which `roles` does not declare", unknown.as_str());
        Some((n, format!("rule {} {why}", n + 1)))
    });
    wrong.or_else(|| {
        let (later, earlier) = rules(config).never_reached()?;
        let why = format!(
            "rule {} can never decide, because rule {} before it ({}) takes all that it fits",
            later + 1,
            earlier + 1,
            config.access[earlier].0
        );
        Some((later, why))
    })
}

/// What is not wrong, and perhaps not meant: rules that no proxy may ask for, and apps that no cookie
/// reaches.
pub(super) fn notes(config: &Config) -> Vec<String> {
    let unasked = !config.access.is_empty() && config.http.trusted_proxies.is_empty();
    let unasked = unasked.then(|| {
        "access: no rule ever decides, because http.trusted_proxies names no proxy that may ask"
            .to_owned()
    });
    unasked.into_iter().chain(outside(config)).collect()
}

/// Rules for hosts that the cookie does not reach.
fn outside(config: &Config) -> Vec<String> {
    let Some(domain) = config.forward.domain() else { return Vec::new() };
    let outside = config.access.iter().enumerate().filter(|(_, Access(rule))| {
        matches!(rule.effect, Effect::Allow(_)) && !rule.host.is_within(domain)
    });
    let note = |(n, Access(rule)): (usize, &Access)| {
        format!(
            "access: rule {} ({rule}) is about a host outside of forward.domain, where only bearer \
             tokens get in",
            n + 1
        )
    };
    outside.map(note).collect()
}

fn undeclared<'a>(rule: &'a AccessRule, declared: &Roles) -> Option<&'a Role> {
    let Effect::Allow(roles) = &rule.effect else { return None };
    roles.iter().find(|role| !declared.contains(*role))
}
