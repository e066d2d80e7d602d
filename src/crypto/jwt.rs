//! Access tokens: JWTs as RFC 9068 profiles them, checked as RFC 8725 asks. Everything about
//! the header is settled before the signature is looked at, and the signature before a claim is.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm as JoseAlgorithm, Header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::payload::{Incoming, Outgoing};
use super::Error;
use super::keys::{KeyPair, VerifyingKey};
use crate::model::{Algorithm, Claims, KeyId, Secret, Timestamp};

mod payload;
mod peek;

pub use self::payload::Verified;
pub use self::peek::{Peek, peek};

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;
const TYPE: &str = "at+jwt";
/// The longest signature in base64url, of RSA with 8192 bits, and the dots and ends around it.
const MOST_SIGNATURE: usize = 1_380;

/// Who issues the tokens and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// `iss`, compared character by character.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// Which check a token failed, in the order in which they are made. For the log and for
/// administrators; a client learns none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// More than 8 KiB.
    TooLong,
    /// Not three parts of base64url with a JSON object as header.
    Malformed,
    /// The header has another member than `alg`, `typ` and `kid`, one of them twice, or one that
    /// is no text.
    ForbiddenHeader,
    /// `typ` is missing or not `at+jwt`.
    WrongType,
    /// `kid` is missing or names none of our keys.
    UnknownKey,
    /// `alg` is missing or not the one algorithm of the key.
    WrongAlgorithm,
    /// The signature or the claims are not in the one form of base64url.
    BadEncoding,
    /// The key did not make this signature.
    BadSignature,
    /// A claim is missing, unknown, repeated or of the wrong kind.
    BadClaims,
    /// `iss` is another.
    WrongIssuer,
    /// `aud` does not hold ours.
    WrongAudience,
    /// `client_id` is another.
    WrongClient,
    /// `exp` is not after `iat`, or more than 15 minutes.
    WrongLife,
    /// `nbf` or `iat` is yet to come.
    NotYetValid,
    /// `exp` has come.
    Expired,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "the token is no signed JWT",
            Self::ForbiddenHeader => "the header is not exactly alg, typ and kid",
            Self::WrongType => "the token is no access token",
            Self::UnknownKey => "the token names no key of ours",
            Self::WrongAlgorithm => "the algorithm is not that of the key",
            Self::BadEncoding => "the signature or the claims are not base64url",
            Self::BadSignature => "the signature is wrong",
            Self::BadClaims => "the claims are not those of an access token",
            Self::WrongIssuer => "the issuer is another",
            Self::WrongAudience => "the audience is another",
            Self::WrongClient => "the token was made for another client",
            Self::WrongLife => "the token claims no life, or too long a one",
            Self::NotYetValid => "the token is not valid yet",
            Self::Expired => "the token has expired",
        })
    }
}

impl std::error::Error for Refusal {}

/// A signed access token that says `claims`. jsonwebtoken makes the header; it would read the
/// key again for each signature, so the key itself signs.
///
/// # Errors
/// [`Error::Signing`] when the library fails.
pub fn sign(key: &KeyPair, issuer: &Issuer, claims: &Claims) -> Result<Secret, Error> {
    encode(key, TYPE, &Outgoing::new(issuer, claims)).map(Secret::new)
}

