//! Answers: JSON bodies and the records as clients see them.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::kind::Kind;
use super::openapi::words;
use super::refusals::Refusal;
use crate::auth::{IssuedLink, SessionView};
use crate::model::{AccessToken, Event, Role, Rule, Session, User};

/// As many headers as most answers have at the end: room for them is made once.
const MOST_HEADERS: usize = 12;

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    typed(status, "application/json", body)
}

/// An answer whose JSON body has a type of its own.
pub(super) fn typed(status: StatusCode, media: &'static str, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("our answers are plain data");
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    *response.headers_mut() = headers;
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody<'a> {
    #[schema(value_type = words::Id)]
    id: String,
    #[schema(value_type = words::Username)]
    username: &'a str,
    #[schema(value_type = Option<words::Email>, required = true)]
    email: Option<&'a str>,
    /// Whether an administrator, the shell or an import said that the address is the user's.
    email_verified: bool,
    #[schema(value_type = Option<words::DisplayName>, required = true)]
    display_name: Option<String>,
    #[schema(value_type = Vec<words::Role>)]
    roles: Vec<&'a str>,
    /// A disabled account can do nothing.
    disabled: bool,
    #[schema(value_type = words::Time)]
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
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody<'a> {
    #[schema(value_type = words::Id)]
    id: String,
    #[schema(value_type = words::Time)]
    created_at: String,
    /// Its end, which never moves.
    #[schema(value_type = words::Time)]
    expires_at: String,
    #[schema(value_type = words::Time)]
    last_used_at: String,
    /// What the browser called itself at the login.
    user_agent: &'a str,
    /// Where the login came from.
    ip: &'a str,
    /// Whether this request belongs to it.
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

/// The live sessions of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionList)]
pub(super) struct SessionsBody<'a> {
    sessions: Vec<SessionBody<'a>>,
}

/// A list of sessions.
pub(super) fn sessions(views: &[SessionView]) -> Response {
    let sessions = views.iter().map(|v| SessionBody::new(&v.session, v.current)).collect();
    ok(&SessionsBody { sessions })
}

// The only place where an access token leaves the server.
/// An access token with its session, and after a login the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(super) struct TokenBody<'a> {
    #[schema(value_type = words::AccessToken)]
    access_token: &'a str,
    #[schema(value_type = words::TokenType)]
    token_type: &'static str,
    /// The life of the access token, in seconds.
    expires_in: u64,
    session: SessionBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkBody<'a> {
    /// Leads to the page that sets a password; its `token` does so at /auth/password-reset.
    link: &'a str,
    #[schema(value_type = words::Time)]
    expires_at: String,
}

impl<'a> From<&'a IssuedLink> for LinkBody<'a> {
    fn from(issued: &'a IssuedLink) -> Self {
        Self { link: issued.link.expose(), expires_at: issued.expires_at.to_string() }
    }
}

/// An event of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventBody<'a> {
    #[schema(value_type = words::Id)]
    id: String,
    #[schema(value_type = words::Time)]
    time: String,
    #[schema(value_type = words::EventKind)]
    kind: crate::model::EventKind,
    #[schema(value_type = words::Actor)]
    actor: crate::model::Actor,
    /// The account it is about.
    #[schema(value_type = Option<words::Id>, required = true)]
    user: Option<String>,
    /// The session it is about.
    #[schema(value_type = Option<words::Id>, required = true)]
    session: Option<String>,
    /// Where the request came from.
    #[schema(required = true)]
    ip: Option<&'a str>,
    #[schema(value_type = Option<words::Id>, required = true)]
    request_id: Option<&'a str>,
    #[schema(value_type = words::Outcome)]
    outcome: crate::model::Outcome,
    #[schema(required = true)]
    detail: Option<&'a str>,
    /// How often, for what is gathered; else 1.
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

/// One refusal, with what the client was told and what it was not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(super) struct RefusalBody<'a> {
    #[schema(value_type = words::Time)]
    time: String,
    #[schema(value_type = words::Id)]
    request_id: &'a str,
    /// Null when no request was read, or it was given up.
    #[schema(required = true)]
    method: Option<&'a str>,
    /// The route as this document writes it; of other paths no more than begins one.
    #[schema(required = true)]
    route: Option<&'a str>,
    /// The status of the answer; null for a connection that was closed without one.
    #[schema(required = true)]
    status: Option<u16>,
    /// The code of the answer.
    #[schema(value_type = Option<words::Code>, required = true)]
    code: Option<&'static str>,
    #[schema(value_type = words::Rule)]
    rule: Rule,
    /// The rule as a sentence.
    why: &'static str,
    /// What is special about this occurrence.
    #[schema(required = true)]
    detail: Option<&'a str>,
    /// The account it is about, where that is known.
    #[schema(value_type = Option<words::Id>, required = true)]
    user: Option<String>,
    /// The session it is about, where that is proven.
    #[schema(value_type = Option<words::Id>, required = true)]
    session: Option<String>,
    /// Where it came from; null for the control socket.
    #[schema(required = true)]
    ip: Option<String>,
}

impl<'a> From<&'a Refusal> for RefusalBody<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        let (asked, row) = (refusal.asked.as_ref(), refusal.kind.map(Kind::row));
        Self {
            time: refusal.time.to_string(),
            request_id: &refusal.request_id,
            method: asked.map(|asked| asked.method),
            route: asked.map(|asked| &*asked.route),
            status: row.map(|row| row.status.as_u16()),
            code: row.map(|row| row.code),
            rule: refusal.why.rule(),
            why: refusal.why.rule().sentence(),
            detail: refusal.why.detail(),
            user: refusal.why.user().map(|id| id.to_string()),
            session: refusal.why.session().map(|id| id.to_string()),
            ip: refusal.ip.map(|ip| ip.to_canonical().to_string()),
        }
    }
}
