//! `/admin/keys`

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::Method;
use warp::reply::Response;

use crate::auth::{JwksKey, KeyView};
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::reply;
use crate::http::route::{Body, Context, Endpoint, Guard, Route};
use crate::model::{KeyId, KeyState};

#[derive(Serialize)]
struct KeyBody<'a> {
    kid: String,
    alg: &'static str,
    state: KeyState,
    created_at: String,
    signs_from: String,
    served_until: Option<String>,
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
    let mut rotate_route = Route::bare(Method::POST, "/admin/keys/rotate", Guard::Admin);
    rotate_route.body = Body::OptionalJson;
    vec![
        context.endpoint(Route::get("/admin/keys", Guard::Admin), list),
        context.endpoint(rotate_route, rotate),
    ]
}

fn keys(views: &[KeyView]) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        keys: Vec<KeyBody<'a>>,
    }
    reply::ok(&Body { keys: views.iter().map(KeyBody::from).collect() })
}

async fn list(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    Ok(keys(&context.auth.keys(call.access()?)?))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    /// A key that got out: it is dropped at once.
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
