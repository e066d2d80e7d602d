//! `/login`: a session for a name and a password.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::form::{Field, Form};
use super::visit::{Visit, no_token, see_other};
use super::{RD, page, return_to, signed_in, wanted, with_rd};
use crate::auth::Credentials;
use crate::http::call::Call;
use crate::http::doc::{Cookie, Doc, Parameter};
use crate::http::forward;
use crate::http::kind::Kind;
use crate::http::login::with_cookie;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::route::{Context, Counts, Endpoint, Route};
use crate::model::Secret;

pub(super) const PATH: &str = "/login";

/// What was done before somebody came here.
const DONE: Parameter = Parameter {
    name: "done",
    about: "What was done before, as one of the words that the pages know.",
    schema: |_| serde_json::json!({"type": "string"}),
};

/// Where problems of this page stand.
const PLACES: &[(Kind, &str)] = &[(Kind::InvalidCredentials, "password")];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoginPageForm)]
struct Fields {
    /// The name, or the verified e-mail address.
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
    /// Where to go afterwards.
    #[serde(default)]
    rd: String,
    #[serde(default = "no_token")]
    #[schema(value_type = words::FormToken)]
    form_token: Secret,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let show_doc = page("The page to sign in on; says so when somebody is")
        .query(&[RD, DONE])
        .cookie(Cookie::Welcome);
    let submit_doc = Doc::new("Sign in by the form of the page")
        .takes::<Fields>()
        .sends_on("To a permitted `rd`, else to /account, with the refresh cookie.")
        .sets_cookie()
        .cookie(Cookie::Welcome)
        .refuses(&[Kind::InvalidCredentials, Kind::ClockNotSet]);
    let submit_route = Route::form(PATH).counting(Counts::Failures).doc(submit_doc);
    vec![
        context.endpoint(Route::page(PATH).doc(show_doc), show),
        context.endpoint(submit_route, submit),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let visit = Visit::of(context, call)?;
    let rd = wanted(&visit, visit.call.parameter(RD.name));
    let rd = rd.as_deref();
    // A page instead of a redirect: an app that sends people here because it does not know them
    // would get them back at once, and so on.
    if let Some((user, session)) = signed_in::signed_in(&visit).await? {
        let answer = signed_in::told(&visit, &user, rd.unwrap_or(return_to::HOME));
        return Ok(forward::remember(&visit.context, &session, answer));
    }
    let done = visit.call.parameter(DONE.name).unwrap_or_default();
    let notice = visit.texts.done.get(&done).map(String::as_str);
    let form = Form { notice, ..form(&visit, "", rd) };
    Ok(visit.show(form, rd))
}

async fn submit(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Fields { username, password, rd, form_token } = call.form()?;
    let visit = Visit::of(context, call)?;
    let rd = wanted(&visit, Some(rd));
    let rd = rd.as_deref();
    let credentials = Credentials { username: username.clone(), password };
    let answer = sign_in(&visit, credentials, &form_token, rd).await;
    Ok(answer.unwrap_or_else(|problem| visit.again(form(&visit, &username, rd), problem, rd)))
}

/// The login itself is that of the JSON API.
async fn sign_in(
    visit: &Visit,
    credentials: Credentials,
    token: &Secret,
    rd: Option<&str>,
) -> Result<Response, Problem> {
    visit.check(PATH, token)?;
    let (auth, rule) = (&visit.context.auth, visit.context.settings.cookie);
    let device = rule.read(&visit.call.headers)?.token();
    let signed_in = auth.login(credentials, device.as_ref(), &visit.call.client).await?;
    let answer = see_other(rd.unwrap_or(return_to::HOME));
    let answer = visit.renew(with_cookie(rule, &signed_in, answer));
    Ok(forward::remember(&visit.context, &signed_in.session, answer))
}

fn form<'a>(visit: &'a Visit, username: &str, rd: Option<&str>) -> Form<'a> {
    let texts = visit.texts;
    let mut form = Form::new(PATH, &texts.sign_in, &texts.sign_in);
    form.fields =
        vec![Field::username(&texts.login_name, username), Field::password(&texts.password)];
    form.hidden = vec![(RD.name, Secret::new(rd.unwrap_or_default().to_owned()))];
    form.places = PLACES;
    if visit.context.auth.is_registration_open() {
        form.links = vec![(with_rd("/register", rd), texts.register_instead.as_str())];
    }
    form
}
