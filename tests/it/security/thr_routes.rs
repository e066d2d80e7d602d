//! What a row of the table says the limiter counts is what it counts, and nothing else is.

use doorkey::auth::Limits;
use doorkey::http::{Body, Counts, Guard, Route};
use serde_json::{Value, json};

use crate::harness::{Browser, PASSWORD, Setup, TestServer};
use crate::http::pages::Visitor;

const NONE: Limits = Limits {
    login_failures: 0,
    login_failures_per_account: 0,
    login_failures_per_network: 0,
    registrations_per_network: 0,
    service_failures_per_network: 0,
    profile_changes_per_account: 0,
};

/// One of a kind is free, and nothing else is limited.
fn only(counts: Counts) -> Limits {
    match counts {
        Counts::Nothing => NONE,
        Counts::Failures => Limits { login_failures: 1, ..NONE },
        Counts::Services => Limits { service_failures_per_network: 1, ..NONE },
        Counts::Registrations => Limits { registrations_per_network: 1, ..NONE },
        Counts::ProfileChanges => Limits { profile_changes_per_account: 1, ..NONE },
    }
}

/// A body that gets as far as what is counted; a new one each time.
fn form(route: &Route, n: usize) -> Value {
    let (name, wrong) = (format!("new{n}"), "not the password of anyone");
    match (route.method.as_str(), route.path) {
        ("POST", "/auth/login") => json!({"username": "root", "password": wrong}),
        ("POST", "/auth/register") => json!({"username": name, "password": PASSWORD}),
        ("POST", "/auth/setup") => json!({"secret": wrong, "username": name, "password": PASSWORD}),
        ("POST", "/auth/password") => {
            json!({"current_password": wrong, "new_password": "another good passphrase"})
        }
        ("POST", "/auth/tokens") => {
            json!({"name": name, "expires_at": "2027-02-01T00:00:00Z"})
        }
        ("PATCH", "/auth/me") => json!({"display_name": name}),
        _ => json!({}),
    }
}

async fn caller<'a>(server: &'a TestServer, route: &Route) -> Browser<'a> {
    if route.guard == Guard::Setup {
        server.auth.prepare_setup(None).await.unwrap();
        server.anonymous()
    } else if route.guard == Guard::Service {
        server.anonymous().with_basic("wiki", "wrong")
    } else {
        server.admin().await
    }
}

/// Whether the third of three calls is refused as too many.
async fn is_limited(route: &Route, limits: Limits) -> bool {
    let server = Setup { limits, ..Setup::default() }.start().await;
    if route.body == Body::Form {
        return is_limited_on_its_page(route, &server).await;
    }
    let caller = caller(&server, route).await;
    let mut statuses = Vec::new();
    for n in 0..3 {
        let path = route.path.replace(['{', '}'], "");
        let request = caller.request(route.method.clone(), &path);
        statuses.push(request.json(&form(route, n)).send().await.status);
    }
    statuses[2] == 429
}

/// The same for what forms are sent to, each with the token of its page.
async fn is_limited_on_its_page(route: &Route, server: &TestServer) -> bool {
    server.auth.prepare_setup(None).await.unwrap();
    server.account("root", &["user"]).await;
    let mut visitor = Visitor::new(server);
    let page = visitor.open(route.path).await;
    let mut statuses = Vec::new();
    for n in 0..3 {
        let (name, wrong) = (format!("new{n}"), "not the password of anyone");
        let mut fields = page.hidden();
        let fill: &[(&str, &str)] = match route.path {
            "/login" => &[("username", "root"), ("password", wrong)],
            "/register" => &[("username", &name), ("password", PASSWORD)],
            "/setup" => &[("secret", wrong), ("username", &name), ("password", PASSWORD)],
            "/set-password" => &[("token", wrong), ("new_password", PASSWORD)],
            _ => &[],
        };
        fields.extend(fill.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        statuses.push(visitor.post(route.path, &fields).await.0.status);
    }
    statuses[2] == 429
}

/// Also THR-06.
#[tokio::test]
async fn thr_01_each_row_is_limited_by_what_it_says_and_by_nothing_else() {
    let server = TestServer::start().await;
    let is_there = |route: &&Route| route.guard != Guard::Operator;
    for route in server.api.routes().iter().filter(is_there) {
        for counts in
            [Counts::Failures, Counts::Services, Counts::Registrations, Counts::ProfileChanges]
        {
            let limited = is_limited(route, only(counts)).await;
            let name = format!("{} {}", route.method, route.path);
            assert_eq!(limited, route.counts == counts, "{name} by {counts:?}");
        }
    }
}
