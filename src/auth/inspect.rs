//! Whether and why a token would be accepted, check by check, for the operator who holds one.
//! What decides is the very code that lets requests in; here is only the list around it.

use std::fmt;

use serde::Serialize;

use super::{Access, Auth, Error};
use crate::crypto::{Peek, peek};
use crate::model::{Denial, RefreshToken, Rule, Secret, Timestamp, TokenCheck};

/// What a text seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// For the Authorization header; what is no token at all is looked at as one.
    AccessToken,
    /// For the cookie.
    RefreshToken,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passed {
    /// The token passed it.
    Ok,
    /// The token is refused here.
    Failed,
    /// The token was refused before.
    NotReached,
}

/// One check with its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Which one.
    pub check: TokenCheck,
    /// How it ended.
    pub passed: Passed,
    /// What was compared. Behind the check that failed it is what the token claims, unproven.
    pub detail: Option<String>,
}

/// What became of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What it is.
    pub kind: TokenKind,
    /// When it was looked at.
    pub now: Timestamp,
    /// `None` when it would be accepted.
    pub refused: Option<Denial>,
    /// Every check, in order.
    pub checks: Vec<Checked>,
}

impl Auth {
    /// Whether this token would be accepted now. Nothing is noted of it, and none of it but its
    /// public parts is in the result.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone but the operator, [`Error::Store`] when the store cannot
    /// answer, [`Error::ClockNotSet`] for a refresh token, as for a refresh.
    pub async fn inspect(&self, access: &Access, token: &Secret) -> Result<Inspection, Error> {
        access.require_operator()?;
        match RefreshToken::parse(token.expose()) {
            Ok(refresh) => self.inspect_refresh(&refresh).await,
            Err(_) => self.inspect_access(token.expose()).await,
        }
    }

    async fn inspect_access(&self, token: &str) -> Result<Inspection, Error> {
        let now = self.clock.now();
        let refused = refusal(self.accept(token, now).await)?;
        let read = peek(token);
        let issuer = &self.settings.issuer;
        let words = |check| match check {
            TokenCheck::Form => Some(format!("{} bytes", token.len())),
            TokenCheck::Header | TokenCheck::Signature | TokenCheck::Claims => None,
            TokenCheck::Type => named("typ", read.typ.as_ref()),
            TokenCheck::Key => named("kid", read.kid.as_ref()),
            TokenCheck::Algorithm => named("alg", read.alg.as_ref()),
            TokenCheck::Issuer => against("iss", read.iss.as_ref(), &issuer.issuer),
            TokenCheck::Audience => against("aud", read.aud.as_ref(), &issuer.audience),
            TokenCheck::Client => named("client_id", read.client_id.as_ref()),
            TokenCheck::Times => times(&read, now),
            TokenCheck::Session => named("sid", read.sid.as_ref()),
            TokenCheck::User => named("sub", read.sub.as_ref()),
            TokenCheck::Epoch => named("ver", read.ver.as_ref()),
        };
        let checks = list(&TokenCheck::OF_ACCESS, refused.as_ref(), words);
        Ok(Inspection { kind: TokenKind::AccessToken, now, refused, checks })
    }

    async fn inspect_refresh(&self, token: &RefreshToken) -> Result<Inspection, Error> {
        let now = self.issuing_time()?;
        let accepted = self.accept_refresh(token, now).await;
        let of =
            accepted.as_ref().ok().map(|held| (held.user.value.id, held.session.value.expires_at));
        let refused = refusal(accepted)?;
        let user = of.map(|(user, _)| user).or(refused.as_ref().and_then(Denial::user));
        let words = |check| match (check, of) {
            (TokenCheck::Session, Some((_, end))) => {
                Some(format!("sid {}, ends {}", token.session, far(end, now)))
            }
            (TokenCheck::Session, None) => Some(format!("sid {}", token.session)),
            (TokenCheck::User, _) => user.map(|user| format!("account {user}")),
            (_, _) => None,
        };
        let checks = list(&TokenCheck::OF_REFRESH, refused.as_ref(), words);
        Ok(Inspection { kind: TokenKind::RefreshToken, now, refused, checks })
    }
}

