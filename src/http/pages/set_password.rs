//! `/set-password`: what the one-time link of an invite or a reset leads to. The token comes in
//! the query, once, and goes on in a hidden field.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use warp::reply::Response;

use super::form::{Field, Form};
use super::visit::{Visit, no_token, see_other};
use super::{login, page};
use crate::auth::NewPassword;
use crate::http::call::Call;
use crate::http::doc::{Doc, Parameter};
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::route::{Context, Endpoint, Route};
use crate::model::{Secret, User};

const PATH: &str = "/set-password";

/// The token of the link.
const LINK: Parameter = Parameter {
    name: "token",
    about: "The one-time token of the link.",
    schema: |_| json!({"type": "string"}),
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetPasswordPageForm)]
struct Fields {
    #[schema(value_type = words::OneTimeToken)]
    token: Secret,
    #[schema(value_type = words::Password)]
    new_password: Secret,
    /// The account's name, for the browser's store of passwords; it decides nothing.
    #[serde(default, rename = "username")]
    _username: String,
    #[serde(default = "no_token")]
    #[schema(value_type = words::FormToken)]
    form_token: Secret,
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let bad_link = &[Kind::InvalidToken];
    let show_doc = page("The page to set a password on, by the link of an invite or a reset")
        .query(&[LINK])
        .refuses(bad_link);
    let submit_doc = Doc::new("Set a password by the form of the page")
        .takes::<Fields>()
        .sends_on("To /login; all sessions have ended, and nobody is logged in.")
        .refuses(bad_link);
    vec![
        context.endpoint(Route::page(PATH).doc(show_doc), show),
        context.endpoint(Route::form(PATH).doc(submit_doc), submit),
    ]
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let visit = Visit::of(context, call)?;
    let token = Secret::new(visit.call.parameter(LINK.name).unwrap_or_default());
    let user = visit.context.auth.link_user(&token).await?;
    Ok(visit.show(form(&visit, &user, token), None))
}

async fn submit(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Fields { token, new_password, form_token, .. } = call.form()?;
    let visit = Visit::of(context, call)?;
    let user = visit.context.auth.link_user(&token).await?;
    let new = NewPassword { token: token.clone(), new_password };
    match finish(&visit, new, &form_token).await {
        Ok(()) => Ok(see_other(&format!("{}?done=password_set", login::PATH))),
        // Somebody else was faster with this link.
        Err(problem) if problem.kind() == Kind::InvalidToken => Err(problem),
        Err(problem) => Ok(visit.again(form(&visit, &user, token), problem, None)),
    }
}

async fn finish(visit: &Visit, new: NewPassword, token: &Secret) -> Result<(), Problem> {
    visit.check(PATH, token)?;
    visit.context.auth.finish_reset(new, &visit.call.client).await?;
    Ok(())
}

fn form<'a>(visit: &'a Visit, user: &User, token: Secret) -> Form<'a> {
    let texts = visit.texts;
    let mut form = Form::new(PATH, &texts.set_password, &texts.set_password_submit);
    form.lead = Some(texts.set_password_lead.replace("{name}", user.username.as_str()));
    form.fields = vec![Field::new_password("new_password", &texts.new_password)];
    form.hidden = vec![(LINK.name, token)];
    form.account = Some(user.username.as_str().to_owned());
    form.least(texts, visit.context.auth.shortest_password())
}
