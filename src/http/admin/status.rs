//! `/admin/status`

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::auth::{BackupStatus, PoolLoad};
use crate::http::call::Call;
use crate::http::doc::Doc;
use crate::http::openapi::words;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::route::{Context, Endpoint, Guard, Route};
use crate::model::Role;

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerStatus)]
struct Body<'a> {
    /// How long it has been running, in seconds.
    uptime: u64,
    /// Whether it signs anybody in: the store answers and the clock is set.
    ready: bool,
    /// Whether the store takes what is written.
    store_writable: bool,
    passwords: PasswordsBody,
    /// The backups by the schedule; null where there is none.
    #[schema(required = true)]
    backup: Option<BackupBody>,
    /// Every role that the configuration declares.
    #[schema(value_type = Vec<words::Role>)]
    roles: Vec<&'a str>,
    /// Whether anyone may make an account.
    registration_open: bool,
}

/// The checking of passwords.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordChecks)]
struct PasswordsBody {
    /// How many are being checked.
    running: usize,
    /// How many wait.
    queued: usize,
    /// How many were turned away since the start, because too many waited.
    refused: u64,
}

impl From<PoolLoad> for PasswordsBody {
    fn from(load: PoolLoad) -> Self {
        Self { running: load.running, queued: load.queued, refused: load.refused }
    }
}

/// The backups by the schedule.
#[derive(Serialize, ToSchema)]
#[schema(as = Backups)]
struct BackupBody {
    /// Whether the last one failed.
    failing: bool,
    /// How many failed since the start.
    failures: u64,
    /// The time whose state the newest good one holds; null when there is none.
    #[schema(value_type = Option<words::Time>, required = true)]
    latest: Option<String>,
}

impl From<BackupStatus> for BackupBody {
    fn from(status: BackupStatus) -> Self {
        let latest = status.latest.map(|time| time.to_string());
        Self { failing: status.is_failing, failures: status.failures, latest }
    }
}

pub(super) fn endpoint(context: &Context) -> Endpoint {
    let doc = Doc::new("How the server is, and which roles there are")
        .gives::<Body<'_>>(StatusCode::OK, "At this moment.");
    context.endpoint(Route::get("/admin/status", Guard::Admin).doc(doc), show)
}

async fn show(context: Context, call: Arc<Call>) -> Result<Response, Problem> {
    let status = context.auth.status(call.access()?).await?;
    let measures = status.measures;
    Ok(reply::ok(&Body {
        uptime: status.uptime.as_secs(),
        ready: measures.ready,
        store_writable: measures.store_writable,
        passwords: measures.passwords.into(),
        backup: measures.backups.is_scheduled.then_some(measures.backups.into()),
        roles: status.roles.iter().map(Role::as_str).collect(),
        registration_open: status.registration_open,
    }))
}
