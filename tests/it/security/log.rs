//! What the log says, and what nobody can make it say.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tracing::Level;

use super::capture::Log;
use crate::auth::WRONG_PASSWORD;
use crate::cli::harness::{PASSWORD, Place, Server};
use crate::harness::{Setup, TestServer};

/// The lines of a place's log, each an object.
fn lines(place: &Place) -> Vec<Value> {
    place.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Everything that leaves an event, once.
fn acts(place: &Place, server: &Server) {
    place.user("root", &["admin", "user"]);
    let root = server.login("root", PASSWORD).status(200).token();
    server.register("ann");
    server.login("ann", WRONG_PASSWORD).status(401);
    let ann = server.login("ann", PASSWORD).status(200);
    let change = json!({"current_password": PASSWORD, "new_password": "another quiet place"});
    let changed = server.post_as(&ann.token(), "/auth/password", &change).status(200);
    server.post_with_cookie(&changed.cookie(), "/auth/logout").status(204);
    for command in [
        &["user", "roles", "ann", "user", "editor"][..],
        &["user", "disable", "ann"],
        &["user", "enable", "ann"],
        &["user", "delete", "ann", "--yes"],
        &["key", "rotate"],
    ] {
        place.run(command).done();
    }
    server.get_as(&root, "/auth/me").status(200);
}

/// Each with when, what, how it ended, who, from where and in which request.
#[test]
fn log_01_what_happened_is_a_line_of_json_with_its_fields() {
    let place = Place::open().env("DOORKEY_LOG__FORMAT", "json");
    let mut server = place.serve(&[]);
    acts(&place, &server);
    assert_eq!(server.signal(Signal::TERM), 0);
    let lines = lines(&place);
    for line in &lines {
        let time = line["timestamp"].as_str().unwrap();
        let whole: String = time.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
        assert_eq!(whole, "--T::Z", "RFC 3339 in UTC: {time}");
    }
    for (kind, outcome, by_request) in [
        ("UserCreated", "Done", false),
        ("Registered", "Done", true),
        ("LoggedIn", "Done", true),
        ("LoginFailed", "Refused", true),
        ("PasswordChanged", "Done", true),
        ("LoggedOut", "Done", true),
        ("RolesChanged", "Done", false),
        ("UserDisabled", "Done", false),
        ("UserEnabled", "Done", false),
        ("UserDeleted", "Done", false),
        ("KeyRotated", "Done", false),
    ] {
        let found = lines.iter().map(|line| &line["fields"]).find(|line| line["event"] == kind);
        let found = found.unwrap_or_else(|| panic!("{kind} in {lines:#?}"));
        assert_eq!(found["outcome"], outcome, "{found}");
        assert!(found["actor"].is_string() && found["message"].is_string(), "{found}");
        assert_eq!(found["user"].is_string(), kind != "KeyRotated", "{found}");
        assert_eq!(found["ip"].is_string(), by_request, "{found}");
        assert!(found["request.id"].is_string(), "{found}");
    }
    let session = |kind: &str| {
        let line = lines.iter().find(|line| line["fields"]["event"] == kind).unwrap();
        line["fields"]["session"].clone()
    };
    assert!(session("LoggedIn").is_string() && session("LoggedOut").is_string());
    assert!(lines.iter().any(|line| line["fields"]["message"] == "starting"));
}

/// A name, a path and a browser that would begin a line of their own or steer a terminal.
#[test]
fn log_03_nothing_that_is_sent_breaks_out_of_its_line() {
    for format in ["text", "json"] {
        let place = Place::open().env("DOORKEY_LOG__LEVEL", "trace");
        let place = place.env("DOORKEY_LOG__FORMAT", format);
        let mut server = place.serve(&[]);
        let forged = "ann\n2026-01-01T00:00:00Z  INFO forged\u{1b}[2J\u{2028}\u{85}\u{202e}";
        server.login(forged, PASSWORD).status(401);
        let form = json!({"username": "ann", "password": PASSWORD});
        server.post("/auth/register", &form).status(201);
        let token = server.login("ann", PASSWORD).status(200).token();
        let name = json!({"display_name": forged});
        let bearer = format!("Authorization: Bearer {token}");
        let patch = ["Content-Type: application/json", &bearer];
        server.send("PATCH /auth/me", &patch, &name.to_string());
        for path in ["/x%0aforged", "/x%1b%5b2J", "/\u{2028}forged", "/auth/login?a=%0d%0aforged"] {
            server.send(&format!("GET {path}"), &["User-Agent: a\u{85}b\u{2028}forged"], "");
        }
        assert_eq!(server.signal(Signal::TERM), 0);
        let log = place.log();
        assert!(log.lines().count() > 10, "{log}");
        let bad = |c: char| c.is_control() && c != '\n' || "\u{2028}\u{2029}\u{202e}".contains(c);
        assert!(!log.contains(bad), "{log}");
        for line in log.lines() {
            let whole = if format == "json" {
                serde_json::from_str::<Value>(line).is_ok()
            } else {
                line.as_bytes().get(4) == Some(&b'-') && line.contains(" doorkey")
            };
            assert!(whole, "{line}");
        }
    }
}

/// People type their password where the name belongs.
#[tokio::test]
async fn log_04_a_name_that_failed_to_log_in_is_not_written_down() {
    let server = TestServer::start().await;
    let log = Log::start(Level::TRACE);
    server.anonymous().login("hunter2-in-the-wrong-field", PASSWORD).await.status(401);
    server.auth.save(true).await.unwrap();
    let lines = log.take();
    assert!(lines.contains("LoginFailed") && !lines.contains("hunter2"), "{lines}");
}

/// One line a minute for an account and network, and for all beyond 4,096 of them together.
#[tokio::test]
async fn log_05_an_attack_writes_a_bounded_number_of_lines() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let log = Log::start(Level::INFO);
    let (eve, written) =
        (server.anonymous(), |log: &Log| log.take().matches("LoginFailed").count());
    for _ in 0..200 {
        eve.login("ann", WRONG_PASSWORD).await.status(401);
    }
    server.auth.save(false).await.unwrap();
    assert_eq!(written(&log), 1);
    for n in 0..4_200 {
        eve.login(&format!("name{n}"), WRONG_PASSWORD).await.status(401);
    }
    server.auth.save(false).await.unwrap();
    assert!((4_000..=4_097).contains(&written(&log)));
}

