//! A request as the endpoints see it: everything common is already checked.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use warp::http::request::Parts;
use warp::http::{HeaderMap, Method};

use super::kind::Kind;
use super::problem::Problem;
use super::{form_body, json, query};
use crate::auth::{Access, Client, ServiceAccess};
use crate::model::Rule;

/// One request behind the gate. Not printable: it holds tokens and passwords.
pub(super) struct Call {
    /// How it was sent.
    pub(super) method: Method,
    /// Where it comes from.
    pub(super) client: Client,
    /// The same in the words of trusted proxies alone; `None` where they do not tell it.
    pub(super) told_ip: Option<IpAddr>,
    /// The proven caller; `None` on routes that anyone may call.
    pub(super) access: Option<Access>,
    /// The proven service; `None` on routes that are not for services.
    pub(super) service: Option<ServiceAccess>,
    /// All of it.
    pub(super) headers: Headers,
    /// The parts of the path that the route names.
    pub(super) parts: Vec<(String, String)>,
    /// Behind the `?`, as sent.
    pub(super) query: Option<String>,
    /// Empty where the route ignores it.
    pub(super) body: Bytes,
}

/// The headers of a request, shared with the gate.
pub(super) struct Headers(pub(super) Arc<Parts>);

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.0.headers
    }
}

impl Call {
    /// Its `X-Request-Id`.
    pub(super) fn request_id(&self) -> &str {
        self.client.request_id.as_deref().unwrap_or_default()
    }

    /// The proven caller of a guarded route.
    pub(super) fn access(&self) -> Result<&Access, Problem> {
        let missing = || Problem::new(Kind::InvalidToken, Rule::BearerMissing);
        self.access.as_ref().ok_or_else(missing)
    }

    /// The proven service of a route for services.
    pub(super) fn service(&self) -> Result<&ServiceAccess, Problem> {
        let none = || Problem::new(Kind::InvalidClient, Rule::ServiceMissing);
        self.service.as_ref().ok_or_else(none)
    }

    /// The body as `T`, strictly.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::parse(&self.headers, &self.body)
    }

    /// The body as the form `T`, strictly.
    pub(super) fn form<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        form_body::parse(&self.headers, &self.body)
    }

    /// One parameter behind the `?`, whatever else is there.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        query::single(self.query.as_deref()?, name)
    }

    /// The parameters behind the `?`; unknown and repeated ones are refused.
    pub(super) fn query<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Option<String>; N], Problem> {
        query::parse(self.query.as_deref().unwrap_or_default(), names)
    }

    /// The part `{name}` of the path as an identifier. One that cannot be one is not found.
    pub(super) fn id<T: for<'a> TryFrom<&'a str>>(&self, name: &str) -> Result<T, Problem> {
        let id = self.part(name).and_then(|text| T::try_from(text).ok());
        id.ok_or_else(|| Problem::new(Kind::NotFound, Rule::IdForm))
    }

    /// The part `{name}` of the path.
    pub(super) fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}
