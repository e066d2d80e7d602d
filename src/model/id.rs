//! Identifiers: random, permanent, opaque to clients, and never interchangeable.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier")
    }
}

impl std::error::Error for NotAnId {}

/// An identifier that can be made from random bytes.
pub trait FromRandom {
    /// How many random bytes it takes.
    const BYTES: usize;
    /// The identifier made of these bytes, of which there must be [`FromRandom::BYTES`].
    fn from_random(bytes: &[u8]) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($bytes:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The identifier with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }
        }

        impl FromRandom for $name {
            const BYTES: usize = $bytes;
            fn from_random(bytes: &[u8]) -> Self {
                Self(bytes.try_into().expect("the caller gives exactly BYTES bytes"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NotAnId;
            /// Strict: one text for one identifier, no padding, no stray bits.
            fn try_from(text: &str) -> Result<Self, NotAnId> {
                let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAnId)?;
                Ok(Self(bytes.try_into().map_err(|_| NotAnId)?))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(d)?;
                Self::try_from(&*text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A user: 128 random bits, the `sub` of its tokens, never used again after deletion.
    UserId(16);
    /// A session: 128 random bits, public (the secret is in [`crate::model::RefreshToken`]).
    SessionId(16);
    /// One access token: the claim `jti`.
    TokenId(16);
    /// A personal API token; public, as the secret is in [`crate::model::PlainApiToken`].
    ApiTokenId(16);
    /// One entry of the audit trail.
    EventId(16);
    /// A one-time link (invite or password reset).
    LinkId(16);
    /// A Token Status List: 64 random bits, so that a store that was restored never gives one the
    /// name of another that verifiers may still hold.
    StatusListId(8);
    /// A signing key: its RFC 7638 SHA-256 thumbprint, the `kid` of tokens and JWKs.
    KeyId(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_text() {
        let id = UserId::from_bytes([7; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(UserId::try_from(text.as_str()), Ok(id));
        // The last character of 22 carries two bits: another one with stray bits is refused.
        let stray = format!("{}x", &text[..21]);
        assert_eq!(UserId::try_from(stray.as_str()), Err(NotAnId));
        assert_eq!(UserId::try_from(format!("{text}==").as_str()), Err(NotAnId));
        assert_eq!(UserId::try_from(""), Err(NotAnId));
    }
}
