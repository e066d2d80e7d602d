//! `/register`: an account of one's own, where registration is open.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::form::{Field, Form};
use super::visit::{Visit, no_token, see_other};
use super::{RD, login, page, wanted, with_rd};
use crate::auth::Registration;
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::route::{Context, Counts, Endpoint, Route};
use crate::model::{Rule, Secret};

const PATH: &str = "/register";

/// Where problems of this page stand.
const PLACES: &[(Kind, &str)] = &[(Kind::UsernameTaken, "username"), (Kind::EmailTaken, "email")];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisterPageForm)]
struct Fields {
    #[schema(value_type = words::Username)]
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
    /// An e-mail address, or nothing.
    #[serde(default)]
    email: String,
    /// Where to go after signing in.
    #[serde(default)]
    rd: String,
    #[serde(default = "no_token")]
    #[schema(value_type = words::FormToken)]
    form_token: Secret,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let closed = &[Kind::RegistrationClosed];
    let show_doc = page("The page to make an account on").query(&[RD]).refuses(closed);
    let submit_doc = Doc::new("Make an account by the form of the page")
        .takes::<Fields>()
        .sends_on("To /login, where the new account signs in.")
        .refuses(&[Kind::RegistrationClosed, Kind::UsernameTaken, Kind::EmailTaken]);
    let submit_route = Route::form(PATH).counting(Counts::Registrations).doc(submit_doc);
    vec![
        context.endpoint(Route::page(PATH).doc(show_doc), show),
        context.endpoint(submit_route, submit),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let visit = Visit::of(context, call)?;
    if !visit.context.auth.is_registration_open() {
        return Err(Problem::new(Kind::RegistrationClosed, Rule::RegistrationClosed));
    }
    let rd = wanted(&visit, visit.call.parameter(RD.name));
    Ok(visit.show(form(&visit, ("", ""), rd.as_deref()), None))
}

async fn submit(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Fields { username, password, email, rd, form_token } = call.form()?;
    let visit = Visit::of(context, call)?;
    let rd = wanted(&visit, Some(rd));
    let rd = rd.as_deref();
    let (username, email) = (username.trim(), email.trim());
    let registration = Registration {
        username: username.to_owned(),
        password,
        email: Some(email.to_owned()).filter(|email| !email.is_empty()),
    };
    match register(&visit, registration, &form_token).await {
        Ok(()) => Ok(see_other(&with_rd(&format!("{}?done=registered", login::PATH), rd))),
        Err(problem) if problem.kind() == Kind::RegistrationClosed => Err(problem),
        Err(problem) => Ok(visit.again(form(&visit, (username, email), rd), problem, None)),
    }
}

async fn register(
    visit: &Visit,
    registration: Registration,
    token: &Secret,
) -> Result<(), Problem> {
    visit.check(PATH, token)?;
    visit.context.auth.register(registration, &visit.call.client).await?;
    Ok(())
}

fn form<'a>(visit: &'a Visit, (username, email): (&str, &str), rd: Option<&str>) -> Form<'a> {
    let texts = visit.texts;
    let mut form = Form::new(PATH, &texts.register, &texts.register_submit);
    form.fields = vec![
        Field::username(&texts.username, username).hint(&texts.username_hint),
        Field::email(&texts.email, email),
        Field::new_password("password", &texts.password),
    ];
    form.hidden = vec![(RD.name, Secret::new(rd.unwrap_or_default().to_owned()))];
    form.links = vec![(with_rd(login::PATH, rd), texts.sign_in_instead.as_str())];
    form.places = PLACES;
    form.least(texts, visit.context.auth.shortest_password())
}
