//! `/metrics`: what is counted, under which names, and what is never told.

#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use doorkey::http::headers::RESPONSE_HEADERS;
use doorkey::model::{Clock, Timestamp};
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{Error, Memory};
use http_body_util::Full;
use hyper::body::{Body, Frame};
use serde_json::json;
use warp::http::{Method, Request};

use super::open_metrics::{Samples, parse};
use crate::harness::{Answer, PASSWORD, Setup, TestServer};

fn counting() -> Setup {
    let mut setup = Setup::default();
    setup.http.metrics = true;
    setup
}

async fn ask(server: &TestServer, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(()).unwrap();
    Answer::of(server.api.metrics().unwrap().handle(&request).await).await
}

async fn text(server: &TestServer) -> String {
    ask(server, "GET", "/metrics").await.status(200).text()
}

async fn scrape(server: &TestServer) -> Samples {
    parse(&text(server).await)
}

/// Requests of one row and status; 0 when there is no such line.
fn requests(samples: &Samples, method: &str, route: &str, status: &str) -> f64 {
    let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
    samples.get(&format!("doorkey_requests_total{{{labels}}}")).copied().unwrap_or_default()
}

/// HTTP-08.
#[tokio::test]
async fn nothing_is_counted_unless_somebody_wants_to_know() {
    let server = TestServer::start().await;
    assert!(server.api.metrics().is_none());
}

/// HTTP-08.
#[tokio::test]
async fn no_route_of_the_api_shows_them_to_anyone() {
    let server = counting().start().await;
    let root = server.admin().await;
    for browser in [&server.anonymous(), &root, &server.operator()] {
        for path in ["/metrics", "/metrics/", "/admin/metrics", "/problems/metrics"] {
            browser.get(path).send().await.status(404).problem("not_found");
        }
    }
}

#[tokio::test]
async fn requests_refusals_and_events_are_counted() {
    let server = counting().start().await;
    server.user("ann").await;
    let anonymous = server.anonymous();
    for _ in 0..3 {
        anonymous.login("ann", "a wrong password").await.status(401);
    }
    anonymous.get("/auth/me").send().await.status(401);
    anonymous.request(Method::HEAD, "/healthz").send().await.status(200);
    anonymous.post("/auth/register").json(&json!({"username": ""})).send().await.status(422);
    server.auth.write_failures(true).await.unwrap();
    let samples = scrape(&server).await;
    for (method, route, status, count) in [
        ("POST", "/auth/login", "200", 1.0),
        ("POST", "/auth/login", "401", 3.0),
        ("GET", "/auth/me", "401", 1.0),
        ("GET", "/healthz", "200", 1.0),
        ("POST", "/auth/register", "422", 1.0),
        ("POST", "/auth/refresh", "200", 0.0),
    ] {
        assert_eq!(requests(&samples, method, route, status), count, "{route} {status}");
    }
    for (line, count) in [
        ("doorkey_problems_total{code=\"invalid_credentials\"}", 3.0),
        ("doorkey_problems_total{code=\"invalid_token\"}", 1.0),
        ("doorkey_problems_total{code=\"invalid_request\"}", 1.0),
        ("doorkey_problems_total{code=\"internal\"}", 0.0),
        ("doorkey_events_total{kind=\"user_created\"}", 1.0),
        ("doorkey_events_total{kind=\"logged_in\"}", 1.0),
        ("doorkey_events_total{kind=\"login_failed\"}", 3.0),
        ("doorkey_events_total{kind=\"key_revoked\"}", 0.0),
        ("doorkey_ready", 1.0),
        ("doorkey_store_writable", 1.0),
        ("doorkey_password_hashes_running", 0.0),
        ("doorkey_password_hashes_queued", 0.0),
        ("doorkey_password_hashes_refused_total", 0.0),
    ] {
        assert_eq!(samples[line], count, "{line}");
    }
    let version = format!("doorkey_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples[&version], 1.0);
    assert!(samples["doorkey_throttle_entries"] >= 1.0);
}

#[tokio::test]
async fn backups_are_told_where_they_are_scheduled_and_none_is_as_old_as_can_be() {
    let server = counting().start().await;
    assert!(!text(&server).await.contains("backup_"));
    server.auth.backups_are_scheduled(None);
    server.auth.backup_ended(None);
    for latest in [0, 1_800_000_000] {
        let samples = scrape(&server).await;
        let seconds = f64::from(latest);
        assert_eq!(samples["doorkey_backup_latest_timestamp_seconds"], seconds);
        assert_eq!(samples["doorkey_backup_failures_total"], 1.0);
        server.auth.backup_ended(Some(Timestamp::from_seconds(1_800_000_000)));
    }
}

/// A body of which nothing ever comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_is_counted_with_the_time_it_took() {
    let server = counting().start().await;
    let request = Request::post("/auth/login").header("content-type", "application/json");
    let request = request.body(Never).unwrap();
    let handling = server.api.handle(request, server.anonymous().peer);
    tokio::select! {
        biased;
        _ = handling => panic!("it waits for the body"),
        () = async { server.advance(Duration::from_millis(300)) } => {}
    }
    let samples = scrape(&server).await;
    assert_eq!(requests(&samples, "POST", "/auth/login", "none"), 1.0);
    let labels = "method=\"POST\",route=\"/auth/login\"";
    let of = |name: &str| samples[&format!("doorkey_request_duration_seconds_{name}")];
    assert_eq!(of(&format!("sum{{{labels}}}")), 0.3);
    assert_eq!(of(&format!("bucket{{le=\"0.1\",{labels}}}")), 0.0);
    assert_eq!(of(&format!("bucket{{le=\"0.5\",{labels}}}")), 1.0);
}