/// A JWT of this type: its header is exactly `alg`, `typ` and `kid`.
pub(super) fn encode(key: &KeyPair, typ: &str, claims: &impl Serialize) -> Result<String, Error> {
    let mut header = Header::new(jose(key.algorithm()));
    header.typ = Some(typ.to_owned());
    header.kid = Some(key.id().to_string());
    let header = serde_json::to_vec(&header).map_err(|_| Error::Signing)?;
    let payload = serde_json::to_vec(claims).map_err(|_| Error::Signing)?;
    // Large enough from the beginning, so that no part of a token stays behind in freed memory.
    let mut text = String::with_capacity((header.len() + payload.len()) * 4 / 3 + MOST_SIGNATURE);
    URL_SAFE_NO_PAD.encode_string(header, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// What a token says, if it is an access token of ours that is good at `now`. `find` gives the
/// key of a `kid`, from memory; the session and the user behind the claims are the caller's
/// question.
///
/// # Errors
/// The first [`Refusal`].
pub fn verify(
    token: &str,
    find: impl Fn(&KeyId) -> Option<Arc<VerifyingKey>>,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let header = read_header(token, MAX_BYTES)?;
    if !header.is_access_token() {
        return Err(Refusal::WrongType);
    }
    let key = header.key(find)?;
    let claims: Incoming = read_claims(token, &key)?;
    let verified = claims.of_issuer(issuer, key.id())?;
    verified.check_times(now)?;
    Ok(verified)
}

/// The claims of a token of this type and at most this many bytes that a key of `find` signed;
/// what they say is not looked at.
///
/// # Errors
/// The first [`Refusal`].
pub(super) fn verify_signature<T: DeserializeOwned>(
    token: &str,
    (typ, most): (&str, usize),
    find: impl Fn(&KeyId) -> Option<Arc<VerifyingKey>>,
) -> Result<T, Refusal> {
    let header = read_header(token, most)?;
    if header.typ.as_deref() != Some(typ) {
        return Err(Refusal::WrongType);
    }
    let key = header.key(find)?;
    read_claims(token, &key)
}

/// The claims, once the key has made the signature over header and claims as they came.
fn read_claims<T: DeserializeOwned>(token: &str, key: &VerifyingKey) -> Result<T, Refusal> {
    let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::BadEncoding);
    if !key.verifies(message.as_bytes(), &decode(signature)?) {
        return Err(Refusal::BadSignature);
    }
    let (_, payload) = message.split_once('.').ok_or(Refusal::Malformed)?;
    let json = decode(payload)?;
    // serde would take an array for the claims in their order.
    if json.first() != Some(&b'{') {
        return Err(Refusal::BadClaims);
    }
    serde_json::from_slice(&json).map_err(|_| Refusal::BadClaims)
}

const fn jose(algorithm: Algorithm) -> JoseAlgorithm {
    match algorithm {
        Algorithm::Es256 => JoseAlgorithm::ES256,
        Algorithm::EdDsa => JoseAlgorithm::EdDSA,
        Algorithm::Rs256 => JoseAlgorithm::RS256,
    }
}

/// The whole header. What is not named here (`crit`, `jwk`, `jku`, `x5u`, `zip`, `b64` and all
/// others) is refused and not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoseHeader {
    alg: Option<String>,
    typ: Option<String>,
    kid: Option<String>,
}

impl JoseHeader {
    /// The key that it names, if its algorithm is the key's.
    fn key(
        &self,
        find: impl Fn(&KeyId) -> Option<Arc<VerifyingKey>>,
    ) -> Result<Arc<VerifyingKey>, Refusal> {
        let kid = self.kid.as_deref().and_then(|kid| KeyId::try_from(kid).ok());
        let key = kid.and_then(|kid| find(&kid).filter(|key| key.id() == kid));
        let key = key.ok_or(Refusal::UnknownKey)?;
        let same = self.alg.as_deref() == Some(key.algorithm().name());
        if same { Ok(key) } else { Err(Refusal::WrongAlgorithm) }
    }

    /// RFC 9068, 4, with the media type written out or not (RFC 7515, 4.1.9).
    fn is_access_token(&self) -> bool {
        let typ = self.typ.as_deref().unwrap_or_default();
        typ.eq_ignore_ascii_case(TYPE) || typ.eq_ignore_ascii_case("application/at+jwt")
    }
}

/// Reads the header and nothing else; of the other parts it knows only the alphabet.
fn read_header(token: &str, most: usize) -> Result<JoseHeader, Refusal> {
    if token.len() > most {
        return Err(Refusal::TooLong);
    }
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let well_formed = |part: &str| !part.is_empty() && part.bytes().all(in_alphabet);
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::Malformed);
    };
    if ![header, payload, signature].into_iter().all(well_formed) {
        return Err(Refusal::Malformed);
    }
    let json = URL_SAFE_NO_PAD.decode(header).map_err(|_| Refusal::Malformed)?;
    // serde would take an array for the members in their order.
    if json.first() != Some(&b'{') {
        return Err(Refusal::Malformed);
    }
    serde_json::from_slice(&json).map_err(|error| {
        if error.is_data() { Refusal::ForbiddenHeader } else { Refusal::Malformed }
    })
}

#[cfg(test)]
mod both_ways;
#[cfg(test)]
mod der;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod tests;
