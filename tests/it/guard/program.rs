//! Somebody's warp program: a route for everybody, one for whoever is signed in, one for editors.

use std::convert::Infallible;

use bytes::Bytes;
use doorkey::guard::{self, Caller, Guard, Options};
use doorkey::model::Clock;
use http_body_util::Full;
use serde_json::{Value, json};
use tower_service::Service as _;
use warp::filters::BoxedFilter;
use warp::http::Request;
use warp::reply::Response;
use warp::{Filter as _, reply};

use crate::harness::Answer;

pub struct Program {
    routes: BoxedFilter<(Response,)>,
    issuer: String,
}

impl Program {
    pub fn new(options: Options, clock: Clock) -> Self {
        let issuer = options.issuer.clone();
        let guard = Guard::new(options, clock).unwrap();
        Self { routes: routes(&guard), issuer }
    }

    /// Sends these headers.
    pub async fn send(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let answered: Result<Response, Infallible> =
            warp::service(self.routes.clone()).call(request).await;
        let Ok(answer) = answered;
        Answer::of(answer).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Whether the token opens the route for whoever is signed in: the status and the code.
    pub async fn opens(&self, token: &str) -> (u16, String) {
        let answer = self.get("/notes", token).await;
        let code = answer.json::<Value>()["code"].as_str().unwrap_or_default().to_owned();
        if !code.is_empty() {
            let body: Value = answer.json();
            assert_eq!(body["type"], format!("{}/problems/{code}", self.issuer));
            assert_eq!(body["status"], answer.status);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        (answer.status, code)
    }

    #[track_caller]
    pub fn says(answer: &(u16, String), status: u16, code: &str) {
        assert_eq!((answer.0, answer.1.as_str()), (status, code));
    }
}

fn show(caller: &Caller) -> Response {
    use warp::Reply as _;
    let roles: Vec<&str> = caller.roles.iter().map(doorkey::model::Role::as_str).collect();
    let body = json!({
        "user": caller.user,
        "session": caller.session,
        "roles": roles,
        "until": caller.expires_at.seconds(),
    });
    reply::json(&body).into_response()
}

fn routes(guard: &Guard) -> BoxedFilter<(Response,)> {
    use warp::Reply as _;
    let home = warp::path::end().map(|| reply::json(&json!("welcome")).into_response());
    let notes = warp::path!("notes").and(guard.authenticated()).map(|caller: Caller| show(&caller));
    let drafts =
        warp::path!("drafts").and(guard.role("editor")).map(|caller: Caller| show(&caller));
    let routes = home.or(notes).unify().or(drafts).unify();
    warp::get().and(routes).recover(guard::recover).unify().boxed()
}
