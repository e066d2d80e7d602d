//! Which service is calling: by HTTP Basic authentication, `client_secret_basic` of RFC 6749, 2.3.1.

use warp::http::HeaderMap;

use super::Api;
use crate::auth::{Client, ServiceAccess};
use crate::http::basic::basic;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::route::{Guard, Route};
use crate::model::Rule;

fn none() -> Problem {
    Problem::new(Kind::InvalidClient, Rule::ServiceMissing)
}

impl Api {
    /// The proven service where the row is for services; `None` elsewhere.
    pub(super) async fn service(
        &self,
        route: &Route,
        headers: &HeaderMap,
        client: &Client,
    ) -> Result<Option<ServiceAccess>, Problem> {
        if route.guard != Guard::Service {
            return Ok(None);
        }
        let (id, secret) = basic(headers)?.ok_or_else(none)?;
        Ok(Some(self.0.context.auth.authenticate_service((&id, secret), client).await?))
    }
}