/// They change nothing and have no event, but a line, with the rule that the client is not told.
#[tokio::test]
async fn log_01_a_refused_refresh_and_a_throttled_login_have_a_line_with_the_rule() {
    let server = Setup::default().with_limits().start().await;
    let ann = server.user("ann").await;
    ann.delete("/auth/sessions").send().await.status(204);
    let log = Log::start(Level::INFO);
    let refused = ann.refresh().await.status(401);
    server.anonymous().refresh().await.status(401);
    let eve = server.anonymous();
    for _ in 0..5 {
        eve.login("ann", WRONG_PASSWORD).await.status(401);
    }
    let throttled = eve.login("ann", WRONG_PASSWORD).await.status(429);
    let text = log.take();
    let lines =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].take());
    let lines: Vec<Value> = lines.filter(|line| line["outcome"] == "Refused").collect();
    let expected = [
        ("RefreshRefused", "refresh_epoch_old", "/auth/refresh", refused.header("x-request-id")),
        ("Throttled", "throttle_account_network", "/auth/login", throttled.header("x-request-id")),
    ];
    assert_eq!(lines.len(), expected.len(), "without a cookie nothing is refused: {text}");
    for (line, (event, rule, route, request_id)) in lines.iter().zip(expected) {
        assert_eq!((&line["event"], &line["rule"]), (&event.into(), &rule.into()));
        assert_eq!((&line["route"], &line["request.id"]), (&route.into(), &json!(request_id)));
        assert_eq!(line["user"], ann.user_id.to_string(), "{line}");
        assert!(line["ip"].is_string() && line["message"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn log_05_refused_refreshes_write_sixty_lines_a_minute_and_then_their_number() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    ann.delete("/auth/sessions").send().await.status(204);
    server.clock.advance(Duration::from_secs(60));
    let log = Log::start(Level::INFO);
    for _ in 0..100 {
        ann.refresh().await.status(401);
    }
    assert_eq!(log.take().matches("RefreshRefused").count(), 60);
    server.clock.advance(Duration::from_secs(60));
    ann.refresh().await.status(401);
    let text = log.take();
    assert!(
        text.matches("RefreshRefused").count() == 1 && text.contains("\"left_out\":40"),
        "{text}"
    );
}