/// What a client sends makes no line of its own.
#[tokio::test]
async fn paths_and_methods_that_are_not_there_share_one_row() {
    let server = counting().start().await;
    let (root, eve) = (server.admin().await, server.anonymous());
    root.get("/admin/users/u1").send().await.status(404);
    eve.get("/first").send().await.status(404);
    eve.post("/healthz").send().await.status(405);
    let before = scrape(&server).await;
    for n in 0..50 {
        eve.get(&format!("/zzqx{n}")).send().await.status(404);
        eve.get(&format!("/zzqx?a=zzqx{n}")).send().await.status(404);
        root.get(&format!("/admin/users/zzqx{n}")).send().await.status(404);
        let method = Method::from_bytes(format!("ZZQX{n}").as_bytes()).unwrap();
        eve.request(method, "/healthz").send().await.status(405);
    }
    let after = scrape(&server).await;
    assert!(after.keys().eq(before.keys()), "{after:?}");
    assert_eq!(requests(&after, "_OTHER", "unmatched", "404"), 101.0);
    assert_eq!(requests(&after, "_OTHER", "unmatched", "405"), 51.0);
    assert_eq!(requests(&after, "GET", "/admin/users/{id}", "404"), 51.0);
    assert!(!text(&server).await.to_lowercase().contains("zzqx"));
}

/// Every label is a word of the tables.
#[tokio::test]
async fn each_row_of_the_route_table_is_counted_under_its_own_name() {
    let server = counting().start().await;
    let operator = server.operator();
    for route in server.api.routes() {
        let path = route.path.replace(['{', '}'], "");
        let request = Request::builder().method(route.method.clone()).uri(path);
        let request = request.body(Full::<Bytes>::default()).unwrap();
        // The body is not read: that of a backup breaks off here.
        drop(server.api.handle(request, operator.peer).await);
    }
    let samples = scrape(&server).await;
    for route in server.api.routes() {
        let labels = format!("{{method=\"{}\",route=\"{}\"", route.method, route.path);
        let counted = samples.iter().filter(|(name, _)| {
            name.starts_with("doorkey_requests_total") && name.contains(&labels)
        });
        assert_eq!(counted.map(|(_, count)| count).sum::<f64>(), 1.0, "{labels}");
    }
    let rows =
        samples.keys().filter(|name| name.starts_with("doorkey_request_duration_seconds_sum"));
    assert_eq!(rows.count(), server.api.routes().len(), "nothing was unmatched");
}

