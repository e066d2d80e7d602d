//! Who may come to a route, and who it is.

use warp::http::header::AUTHORIZATION;
use warp::http::request::Parts;
use warp::http::{HeaderMap, Method};

use super::{Api, Challenge, Guard, Kind, Peer, Problem, Route};
use crate::auth::{Access, Error};
use crate::http::bearer;
use crate::model::{Role, Rule};

impl Api {
    /// Whether the caller may come here, and who it is. The peer of the control socket is the
    /// operator; whoever owns the listener has checked its user id.
    pub(super) async fn guard(
        &self,
        route: &Route,
        head: &Parts,
        peer: Peer,
    ) -> Result<Option<Access>, Problem> {
        let headers = &head.headers;
        let operator = matches!(peer, Peer::Unix { .. });
        match route.guard {
            Guard::Public => Ok(None),
            Guard::Browser => {
                self.same_site(headers, operator)?;
                Ok(None)
            }
            Guard::Page => {
                if head.method != Method::GET && head.method != Method::HEAD {
                    let strict = self.0.context.settings.strict_origin;
                    self.0.origins.check_own_page(headers, strict)?;
                }
                Ok(None)
            }
            Guard::Forward => {
                let is_proxy = |ip| self.0.context.settings.is_trusted(ip);
                match peer {
                    Peer::Tcp(address) if is_proxy(address.ip()) => Ok(None),
                    Peer::Tcp(_) | Peer::Unix { .. } => Err(no_proxy()),
                }
            }
            Guard::Service => {
                // No browser sends for a service, and what does send names no origin.
                self.0.origins.check_cookie_route(headers, false)?;
                Ok(None)
            }
            Guard::Setup => {
                self.same_site(headers, operator)?;
                let is_there = self.0.context.auth.needs_setup().await?;
                let over = || Problem::new(Kind::NotFound, Rule::SetupOver);
                if is_there { Ok(None) } else { Err(over()) }
            }
            Guard::User | Guard::Admin | Guard::Operator if operator => {
                Ok(Some(Access::operator()))
            }
            Guard::User => Ok(Some(self.bearer(head).await?)),
            Guard::Admin => {
                let access = self.bearer(head).await?;
                access.require(&Role::admin())?;
                Ok(Some(access))
            }
            Guard::Operator => Err(Problem::new(Kind::NotFound, Rule::RouteOfOperator)),
        }
    }

    /// Refuses what a page of a foreign origin sends. The operator's command line is no page.
    fn same_site(&self, headers: &HeaderMap, operator: bool) -> Result<(), Problem> {
        let strict = self.0.context.settings.strict_origin && !operator;
        Ok(self.0.origins.check_cookie_route(headers, strict)?)
    }

    async fn bearer(&self, head: &Parts) -> Result<Access, Problem> {
        let token = bearer::bearer(&head.headers, head.uri.query())?;
        let token = token.ok_or_else(|| no_token(&head.headers))?;
        self.0.context.auth.authenticate(token).await.map_err(refused_token)
    }
}

/// No bearer token was sent; why there is none is for administrators.
fn no_token(headers: &HeaderMap) -> Problem {
    let has_other = headers.contains_key(AUTHORIZATION);
    let rule = if has_other { Rule::SchemeOther } else { Rule::BearerMissing };
    Problem::new(Kind::InvalidToken, rule)
}

/// What is said to whoever is no trusted proxy: the operator of one should not have to guess.
fn no_proxy() -> Problem {
    let only = "Only a proxy of http.trusted_proxies may ask this.";
    Problem::new(Kind::AccessDenied, Rule::ForwardUntrusted).detail(only)
}

/// A token that was sent and is not accepted is told so; a store that cannot answer is not the
/// token's fault.
pub(in crate::http) fn refused_token(error: Error) -> Problem {
    let problem = Problem::from(error);
    if problem.kind() == Kind::InvalidToken {
        problem.challenge(Challenge::TokenRefused)
    } else {
        problem
    }
}