/// Why it was refused, if it was; other failures are not the token's.
fn refusal<T>(accepted: Result<T, Error>) -> Result<Option<Denial>, Error> {
    match accepted {
        Ok(_) => Ok(None),
        Err(Error::InvalidToken(denial) | Error::SessionEnded(denial)) => Ok(Some(denial)),
        Err(other) => Err(other),
    }
}

/// The checks around the one that failed: those before it were passed, those behind not reached.
fn list(
    checks: &[TokenCheck],
    refused: Option<&Denial>,
    words: impl Fn(TokenCheck) -> Option<String>,
) -> Vec<Checked> {
    let failed = refused.map(|denial| check_of(denial.rule()));
    let one = |check: &TokenCheck| {
        let passed = match failed {
            Some(failed) if *check == failed => Passed::Failed,
            Some(failed) if *check > failed => Passed::NotReached,
            Some(_) | None => Passed::Ok,
        };
        let why = refused.filter(|_| passed == Passed::Failed).and_then(Denial::detail);
        let detail = why.map(str::to_owned).or_else(|| words(*check));
        Checked { check: *check, passed, detail }
    };
    checks.iter().map(one).collect()
}

/// The check that a rule belongs to. What is no rule about a token cannot come here; it would
/// count as the last check, after which nothing is accepted either.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other rules are not about tokens")]
const fn check_of(rule: Rule) -> TokenCheck {
    match rule {
        Rule::TokenTooLong | Rule::TokenForm | Rule::ApiTokenHere => TokenCheck::Form,
        Rule::TokenHeader => TokenCheck::Header,
        Rule::TokenType => TokenCheck::Type,
        Rule::TokenKey => TokenCheck::Key,
        Rule::TokenAlgorithm => TokenCheck::Algorithm,
        Rule::TokenEncoding | Rule::TokenSignature => TokenCheck::Signature,
        Rule::TokenClaims => TokenCheck::Claims,
        Rule::TokenIssuer => TokenCheck::Issuer,
        Rule::TokenAudience => TokenCheck::Audience,
        Rule::TokenClient => TokenCheck::Client,
        Rule::TokenLife | Rule::TokenEarly | Rule::TokenExpired => TokenCheck::Times,
        Rule::TokenSessionUnknown
        | Rule::TokenSessionRevoked
        | Rule::TokenSessionExpired
        | Rule::RefreshSessionUnknown
        | Rule::RefreshSecret
        | Rule::RefreshSessionRevoked
        | Rule::RefreshSessionExpired => TokenCheck::Session,
        Rule::TokenUserUnknown
        | Rule::TokenUserOther
        | Rule::TokenUserDisabled
        | Rule::RefreshUserUnknown
        | Rule::RefreshUserDisabled => TokenCheck::User,
        _ => TokenCheck::Epoch,
    }
}

fn named(name: &str, value: Option<&String>) -> Option<String> {
    value.map(|value| format!("{name} {value}"))
}

fn against(name: &str, value: Option<&String>, ours: &str) -> Option<String> {
    let other = |value: &String| format!("{name} {value}, ours is {ours}");
    value.map(|value| if value == ours { format!("{name} {value}") } else { other(value) })
}

fn times(read: &Peek, now: Timestamp) -> Option<String> {
    let one = |name: &str, at: Option<Timestamp>| at.map(|at| format!("{name} {}", far(at, now)));
    let all = [one("iat", read.iat), one("nbf", read.nbf), one("exp", read.exp)];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A time, and how far off it is.
fn far(at: Timestamp, now: Timestamp) -> impl fmt::Display {
    let (ahead, behind) = (at.since(now).as_secs(), now.since(at).as_secs());
    if ahead > 0 { format!("{at} (in {ahead} s)") } else { format!("{at} ({behind} s ago)") }
}
