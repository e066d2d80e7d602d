//! The claims of an access token in JSON (RFC 9068, 2.2).

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Issuer, Refusal};
use crate::model::{Claims, Roles, ServiceId, SessionId, Timestamp, TokenId, UserId};

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
}

/// RFC 7519, 4.1.3.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A member that may be absent but not `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Timestamp::deserialize(deserializer).map(Some)
}

impl Incoming {
    /// The claims of a token that is good at `now`.
    pub(super) fn accept(self, issuer: &Issuer, now: Timestamp) -> Result<Claims, Refusal> {
        if self.iss != issuer.issuer {
            return Err(Refusal::WrongIssuer);
        }
        if !self.aud.holds(&issuer.audience) {
            return Err(Refusal::WrongAudience);
        }
        if self.client_id != CLIENT {
            return Err(Refusal::WrongClient);
        }
        self.check_times(now)?;
        Ok(Claims {
            subject: self.sub,
            session: self.sid,
            id: self.jti,
            issued_at: self.iat,
            expires_at: self.exp,
            auth_time: self.auth_time,
            epoch: self.ver,
            roles: self.roles,
        })
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.exp <= self.iat || self.exp.since(self.iat) > MAX_LIFE {
            return Err(Refusal::WrongLife);
        }
        let early = self.nbf.is_some_and(|nbf| nbf > now.plus(NBF_LEEWAY));
        if early || self.iat > now.plus(IAT_LEEWAY) {
            return Err(Refusal::NotYetValid);
        }
        if self.exp <= now { Err(Refusal::Expired) } else { Ok(()) }
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
