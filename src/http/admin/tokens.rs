//! `POST /admin/tokens/inspect`: whether and why a token would be accepted. The operator's alone:
//! to everyone else it would be an oracle.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::Method;
use warp::reply::Response;

use crate::auth::{Checked, Passed, TokenKind};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::{Rule, Secret, TokenCheck};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::json(Method::POST, "/admin/tokens/inspect", Guard::Operator);
    context.endpoint(route, inspect)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    token: Secret,
}

#[derive(Serialize)]
struct Body<'a> {
    kind: TokenKind,
    time: String,
    accepted: bool,
    rule: Option<Rule>,
    why: Option<&'static str>,
    checks: Vec<CheckBody<'a>>,
}

#[derive(Serialize)]
struct CheckBody<'a> {
    check: TokenCheck,
    outcome: Passed,
    detail: Option<&'a str>,
}

impl<'a> From<&'a Checked> for CheckBody<'a> {
    fn from(Checked { check, passed, detail }: &'a Checked) -> Self {
        Self { check: *check, outcome: *passed, detail: detail.as_deref() }
    }
}

async fn inspect(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { token } = call.json()?;
    let found = context.auth.inspect(call.access()?, &token).await?;
    let rule = found.refused.as_ref().map(crate::model::Denial::rule);
    Ok(reply::ok(&Body {
        kind: found.kind,
        time: found.now.to_string(),
        accepted: found.refused.is_none(),
        rule,
        why: rule.map(Rule::sentence),
        checks: found.checks.iter().map(CheckBody::from).collect(),
    }))
}
