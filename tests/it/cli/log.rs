//! What the log holds and must not hold.

use rustix::process::Signal;
use serde_json::json;

use super::harness::{PASSWORD, Place};

/// Everything secret that a walk through all main routes makes or sends.
fn walk(place: &Place) -> Vec<String> {
    let mut server = place.serve(&[]);
    let secret = std::fs::read_to_string(place.data().join("setup-secret")).unwrap();
    let key = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    let mut secrets = vec![secret.trim().to_owned(), key.trim().to_owned(), PASSWORD.to_owned()];
    let mut keep = |secret: &str| secrets.push(secret.to_owned());

    let form = json!({"secret": "a wrong setup secret", "username": "root", "password": PASSWORD});
    server.post("/auth/setup", &form).status(401);
    let form = json!({"secret": secret.trim(), "username": "root", "password": PASSWORD});
    server.post("/auth/setup", &form).status(201);
    server.register("ann");
    server.login("ann", "my other password 77").status(401);
    server.post("/auth/login", &json!({"username": "my password in the wrong field"}));
    let signed_in = server.login("ann", PASSWORD).status(200);
    let (token, cookie) = (signed_in.token(), signed_in.cookie());
    server.get_as(&token, "/auth/me").status(200);
    server.get_as(&format!("{token}x"), "/auth/me").status(401);
    let refreshed = server.post_with_cookie(&cookie, "/auth/refresh").status(200);
    let change = json!({"current_password": PASSWORD, "new_password": "a third password 88"});
    let changed = server.post_as(&token, "/auth/password", &change).status(200);
    let link = place.run(&["user", "password", "ann", "--link"]).done();
    let link = link.trim_end().split_once("token=").unwrap().1;
    server.post("/auth/password-reset", &json!({"token": link, "new_password": "short"}));
    place.run_with(&["user", "password", "ann", "--password-stdin"], "a fourth one 99").done();
    server.post_with_cookie(&changed.cookie(), "/auth/logout").status(204);

    for said in ["a wrong setup secret", "my other password 77", "my password in the wrong field"] {
        keep(said);
    }
    for said in ["a third password 88", "a fourth one 99", link] {
        keep(said);
    }
    for token in [&token, &refreshed.token(), &changed.token()] {
        // Its parts: neither the whole token nor what signs it.
        token.split('.').skip(1).for_each(&mut keep);
    }
    for cookie in [&cookie, &changed.cookie()] {
        // Behind the session's id, which is no secret.
        keep(cookie.split_once('.').unwrap().1);
    }
    assert_eq!(server.signal(Signal::TERM), 0);
    secrets
}

/// PW-17, LOG-02.
#[test]
fn at_trace_level_no_secret_of_a_whole_run_is_in_the_log() {
    for format in ["text", "json"] {
        let place = Place::open().env("DOORKEY_LOG__LEVEL", "trace");
        let place = place.env("DOORKEY_LOG__FORMAT", format);
        let secrets = walk(&place);
        let log = place.log();
        assert!(log.contains("/auth/login") && log.contains("LoggedIn"), "{log}");
        for secret in secrets {
            assert!(secret.len() > 8 && !log.contains(&secret), "{secret} is in the log: {log}");
        }
    }
}

/// LOG-01.
#[test]
fn a_json_log_has_one_object_in_each_line() {
    let place = Place::new().env("DOORKEY_LOG__FORMAT", "json");
    let mut server = place.serve(&[]);
    server.login("a\nb\u{1b}[2J", "some password").status(401);
    assert_eq!(server.signal(Signal::TERM), 0);
    let log = place.log();
    assert!(log.lines().count() >= 2, "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn the_level_is_obeyed_and_standard_output_holds_no_log() {
    let place = Place::new().env("DOORKEY_LOG__LEVEL", "error");
    let mut server = place.serve(&[]);
    assert_eq!(server.signal(Signal::TERM), 0);
    assert_eq!(place.log(), "");
    let lines = [server.line(), server.line(), server.line(), server.line()];
    assert!(lines[0].starts_with("no administrator yet") && lines[1].starts_with("curl "));
    assert!(lines[2].starts_with("or open "));
    assert_eq!(lines[3], "there is no line");
}
