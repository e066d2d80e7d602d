//! `/admin/clients`: the services that may ask about tokens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::auth::ServiceView;
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::ServiceId;

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let (all, one) = ("/admin/clients", "/admin/clients/{id}");
    let listing = Doc::new("The services that may ask about tokens")
        .gives::<ListBody>(StatusCode::OK, "All of them, by their ids.");
    let adding = Doc::new("Register a service")
        .takes::<Form>()
        .gives::<CreatedBody<'_>>(StatusCode::CREATED, "The service, its secret for the only time.")
        .refuses(&[Kind::ClientTaken, Kind::LimitReached]);
    let removing = Doc::new("Remove a service; its secret is good for nothing from then on")
        .gives_nothing("It is removed.")
        .refuses(&[Kind::ClientConfigured]);
    vec![
        context.endpoint(Route::get(all, Guard::Admin).doc(listing), list),
        context.endpoint(Route::json(Method::POST, all, Guard::Admin).doc(adding), add),
        context.endpoint(Route::bare(Method::DELETE, one, Guard::Admin).doc(removing), remove),
    ]
}

/// A service that may ask about tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Client)]
struct ClientBody {
    /// The `client_id` that it sends.
    #[schema(value_type = words::ClientId)]
    id: String,
    /// Whether it stands in the configuration, where alone it can be removed.
    configured: bool,
    /// Null for one of the configuration.
    #[schema(value_type = Option<words::Time>, required = true)]
    created_at: Option<String>,
}

impl From<&ServiceView> for ClientBody {
    fn from(view: &ServiceView) -> Self {
        Self {
            id: view.id.to_string(),
            configured: view.created_at.is_none(),
            created_at: view.created_at.map(|at| at.to_string()),
        }
    }
}

/// All services.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientList)]
struct ListBody {
    clients: Vec<ClientBody>,
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let views = context.auth.services(call.access()?).await?;
    Ok(reply::ok(&ListBody { clients: views.iter().map(ClientBody::from).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientForm)]
struct Form {
    #[schema(value_type = words::ClientId)]
    id: String,
}

/// A new service.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedClient)]
struct CreatedBody<'a> {
    client: ClientBody,
    /// What proves it, shown this once.
    #[schema(value_type = words::ClientSecret)]
    secret: &'a str,
}

async fn add(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let Form { id } = call.json()?;
    let issued = context.auth.add_service(call.access()?, &id, &call.client).await?;
    let body = CreatedBody { client: (&issued.service).into(), secret: issued.secret.expose() };
    Ok(reply::json(StatusCode::CREATED, &body))
}

async fn remove(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let id: ServiceId = call.id("id")?;
    context.auth.remove_service(call.access()?, &id, &call.client).await?;
    Ok(reply::no_content())
}
