//! `/setup`: the first administrator, by the secret that the server printed. Afterwards there is
//! no such page.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::form::{Field, Form};
use super::visit::{Visit, no_token, see_other};
use super::{login, page};
use crate::auth::SetupRequest;
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::route::{Context, Counts, Endpoint, Route};
use crate::model::{Rule, Secret};

const PATH: &str = "/setup";

/// Where problems of this page stand.
const PLACES: &[(Kind, &str)] =
    &[(Kind::InvalidCredentials, "secret"), (Kind::UsernameTaken, "username")];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetupPageForm)]
struct Fields {
    #[schema(value_type = words::OneTimeToken)]
    secret: Secret,
    #[schema(value_type = words::Username)]
    username: String,
    #[schema(value_type = words::Password)]
    password: Secret,
    #[serde(default = "no_token")]
    #[schema(value_type = words::FormToken)]
    form_token: Secret,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let show_doc = page("The page to make the first administrator on; not there once there is one")
        .refuses(&[Kind::NotFound]);
    let submit_doc = Doc::new("Make the first administrator by the form of the page")
        .takes::<Fields>()
        .sends_on("To /login, where the administrator signs in.")
        .refuses(&[Kind::NotFound, Kind::InvalidCredentials, Kind::UsernameTaken]);
    let submit_route = Route::form(PATH).counting(Counts::Failures).doc(submit_doc);
    vec![
        context.endpoint(Route::page(PATH).doc(show_doc), show),
        context.endpoint(submit_route, submit),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let visit = Visit::of(context, call)?;
    if !visit.context.auth.needs_setup().await? {
        return Err(over());
    }
    Ok(visit.show(form(&visit, ""), None))
}

async fn submit(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Fields { secret, username, password, form_token } = call.form()?;
    let visit = Visit::of(context, call)?;
    let username = username.trim();
    let request = SetupRequest { secret, username: username.to_owned(), password };
    match set_up(&visit, request, &form_token).await {
        Ok(()) => Ok(see_other(&format!("{}?done=set_up", login::PATH))),
        Err(problem) if problem.kind() == Kind::NotFound => Err(problem),
        Err(problem) => Ok(visit.again(form(&visit, username), problem, None)),
    }
}

async fn set_up(visit: &Visit, request: SetupRequest, token: &Secret) -> Result<(), Problem> {
    if !visit.context.auth.needs_setup().await? {
        return Err(over());
    }
    visit.check(PATH, token)?;
    visit.context.auth.set_up(request, &visit.call.client).await?;
    Ok(())
}

/// There is an administrator: whoever asks finds nothing here.
fn over() -> Problem {
    Problem::new(Kind::NotFound, Rule::SetupOver)
}

fn form<'a>(visit: &'a Visit, username: &str) -> Form<'a> {
    let texts = visit.texts;
    let mut form = Form::new(PATH, &texts.setup, &texts.setup_submit);
    form.lead = Some(texts.setup_lead.clone());
    form.fields = vec![
        Field::once("secret", &texts.setup_secret).hint(&texts.setup_secret_hint),
        Field::username(&texts.username, username).hint(&texts.username_hint),
        Field::new_password("password", &texts.password),
    ];
    form.places = PLACES;
    form.least(texts, visit.context.auth.shortest_password())
}
