//! `/admin/keys`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::auth::{JwksKey, KeyView};
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::kind::Kind;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::reply;
use crate::http::route::{Body, Context, Endpoint, Guard, Route};
use crate::model::{KeyId, KeyState};

/// A signing key, without its secret part.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
struct KeyBody<'a> {
    #[schema(value_type = words::Id)]
    kid: String,
    #[schema(value_type = words::Algorithm)]
    alg: &'static str,
    #[schema(value_type = words::KeyState)]
    state: KeyState,
    #[schema(value_type = words::Time)]
    created_at: String,
    #[schema(value_type = words::Time)]
    signs_from: String,
    /// Null until another key signs.
    #[schema(value_type = Option<words::Time>, required = true)]
    served_until: Option<String>,
    #[schema(value_type = words::Jwk)]
    jwk: &'a JwksKey,
}

impl<'a> From<&'a KeyView> for KeyBody<'a> {
    fn from(view: &'a KeyView) -> Self {
        Self {
            kid: view.record.id.to_string(),
            alg: view.record.algorithm.name(),
            state: view.state,
            created_at: view.record.created_at.to_string(),
            signs_from: view.record.signs_from.to_string(),
            served_until: view.served_until.map(|end| end.to_string()),
            jwk: &view.jwk,
        }
    }
}

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    let gives = |doc: Doc| doc.gives::<KeysBody<'_>>(StatusCode::OK, "All signing keys.");
    let listing = gives(Doc::new("The signing keys"));
    let rotating = gives(Doc::new("Publish a new key, which signs later; or drop one at once"))
        .takes::<Form>()
        .refuses(&[Kind::NotFound]);
    let mut rotate_route = Route::bare(Method::POST, "/admin/keys/rotate", Guard::Admin);
    rotate_route.body = Body::OptionalJson;
    vec![
        context.endpoint(Route::get("/admin/keys", Guard::Admin).doc(listing), list),
        context.endpoint(rotate_route.doc(rotating), rotate),
    ]
}

/// All signing keys.
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKeyList)]
struct KeysBody<'a> {
    keys: Vec<KeyBody<'a>>,
}

fn keys(views: &[KeyView]) -> Response {
    reply::ok(&KeysBody { keys: views.iter().map(KeyBody::from).collect() })
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    Ok(keys(&context.auth.keys(call.access()?)?))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RotateForm)]
struct Form {
    /// The `kid` of a key that got out: it is dropped at once.
    #[schema(value_type = Option<words::Id>)]
    revoke: Option<String>,
}

async fn rotate(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let form: Form = if call.body.is_empty() { Form::default() } else { call.json()? };
    let (auth, access) = (&context.auth, call.access()?);
    let views = match form.revoke {
        None => auth.rotate_keys(access, &call.client).await?,
        Some(kid) => {
            let id = KeyId::try_from(kid.as_str());
            let id = id.map_err(|_| query::refuse("revoke", "must be the kid of a key"))?;
            auth.revoke_key(access, id, &call.client).await?
        }
    };
    Ok(keys(&views))
}
