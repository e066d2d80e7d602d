//! `POST /admin/access/check`: what would become of a request to an app.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::Method;
use warp::reply::Response;

use crate::auth::CheckedAccess;
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::{Address, AppRequest, Denial, Judgement, MethodWord, Role, Rule};

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let route = Route::json(Method::POST, "/admin/access/check", Guard::Operator);
    context.endpoint(route, check)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    url: String,
    /// Nobody, where it is null.
    user: Option<String>,
    method: String,
    ip: Option<String>,
}

#[derive(Serialize)]
struct RuleBody {
    /// Counted from 1.
    number: usize,
    text: String,
}

#[derive(Serialize)]
struct Body<'a> {
    passes: bool,
    decision: &'static str,
    /// Null where none fits.
    rule: Option<RuleBody>,
    why: &'static str,
    user: Option<String>,
    roles: Option<Vec<&'a str>>,
}

async fn check(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let form: Form = call.json()?;
    let name = form.user.as_deref();
    let request = AppRequest {
        method: MethodWord::try_from(form.method.as_str()).map_err(|why| bad("method", &why))?,
        address: Address::parse(&form.url).map_err(|why| bad("url", &why))?,
        from: form.ip.as_deref().map(ip).transpose()?,
    };
    let checked = context.auth.check_access(call.access()?, name, &request).await?;
    Ok(reply::ok(&body(&checked)))
}

fn ip(text: &str) -> Result<IpAddr, Problem> {
    text.parse().map_err(|_| bad("ip", &"is no address"))
}

fn bad(field: &'static str, why: &dyn std::fmt::Display) -> Problem {
    let denial = Denial::from(Rule::FieldRefused).with_detail(format_args!("{field}: {why}"));
    Problem::new(Kind::InvalidRequest, denial).field(field, why.to_string())
}

fn body(checked: &CheckedAccess) -> Body<'_> {
    let caller = checked.caller.as_ref();
    let (passes, decision, why) = match checked.judgement {
        Judgement::Public => (true, "public", "The rule lets everyone through."),
        Judgement::Allowed => (true, "allowed", "The rule lets this account through."),
        Judgement::SignInNeeded => {
            (false, "sign_in_needed", "Nobody is signed in, and no rule lets everyone through.")
        }
        Judgement::Denied(rule) => (false, "denied", rule.sentence()),
    };
    let rule = checked.rule.clone().map(|(number, text)| RuleBody { number, text });
    Body {
        passes,
        decision,
        rule,
        why,
        user: caller.map(|caller| caller.user().username.to_string()),
        roles: caller.map(|caller| caller.roles().iter().map(Role::as_str).collect()),
    }
}
