//! The claims of an access token in JSON (RFC 9068, 2.2).

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Issuer, Refusal};
use crate::model::{
    Claims, KeyId, Roles, ServiceId, SessionId, StatusRef, Timestamp, TokenId, UserId,
};

/// The longest life of a token.
const MAX_LIFE: Duration = Duration::from_mins(15);
/// How far ahead of ours the clock may be that wrote `iat`, and that wrote `nbf`.
const IAT_LEEWAY: Duration = Duration::from_mins(1);
const NBF_LEEWAY: Duration = Duration::from_secs(5);
/// The client of the first-party login.
const CLIENT: &str = ServiceId::FIRST_PARTY;

/// The claims as they go out, in this order.
#[derive(Serialize)]
pub(super) struct Outgoing<'a> {
    iss: &'a str,
    sub: UserId,
    aud: &'a str,
    exp: Timestamp,
    iat: Timestamp,
    jti: TokenId,
    client_id: &'static str,
    sid: SessionId,
    auth_time: Timestamp,
    ver: u64,
    roles: &'a Roles,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// Where verifiers learn whether the token is dead (draft-ietf-oauth-status-list, 6.2).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status_list: Place,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    idx: u32,
    uri: String,
}

impl Status {
    fn new(issuer: &Issuer, place: StatusRef) -> Self {
        let uri = StatusRef::uri(&issuer.issuer, place.list);
        Self { status_list: Place { idx: place.index, uri } }
    }

    /// The place, which is always one of ours.
    fn place(&self, issuer: &Issuer) -> Result<StatusRef, Refusal> {
        let Place { idx, uri } = &self.status_list;
        StatusRef::parse(&issuer.issuer, uri, *idx).ok_or(Refusal::BadClaims)
    }
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(issuer: &'a Issuer, claims: &'a Claims) -> Self {
        Self {
            iss: &issuer.issuer,
            sub: claims.subject,
            aud: &issuer.audience,
            exp: claims.expires_at,
            iat: claims.issued_at,
            jti: claims.id,
            client_id: CLIENT,
            sid: claims.session,
            auth_time: claims.auth_time,
            ver: claims.epoch,
            roles: &claims.roles,
            status: claims.status.map(|place| Status::new(issuer, place)),
        }
    }
}

/// The claims as they came: each of its own kind, none twice, none unknown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Incoming {
    iss: String,
    sub: UserId,
    aud: Audience,
    exp: Timestamp,
    iat: Timestamp,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<Timestamp>,
    jti: TokenId,
    client_id: String,
    sid: SessionId,
    auth_time: Timestamp,
    ver: u64,
    roles: Roles,
    #[serde(default, deserialize_with = "present")]
    status: Option<Status>,
}

/// RFC 7519, 4.1.3.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A member that may be absent but not `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What a token says whose signature is right and that is of our issuer, for us; and what else
/// its acceptance hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The key that made the signature.
    pub key: KeyId,
    not_before: Option<Timestamp>,
}

impl Incoming {
    /// The claims of a token that this key signed, whenever it is good.
    pub(super) fn of_issuer(self, issuer: &Issuer, key: KeyId) -> Result<Verified, Refusal> {
        if self.iss != issuer.issuer {
            return Err(Refusal::WrongIssuer);
        }
        if !self.aud.holds(&issuer.audience) {
            return Err(Refusal::WrongAudience);
        }
        if self.client_id != CLIENT {
            return Err(Refusal::WrongClient);
        }
        let status = self.status.as_ref().map(|status| status.place(issuer)).transpose()?;
        let claims = Claims {
            subject: self.sub,
            session: self.sid,
            id: self.jti,
            issued_at: self.iat,
            expires_at: self.exp,
            auth_time: self.auth_time,
            epoch: self.ver,
            roles: self.roles,
            status,
        };
        Ok(Verified { claims, key, not_before: self.nbf })
    }
}

impl Verified {
    /// Whether the token is good at `now` as far as its times go. Who keeps what a token says asks
    /// this again at each use.
    ///
    /// # Errors
    /// [`Refusal::WrongLife`], [`Refusal::NotYetValid`], [`Refusal::Expired`].
    pub fn check_times(&self, now: Timestamp) -> Result<(), Refusal> {
        let Claims { issued_at, expires_at, .. } = self.claims;
        if expires_at <= issued_at || expires_at.since(issued_at) > MAX_LIFE {
            return Err(Refusal::WrongLife);
        }
        let early = self.not_before.is_some_and(|nbf| nbf > now.plus(NBF_LEEWAY));
        if early || issued_at > now.plus(IAT_LEEWAY) {
            return Err(Refusal::NotYetValid);
        }
        if expires_at <= now { Err(Refusal::Expired) } else { Ok(()) }
    }
}

impl Audience {
    fn holds(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}
