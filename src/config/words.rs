//! Settings that are one of a few words.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::model::Algorithm;

/// Declares such settings. They are read from text alone: figment would take a number for the
/// position of a derived enum's variant, so that `registration = 0` opened it.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name { $($(#[$about])* $variant,)+ }

        impl $name {
            /// The word in the file.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.word()
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(word: String) -> Result<Self, &'static str> {
                [$(Self::$variant),+].into_iter().find(|v| v.word() == word).ok_or("unknown word")
            }
        }
    )+};
}

words! {
    /// Who may make an account.
    Registration {
        /// Everyone.
        Open = "open",
        /// The operator and administrators.
        Closed = "closed",
    }

    /// Where plain HTTP may listen.
    Plain {
        /// On this machine.
        Loopback = "loopback",
        /// Where others reach it too.
        Public = "public",
    }

    /// The header that a trusted proxy names its client in.
    ForwardedHeader {
        /// The common list of addresses.
        XForwardedFor = "x-forwarded-for",
        /// The standard one (RFC 7239).
        Forwarded = "forwarded",
        /// One address (nginx).
        XRealIp = "x-real-ip",
    }

    /// How a proxy tells forward-auth what was asked for.
    ForwardProxy {
        /// `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`: Caddy, Traefik, `HAProxy`.
        Forwarded = "forwarded",
        /// `X-Original-Method`, and the whole address as `X-Original-URL`: nginx.
        Nginx = "nginx",
        /// The method and the host are the request's own, its path stands behind `/forward-auth`:
        /// Envoy.
        Envoy = "envoy",
    }

    /// What a browser gets that has to sign in.
    ForwardMode {
        /// 303 to the sign-in page.
        Redirect = "redirect",
        /// 401 with its address in `Location`, for a proxy that makes the redirect of it: nginx.
        Location = "location",
        /// 401 alone.
        Deny = "deny",
    }

    /// A language of the pages.
    Language {
        /// English.
        En = "en",
        /// German.
        De = "de",
    }

    /// How long a password must be.
    Profile {
        /// 8 characters and the lists of known passwords.
        Standard = "standard",
        /// 15 characters (NIST SP 800-63B, for a password that is the only factor).
        Nist = "nist",
    }

    /// What keeps the records.
    EngineKind {
        /// The embedded database in the data folder.
        Sled = "sled",
        /// The memory of the process: gone when it stops.
        Memory = "memory",
    }

    /// The form of a log line.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }

    /// The least important line that is written.
    LogLevel {
        /// Only what failed.
        Error = "error",
        /// And what looks wrong.
        Warn = "warn",
        /// And what happened.
        Info = "info",
        /// And how.
        Debug = "debug",
        /// And each step.
        Trace = "trace",
    }
}

impl Profile {
    /// The fewest characters of a password.
    #[must_use]
    pub const fn min_characters(self) -> usize {
        match self {
            Self::Standard => 8,
            Self::Nist => 15,
        }
    }
}

/// The path of a file: not empty, no spaces at its ends, no control characters. A relative one
/// lies below the working folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath(String);

/// A text that is no [`FilePath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAPath;

impl fmt::Display for NotAPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the path of a file")
    }
}

impl FilePath {
    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = NotAPath;
    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let good = super::check::is_path(Path::new(text));
        good.then(|| Self(text.to_owned())).ok_or(NotAPath)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// For `#[serde(with)]` on something that may be switched off: the word `off`, or its text.
pub(super) mod off_or {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    const OFF: &str = "off";

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(in crate::config) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(OFF),
        }
    }

    pub(in crate::config) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        if text == OFF { Ok(None) } else { text.parse().map(Some).map_err(de::Error::custom) }
    }
}

/// Text alone, for the reason given at the words.
pub(super) fn deserialize_algorithm<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Algorithm, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