/// LOG-02 holds here too.
#[tokio::test]
async fn nothing_in_the_text_tells_of_a_person() {
    let mut setup = counting().with_limits();
    setup.http.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let server = setup.start().await;
    let form = json!({"username": "annabel", "password": PASSWORD, "email": "annabel@example.org"});
    server.anonymous().post("/auth/register").json(&form).send().await.status(201);
    let ann = server.anonymous().logged_in("annabel").await;
    let agent = ann.get("/auth/me").header("user-agent", "telltale/1.0");
    agent.header("x-forwarded-for", "198.51.100.77").send().await.status(200);
    ann.refresh().await.status(200);
    server.anonymous().login("annabel", "a wrong password").await.status(401);
    server.auth.write_failures(true).await.unwrap();
    let text = text(&server).await;
    let (token, cookie) = (ann.token.as_deref().unwrap(), ann.cookie.as_deref().unwrap());
    for said in ["annabel", "telltale", "198.51.100.77", "10.0.", PASSWORD, "a wrong password"] {
        assert!(!text.contains(said), "{said}: {text}");
    }
    for said in [&*ann.user_id, cookie.split('.').next().unwrap(), &token[..20]] {
        assert!(!text.contains(said), "{said}: {text}");
    }
}

/// HTTP-05, HTTP-08, BRW-01.
#[tokio::test]
async fn its_listener_has_one_route_and_the_headers_of_all_answers() {
    let mut setup = counting();
    setup.http.hsts = Some(Duration::from_hours(365 * 24));
    let server = setup.start().await;
    let answer = ask(&server, "HEAD", "/metrics?any=thing").await.status(200);
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(media));
    for path in ["/", "/healthz", "/metrics/", "/Metrics", "//metrics", "/auth/login"] {
        ask(&server, "GET", path).await.status(404).problem("not_found");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let refused = ask(&server, method, "/metrics").await.status(405);
        assert_eq!(refused.problem("method_not_allowed").header("allow"), Some("GET, HEAD"));
    }
    for (method, path) in [("GET", "/metrics"), ("GET", "/"), ("POST", "/metrics")] {
        let answer = ask(&server, method, path).await;
        assert!(answer.headers.keys().all(|name| RESPONSE_HEADERS.contains(&name.as_str())));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header("strict-transport-security"), None, "RFC 6797, 7.2");
    }
    let samples = scrape(&server).await;
    assert!(samples.keys().all(|name| !name.starts_with("doorkey_requests_total")));
}

/// A memory engine whose commits work, fail or never end, as the test says.
#[derive(Default)]
struct Moody {
    memory: Memory,
    mood: AtomicU8,
}

const FAILING: u8 = 1;
const HANGING: u8 = 2;

#[async_trait]
impl Engine for Moody {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.memory.get(key).await
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        self.memory.scan(prefix, after, limit).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        match self.mood.load(Ordering::SeqCst) {
            FAILING => Err(Error::unavailable("the disk is full")),
            HANGING => pending().await,
            _ => self.memory.commit(commit).await,
        }
    }
}

/// Also one that hangs: just then somebody wants to know.
#[tokio::test]
async fn a_store_that_takes_no_writes_is_told() {
    let engine = Arc::new(Moody::default());
    let server = Setup { engine: engine.clone(), ..counting() }.start().await;
    for mood in [FAILING, HANGING] {
        engine.mood.store(mood, Ordering::SeqCst);
        let samples = scrape(&server).await;
        assert_eq!((samples["doorkey_ready"], samples["doorkey_store_writable"]), (0.0, 0.0));
    }
    engine.mood.store(0, Ordering::SeqCst);
    assert_eq!(scrape(&server).await["doorkey_ready"], 1.0);
}

#[tokio::test]
async fn a_clock_that_was_never_set_is_not_ready_but_takes_writes() {
    let clock = Clock::manual(Timestamp::from_seconds(1));
    let server = counting().start_at(clock, doorkey::crypto::Random::seeded(42)).await;
    let samples = scrape(&server).await;
    assert_eq!((samples["doorkey_ready"], samples["doorkey_store_writable"]), (0.0, 1.0));
}
