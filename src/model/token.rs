//! The tokens: what a browser holds, what is stored of it, and what an access token says.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::clock::Timestamp;
use super::id::{LinkId, SessionId, TokenId, UserId};
use super::role::Roles;
use super::secret::Secret;
use super::status::StatusRef;

/// 256 random bits of a bearer secret, wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TokenSecret([u8; 32]);

impl TokenSecret {
    /// The secret made of these random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes; only `crypto` has a use for them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret")
    }
}

/// What is stored of a [`TokenSecret`]: its SHA-256 (made in `crypto`). Comparing takes the
/// same time whatever the bytes are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for another way to write it.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash")
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        URL_SAFE_NO_PAD.encode(hash.0)
    }
}

impl TryFrom<String> for TokenHash {
    type Error = NotAToken;
    fn try_from(text: String) -> Result<Self, NotAToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAToken)?;
        Ok(Self(bytes.try_into().map_err(|_| NotAToken)?))
    }
}

/// A text that has not the form of the wanted token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAToken;

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a token")
    }
}

impl std::error::Error for NotAToken {}

/// `id.secret` in base64url, of one fixed length.
fn join(id: &dyn fmt::Display, secret: &TokenSecret) -> Secret {
    Secret::new(format!("{id}.{}", URL_SAFE_NO_PAD.encode(secret.expose())))
}

fn split(text: &str) -> Result<(&str, TokenSecret), NotAToken> {
    if text.len() != RefreshToken::LENGTH {
        return Err(NotAToken);
    }
    let (id, secret) = text.split_once('.').ok_or(NotAToken)?;
    let bytes = URL_SAFE_NO_PAD.decode(secret).map_err(|_| NotAToken)?;
    Ok((id, TokenSecret(bytes.try_into().map_err(|_| NotAToken)?)))
}

/// What a browser holds so that forms can be tied to it, whoever is logged in there: 256 random
/// bits in a cookie of their own. It is a key to nothing.
#[derive(Debug, Clone)]
pub struct FormCookie(TokenSecret);

impl FormCookie {
    /// The value made of these random bits.
    #[must_use]
    pub const fn new(secret: TokenSecret) -> Self {
        Self(secret)
    }

    /// The bytes; only a proof is made of them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The text for the cookie: base64url, 43 characters.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.expose()))
    }

    /// Reads the text of a cookie.
    ///
    /// # Errors
    /// [`NotAToken`] for any other length, alphabet or encoding.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAToken)?;
        Ok(Self(TokenSecret(bytes.try_into().map_err(|_| NotAToken)?)))
    }
}

/// The refresh token: `sid.secret`, in the cookie and nowhere else. It names its session, so
/// no index leads from tokens to sessions, and it can never make another refresh token.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// The session it belongs to; public.
    pub session: SessionId,
    /// What proves it.
    pub secret: TokenSecret,
}

impl RefreshToken {
    /// 22 characters of the id, a dot, 43 of the secret.
    pub const LENGTH: usize = 66;

    /// The text for the cookie.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        join(&self.session, &self.secret)
    }

    /// Reads the text of a cookie, before anything is looked up.
    ///
    /// # Errors
    /// [`NotAToken`] for any other length, alphabet or encoding.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let (id, secret) = split(text)?;
        Ok(Self { session: SessionId::try_from(id).map_err(|_| NotAToken)?, secret })
    }
}

/// The one-time token of an invite or a password reset: `id.secret`. Its id is looked up among
/// links only, so it is no refresh token and a refresh token is no link.
#[derive(Debug, Clone)]
pub struct LinkToken {
    /// The link it belongs to.
    pub link: LinkId,
    /// What proves it.
    pub secret: TokenSecret,
}

impl LinkToken {
    /// The text for the link.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        join(&self.link, &self.secret)
    }

    /// Reads the text of a link.
    ///
    /// # Errors
    /// [`NotAToken`] for any other length, alphabet or encoding.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let (id, secret) = split(text)?;
        Ok(Self { link: LinkId::try_from(id).map_err(|_| NotAToken)?, secret })
    }
}

/// An invite or a password reset, as stored: used once, dead after its time or when the user's
/// epoch has moved on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Which one.
    pub id: LinkId,
    /// Of its secret.
    pub secret_hash: TokenHash,
    /// Whose password it sets.
    pub user: UserId,
    /// The epoch it was made in.
    pub epoch: u64,
    /// The end of its life.
    pub expires_at: Timestamp,
}

/// What an access token says (RFC 9068, 2.2), besides what the issuer adds (`iss`, `aud`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub subject: UserId,
    /// `sid`.
    pub session: SessionId,
    /// `jti`: fresh in every token.
    pub id: TokenId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`: never past the session's end.
    pub expires_at: Timestamp,
    /// `auth_time`: the login.
    pub auth_time: Timestamp,
    /// `ver`: the user's epoch.
    pub epoch: u64,
    /// `roles`: informative; what a caller may do is read from the store.
    pub roles: Roles,
    /// `status`: where verifiers learn whether it is dead. `None` for a session that began in a
    /// version without status lists.
    pub status: Option<StatusRef>,
}

/// A signed access token, on its way to the client.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The JWT.
    pub text: Secret,
    /// How long it is good.
    pub expires_in: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> RefreshToken {
        RefreshToken {
            session: SessionId::from_bytes([1; 16]),
            secret: TokenSecret::from_bytes([2; 32]),
        }
    }

    #[test]
    fn a_refresh_token_reads_back() {
        let text = token().to_text();
        assert_eq!(text.expose().len(), RefreshToken::LENGTH);
        let read = RefreshToken::parse(text.expose()).unwrap();
        assert_eq!(read.session, token().session);
        assert_eq!(read.secret.expose(), token().secret.expose());
    }

    #[test]
    fn another_form_is_no_token() {
        let text = token().to_text().expose().to_owned();
        let swapped = text.replace('.', "_");
        let bad = ["", ".", &text[1..], &format!("{text}A"), &format!(" {}", &text[1..]), &swapped];
        for other in bad {
            assert_eq!(RefreshToken::parse(other).unwrap_err(), NotAToken, "{other:?}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let printed = format!("{:?}", token());
        assert!(!printed.contains("AgICAg"), "{printed}");
    }
}
