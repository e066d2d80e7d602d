//! What a proxy is told. Every answer that lets a request through has all headers of identity, so
//! that none which a client sent stays in their place.

use warp::http::header::{ACCEPT, LOCATION, VARY};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::settings::{ForwardMode, IdentityHeaders};
use crate::auth::{Identity, Passage};
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::refusals::Asked;
use crate::http::route::Context;
use crate::model::{AppRequest, Email, Role, Rule};

/// As many headers as the answer has at the end: room for them is made once.
const MOST_HEADERS: usize = 14;

const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// What an answer depends on, besides what was asked for.
const DEPENDS: &str = "accept, authorization, cookie, sec-fetch-mode";

impl IdentityHeaders {
    /// 200: the app is told who is there; of nobody it is told so.
    pub(super) fn passed(&self, passage: &Passage) -> Response {
        let values = match passage {
            Passage::Public => [const { HeaderValue::from_static("") }; 4],
            Passage::Known(who) => values(who),
        };
        let mut answer = Response::default();
        let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
        for (name, value) in self.all().into_iter().zip(values) {
            headers.insert(name.clone(), value);
        }
        *answer.headers_mut() = headers;
        vary(answer)
    }
}

/// User, id, roles and email. Each is visible ASCII by its type; empty is what an app must take for
/// nobody.
fn values(who: &Identity) -> [HeaderValue; 4] {
    let user = who.user();
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let roles = who.roles().iter().map(Role::as_str).collect::<Vec<_>>().join(",");
    let email = who.email().map_or("", Email::as_str);
    [value(user.username.as_str()), value(&user.id.to_string()), value(&roles), value(email)]
}

/// A refusal. A browser that would get through once somebody has signed in is told where.
pub(super) fn refused(
    context: &Context,
    call: &Call,
    (problem, request, mode): (Problem, &AppRequest, ForwardMode),
) -> Result<Response, Problem> {
    let Some(address) = sign_in(context, &call.headers, (&problem, request)) else {
        return Err(problem);
    };
    if mode == ForwardMode::Deny {
        return Err(problem);
    }
    let problem = context.refused(problem, Asked::new(&call.method, super::PATH), call);
    let mut answer = match mode {
        ForwardMode::Redirect => {
            let mut answer = Response::default();
            *answer.status_mut() = StatusCode::SEE_OTHER;
            vary(answer)
        }
        ForwardMode::Location | ForwardMode::Deny => told(problem, call.request_id()),
    };
    answer.headers_mut().insert(LOCATION, address);
    Ok(answer)
}

/// The page to sign in on, with the way back; `None` for programs, and where a sign-in would change
/// nothing: another problem, a cookie that the browser keeps beside ours, an app that no cookie
/// reaches, or no rule that names it.
fn sign_in(
    context: &Context,
    headers: &HeaderMap,
    (problem, request): (&Problem, &AppRequest),
) -> Option<HeaderValue> {
    let would_help =
        problem.kind() == Kind::SignInNeeded && problem.why().rule() != Rule::ForwardCookieForm;
    if !would_help || !request.method.only_reads() || !is_browser(headers) {
        return None;
    }
    let forward = &context.settings.forward;
    let mut back = request.address.clone();
    // A proxy may not see that the browser came by TLS; the cookie knows no other way.
    back.is_https |= forward.site.as_ref().is_some_and(super::ForwardSite::is_secure);
    if !forward.leads_to(&back) {
        return None;
    }
    let (page, back) = (format!("{}/login", context.settings.issuer), back.to_string());
    let address =
        if forward.permits(&back) { format!("{page}?rd={}", query::encode(&back)) } else { page };
    HeaderValue::from_str(&address).ok()
}

/// Whether a person looks at the answer: browsers say so; of old ones the media type does.
fn is_browser(headers: &HeaderMap) -> bool {
    if let Some(mode) = headers.get(SEC_FETCH_MODE) {
        return mode == "navigate";
    }
    let mut lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.any(|line| line.split(',').any(|media| media.trim().starts_with("text/html")))
}

/// The problem as an answer.
pub(in crate::http) fn told(problem: Problem, request_id: &str) -> Response {
    vary(problem.into_response(request_id))
}

fn vary(mut answer: Response) -> Response {
    answer.headers_mut().insert(VARY, HeaderValue::from_static(DEPENDS));
    answer
}
