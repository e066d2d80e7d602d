//! `/admin/import` and `/admin/export`: accounts with their hashes. The operator's alone: no
//! token of an administrator comes here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use warp::http::{HeaderMap, Method};
use warp::reply::Response;

use crate::auth::{FieldError, Imported, ImportedUser, MOST_IMPORTED};
use crate::http::call::Call;
use crate::http::json;
use crate::http::problem::Problem;
use crate::http::query;
use crate::http::reply::{self, UserBody};
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::{Secret, User};

pub(super) fn endpoints(context: &Context) -> Vec<Endpoint> {
    vec![
        context.endpoint(Route::get("/admin/export", Guard::Operator), export),
        context.endpoint(Route::json(Method::POST, "/admin/import", Guard::Operator), import),
    ]
}

/// An account as a line of the file. The only place where a hash leaves the server.
#[derive(Serialize)]
struct ExportBody<'a> {
    #[serde(flatten)]
    user: UserBody<'a>,
    password_hash: Option<&'a str>,
}

impl<'a> From<&'a User> for ExportBody<'a> {
    fn from(user: &'a User) -> Self {
        let password_hash = user.password.as_ref().map(crate::model::PasswordHash::as_phc);
        Self { user: user.into(), password_hash }
    }
}

async fn export(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body<'a> {
        users: Vec<ExportBody<'a>>,
        next_cursor: Option<&'a str>,
    }
    let [limit, cursor] = call.query(["limit", "cursor"])?;
    let limit = query::limit(limit.as_deref())?;
    let page = context.auth.export_users(call.access()?, cursor, limit).await?;
    let users = page.users.iter().map(ExportBody::from).collect();
    Ok(reply::ok(&Body { users, next_cursor: page.next_cursor.as_deref() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    /// Each one JSON object as text, so that each is judged for itself.
    lines: Vec<Secret>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: Option<String>,
    username: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    display_name: Option<String>,
    roles: Option<Vec<String>>,
    #[serde(default)]
    disabled: bool,
    created_at: Option<String>,
    password_hash: Option<Secret>,
}

impl From<Line> for ImportedUser {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            username: line.username,
            email: line.email,
            email_verified: line.email_verified,
            display_name: line.display_name,
            roles: line.roles,
            disabled: line.disabled,
            created_at: line.created_at,
            password_hash: line.password_hash,
        }
    }
}

/// What is wrong with one line.
#[derive(Serialize)]
struct Refusal {
    /// Its place among the lines of this request, from 0.
    index: usize,
    field: String,
    reason: String,
}

async fn import(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body {
        imported: usize,
        refused: Vec<Refusal>,
    }
    let Form { lines, dry_run } = call.json()?;
    if lines.len() > MOST_IMPORTED {
        return Err(query::refuse("lines", format!("must be at most {MOST_IMPORTED}")));
    }
    let (mut users, mut places, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (index, line) in lines.iter().enumerate() {
        match parse(&call.headers, line) {
            Ok(user) => {
                users.push(user);
                places.push(index);
            }
            Err(reasons) => refused.extend(refusals(index, reasons)),
        }
    }
    let done = context.auth.import_users(call.access()?, (users, dry_run), &call.client).await?;
    let Imported { count, refused: fields } = done;
    for (place, errors) in fields {
        refused.extend(refusals(places[place], errors.into_iter().map(pair)));
    }
    refused.sort_by_key(|refusal| refusal.index);
    Ok(reply::ok(&Body { imported: count, refused }))
}

/// A line as strictly as any body.
fn parse(headers: &HeaderMap, line: &Secret) -> Result<ImportedUser, Vec<(String, String)>> {
    let parsed = json::parse::<Line>(headers, line.expose().as_bytes());
    parsed.map(ImportedUser::from).map_err(|problem| problem.reasons("line"))
}

fn pair(error: FieldError) -> (String, String) {
    (error.field.to_owned(), error.message.into_owned())
}

fn refusals(
    index: usize,
    reasons: impl IntoIterator<Item = (String, String)>,
) -> impl Iterator<Item = Refusal> {
    reasons.into_iter().map(move |(field, reason)| Refusal { index, field, reason })
}
