//! `/forward-auth`: whether a request may reach an app, asked by the proxy in front of it.

mod answer;
mod cookie;
mod question;
mod settings;

use std::sync::Arc;

use warp::http::HeaderMap;
use warp::http::header::SET_COOKIE;
use warp::reply::Response;

pub(super) use self::answer::told;
pub use self::cookie::ForwardSite;
use self::cookie::Shown;
use self::question::{question, refuse_aliases};
pub use self::settings::{Forward, ForwardMode, ForwardProxy, IdentityHeaders};
use super::bearer;
use super::call::Call;
use super::cookie::BadCookies;
use super::doc::{Doc, Parameter};
use super::gate::refused_token;
use super::kind::Kind;
use super::problem::Problem;
use super::route::{Context, Endpoint, Guard, Route};
use crate::auth::{Error, Passage, Proof};
use crate::model::{AppRequest, Rule, Session};

pub(super) const PATH: &str = "/forward-auth";

/// What a browser gets that has to sign in.
const MODE: Parameter = Parameter {
    name: "mode",
    about: "Instead of `forward.redirect`: what a browser gets that has to sign in. Not read where \
        the proxy is Envoy.",
    schema: |_| serde_json::json!({"type": "string", "enum": ["redirect", "location", "deny"]}),
};

/// Where Envoy writes the path of the request behind that of the route, two rows more.
pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let more: &[&str] = match context.settings.forward.proxy {
        ForwardProxy::Envoy => &["/forward-auth/", "/forward-auth/{*path}"],
        ForwardProxy::Forwarded | ForwardProxy::Nginx => &[],
    };
    let endpoint = |path| {
        let doc =
            Doc::new("Whether a request may reach an app; asked by a trusted proxy, by any method")
                .gives_empty("It may; the headers tell the app who is there, or are empty.")
                .sends_on("To /login, for a browser that has to sign in.")
                .query(&[MODE])
                .refuses(&[Kind::InvalidToken, Kind::InsufficientScope, Kind::SignInNeeded]);
        context.endpoint(Route::get(path, Guard::Forward).of_any_method().doc(doc), decide)
    };
    std::iter::once(&PATH).chain(more).map(|path| endpoint(path)).collect()
}

async fn decide(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let settings = &context.settings.forward;
    let mode = mode(settings, &call)?;
    refuse_aliases(&call.headers, &settings.headers)?;
    let request = question(&context.settings, &call)?;
    match ask(&context, &call, &request).await {
        Ok(passage) => Ok(settings.headers.passed(&passage)),
        Err(problem) => answer::refused(&context, &call, (problem, &request, mode)),
    }
}

/// What the proxy wants for browsers; the query is the app's where the proxy is Envoy.
fn mode(settings: &Forward, call: &Call) -> Result<ForwardMode, Problem> {
    match call.query.as_deref().filter(|_| settings.proxy != ForwardProxy::Envoy) {
        None | Some("") => Ok(settings.mode),
        Some("mode=redirect") => Ok(ForwardMode::Redirect),
        Some("mode=location") => Ok(ForwardMode::Location),
        Some("mode=deny") => Ok(ForwardMode::Deny),
        Some(_) => Err(Problem::new(Kind::AccessDenied, Rule::ForwardMode)),
    }
}

/// Asks with what the request shows. A bearer token that is not good is never passed over for a
/// cookie.
async fn ask(context: &Context, call: &Call, request: &AppRequest) -> Result<Passage, Problem> {
    let shown = match context.settings.forward.site.as_ref().map(|site| site.read(&call.headers)) {
        None => Shown::None,
        Some(Ok(shown)) => shown,
        Some(Err(BadCookies::NonAscii)) => Shown::Garbage,
        // Whatever else is shown or asked for: proxies take one away, and the app would get the other.
        Some(Err(BadCookies::Duplicate)) => {
            return Err(Error::SignInNeeded(Rule::ForwardCookieForm.into()).into());
        }
    };
    let proof = match (bearer::bearer(&call.headers, None), &shown) {
        (Err(_), _) => Proof::Unreadable(Rule::ForwardBearer),
        (Ok(Some(token)), _) => Proof::Bearer(token),
        (Ok(None), Shown::Garbage) => Proof::Unreadable(Rule::ForwardCookieForm),
        (Ok(None), Shown::Cookie(cookie)) => Proof::Cookie(cookie),
        (Ok(None), Shown::None) => Proof::Nothing,
    };
    context.auth.forward(request, proof).await.map_err(refused_token)
}

/// The answer with the cookie of forward-auth for the rest of this session, where there is one.
pub(super) fn remember(context: &Context, session: &Session, mut answer: Response) -> Response {
    if let Some(site) = &context.settings.forward.site {
        let rest = session.expires_at.since(context.auth.now());
        let cookie = context.auth.forward_cookie(session);
        answer.headers_mut().append(SET_COOKIE, site.set(&cookie, rest));
    }
    answer
}

/// The same for a session whose secret is another one now, if the browser had the cookie.
pub(super) fn renew(
    context: &Context,
    (headers, session): (&HeaderMap, &Session),
    answer: Response,
) -> Response {
    let site = context.settings.forward.site.as_ref();
    let has_one = site.is_some_and(|site| site.is_in(headers));
    if has_one { remember(context, session, answer) } else { answer }
}

/// The answer that makes the browser forget it.
pub(super) fn forget(context: &Context, mut answer: Response) -> Response {
    if let Some(site) = &context.settings.forward.site {
        answer.headers_mut().append(SET_COOKIE, site.clear());
    }
    answer
}
