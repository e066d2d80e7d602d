//! `doorkey explain` and `doorkey token inspect`: why a request was refused, and why a token would
//! be.

use rustix::process::Signal;
use serde_json::Value;

use super::harness::{Answer, Done, PASSWORD, Place, Server};

fn served() -> (Place, Server) {
    let place = Place::open();
    let server = place.serve(&[]);
    server.register("ann");
    (place, server)
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

#[test]
fn a_refused_request_is_explained_with_its_rule() {
    let (place, server) = served();
    let token = server.login("ann", PASSWORD).status(200).token();
    let refused = server.get_as(&token, "/admin/users").status(403);
    assert!(!refused.body.contains("role_missing"), "the client is not told");
    let text = place.run(&["explain", &id(&refused)]).done();
    for line in [
        "request  GET /admin/users",
        "answer   403 insufficient_scope",
        "rule     role_missing",
        "why      The account lacks the role.",
        "detail   wanted admin; the account has user",
        "from     127.0.0.1",
    ] {
        assert!(text.lines().any(|given| given == line), "{line} in {text}");
    }
    let json = place.run(&["explain", &id(&refused), "--json"]).json();
    assert_eq!(json["refusals"][0]["rule"], "role_missing");
    assert_eq!(json["events"], Value::Array(Vec::new()));
}

#[test]
fn what_a_request_did_is_told_as_events() {
    let (place, server) = served();
    let login = server.login("ann", PASSWORD).status(200);
    let text = place.run(&["explain", &id(&login)]).done();
    assert!(text.starts_with("TIME ") && text.contains("logged_in"), "{text}");
    assert!(!text.contains("rule"), "it was not refused: {text}");
}

#[test]
fn a_request_of_which_nothing_is_known_is_a_failure_that_says_how_far_the_memory_goes() {
    let (place, server) = served();
    let said = "the last 10,000 since the server started";
    place.run(&["explain", "unknown"]).failed(said);
    let refused = server.login("ann", "not the password").status(401);
    place.run(&["explain", &id(&refused)]).done();
    drop(server);
    let again = place.serve(&[]);
    place.run(&["explain", &id(&refused)]).failed(said);
    drop(again);
}

/// Refusals are in memory only; events are in the store.
#[test]
fn a_stopped_store_knows_the_events_and_no_refusal() {
    let (place, mut server) = served();
    let login = server.login("ann", PASSWORD).status(200);
    let missing = server.get_as("x", "/auth/me").status(401);
    let refused = server.login("ann", "not the password").status(401);
    assert_eq!(server.signal(Signal::TERM), 0);
    let done = place.run(&["explain", &id(&login)]);
    assert!(done.err.contains("no server runs here"), "{}", done.err);
    assert!(done.done().contains("logged_in"));
    assert!(place.run(&["explain", &id(&refused)]).done().contains("login_failed"));
    place.run(&["explain", &id(&missing)]).failed("none runs on");
}

/// Exit code 1, the checks on standard output and the rule on standard error; the text of the
/// token on neither.
#[track_caller]
fn refused(done: Done, token: &str, rule: &str) -> String {
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.err.contains(&format!("would be refused by {rule}: ")), "{}", done.err);
    let (_, secret) = token.rsplit_once('.').unwrap();
    assert!(!format!("{}{}", done.out, done.err).contains(secret), "{}", done.out);
    done.out
}

#[test]
fn a_token_is_inspected_on_a_running_server_and_on_a_stopped_store() {
    // The port is free, so the issuer would be another one without a server.
    let place = Place::open().env("DOORKEY_HTTP__PUBLIC_URL", "http://127.0.0.1:8080");
    let mut server = place.serve(&[]);
    server.register("ann");
    let login = server.login("ann", PASSWORD).status(200);
    let (token, cookie) = (login.token(), login.cookie());
    let refresh = cookie.split_once('=').unwrap().1.to_owned();
    let inspect = |text: &str| place.run_with(&["token", "inspect"], &format!("{text}\n"));
    for is_running in [true, false] {
        let good = inspect(&token);
        assert!(good.err.contains("this access token would be accepted"), "{}", good.err);
        let good = good.done();
        assert!(good.starts_with("CHECK ") && good.contains("times      ok"), "{good}");
        assert!(inspect(&refresh).err.contains("this refresh token would be accepted"));
        let mut forged = token.clone();
        forged.replace_range(token.len() - 8..token.len() - 7, "_");
        forged.replace_range(token.len() - 9..token.len() - 8, "_");
        let text = refused(inspect(&forged), &token, "token_signature");
        assert!(text.contains("signature  failed") && text.contains("times      not reached"));
        if is_running {
            assert_eq!(server.signal(Signal::TERM), 0);
        }
    }
    let server = place.serve(&[]);
    server.post_with_cookie(&cookie, "/auth/logout").status(204);
    refused(inspect(&token), &token, "token_session_revoked");
    refused(inspect(&refresh), &refresh, "refresh_session_revoked");
    let done = place.run_with(&["token", "inspect", "--json"], &token);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, &json["accepted"]), (1, &Value::Bool(false)));
    assert_eq!(json["checks"].as_array().unwrap().len(), 14);
}

#[test]
fn no_token_on_standard_input_is_told() {
    let (place, _server) = served();
    place.run_with(&["token", "inspect"], " \n").failed("there is no token on standard input");
    let long = "a".repeat(70_000);
    place.run_with(&["token", "inspect"], &long).failed("no token is longer than 64 KiB");
    assert!(!place.log().contains("aaaa"));
}
