//! Answers: JSON bodies and the records as clients see them.

use serde::Serialize;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use crate::auth::{IssuedLink, SessionView};
use crate::model::{AccessToken, Event, Role, Session, User};

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    typed(status, "application/json", body)
}

/// An answer whose JSON body has a type of its own.
pub(super) fn typed(status: StatusCode, media: &'static str, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("our answers are plain data");
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// `200` with a JSON body.
pub(super) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// `204`.
pub(super) fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// An account as its owner and administrators see it.
#[derive(Debug, Serialize)]
pub(super) struct UserBody<'a> {
    id: String,
    username: &'a str,
    email: Option<&'a str>,
    email_verified: bool,
    display_name: Option<String>,
    roles: Vec<&'a str>,
    disabled: bool,
    created_at: String,
}

impl<'a> From<&'a User> for UserBody<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.as_str(),
            email: user.email.as_ref().map(crate::model::Email::as_str),
            email_verified: user.email_verified,
            display_name: user.display_name.clone().map(String::from),
            roles: user.roles.iter().map(Role::as_str).collect(),
            disabled: user.disabled,
            created_at: user.created_at.to_string(),
        }
    }
}

/// A session as its owner and administrators see it.
#[derive(Debug, Serialize)]
pub(super) struct SessionBody<'a> {
    id: String,
    created_at: String,
    expires_at: String,
    last_used_at: String,
    user_agent: &'a str,
    ip: &'a str,
    current: bool,
}

impl<'a> SessionBody<'a> {
    pub(super) fn new(session: &'a Session, current: bool) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: session.created_at.to_string(),
            expires_at: session.expires_at.to_string(),
            last_used_at: session.last_used_at.to_string(),
            user_agent: &session.user_agent,
            ip: &session.ip,
            current,
        }
    }
}

/// A list of sessions.
pub(super) fn sessions(views: &[SessionView]) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        sessions: Vec<SessionBody<'a>>,
    }
    let sessions = views.iter().map(|v| SessionBody::new(&v.session, v.current)).collect();
    ok(&Body { sessions })
}

/// An access token with its session, and after a login the account. The only place where an
/// access token leaves the server.
#[derive(Serialize)]
pub(super) struct TokenBody<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    session: SessionBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserBody<'a>>,
}

impl<'a> TokenBody<'a> {
    pub(super) fn new(access: &'a AccessToken, session: &'a Session) -> Self {
        Self {
            access_token: access.text.expose(),
            token_type: "Bearer",
            expires_in: access.expires_in.as_secs(),
            session: SessionBody::new(session, true),
            user: None,
        }
    }

    pub(super) fn with_user(mut self, user: &'a User) -> Self {
        self.user = Some(user.into());
        self
    }
}

/// A one-time link, shown once.
#[derive(Serialize)]
pub(super) struct LinkBody<'a> {
    link: &'a str,
    expires_at: String,
}

impl<'a> From<&'a IssuedLink> for LinkBody<'a> {
    fn from(issued: &'a IssuedLink) -> Self {
        Self { link: issued.link.expose(), expires_at: issued.expires_at.to_string() }
    }
}

/// An event of the audit trail.
#[derive(Debug, Serialize)]
pub(super) struct EventBody<'a> {
    id: String,
    time: String,
    kind: crate::model::EventKind,
    actor: crate::model::Actor,
    user: Option<String>,
    session: Option<String>,
    ip: Option<&'a str>,
    request_id: Option<&'a str>,
    outcome: crate::model::Outcome,
    detail: Option<&'a str>,
    count: u32,
}

impl<'a> From<&'a Event> for EventBody<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id.to_string(),
            time: event.time.to_string(),
            kind: event.kind,
            actor: event.actor,
            user: event.user.map(|id| id.to_string()),
            session: event.session.map(|id| id.to_string()),
            ip: event.ip.as_deref(),
            request_id: event.request_id.as_deref(),
            outcome: event.outcome,
            detail: event.detail.as_deref(),
            count: event.count,
        }
    }
}
