//! Cryptography and chance: the only home of argon2, jsonwebtoken, aws-lc-rs and randomness.
//! It answers verdicts and knows neither records nor requests.

use std::fmt;

mod credential;
mod digest;
mod jwt;
mod keys;
mod mac_key;
mod normalize;
mod password;
mod random;
mod seal;
mod status_list;
mod strength;
mod verify_status_list;

pub use credential::CredentialKey;
pub use credential::CredentialName;
pub use digest::fingerprint;
pub use digest::hash_record;
pub use digest::hash_secret;
pub use digest::hash_text;
pub use jwt::Issuer;
pub use jwt::Peek;
pub use jwt::Refusal;
pub use jwt::Verified;
pub use jwt::peek;
pub use jwt::sign;
pub use jwt::verify;
pub use keys::KeyPair;
pub use keys::PublicJwk;
pub use keys::VerifyingKey;
pub use mac_key::AuditKey;
pub use mac_key::FormKey;
pub use mac_key::ForwardKey;
pub use password::Argon2Params;
pub use password::BadHash;
pub use password::Busy;
pub use password::Passwords;
pub use password::PoolLoad;
pub use password::PoolSettings;
pub use password::Verdict;
pub use random::PublicIds;
pub use random::Random;
pub use seal::BadMasterKey;
pub use seal::CannotOpen;
pub use seal::MasterKey;
pub use status_list::StatusList;
pub use status_list::sign_status_list;
pub use strength::PasswordPolicy;
pub use strength::Weakness;
pub use verify_status_list::VerifiedList;
pub use verify_status_list::verify_status_list;

/// What can go wrong with a signing key. None of it is a client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The library made no key.
    Generation,
    /// The bytes are no PKCS#8 private key of the wanted algorithm and strength.
    BadKey,
    /// The library signed nothing.
    Signing,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generation => "no signing key could be generated",
            Self::BadKey => "this is no usable private key of its algorithm",
            Self::Signing => "the token could not be signed",
        })
    }
}

impl std::error::Error for Error {}
