//! `doorkey session`, `key` and `recover`.

use serde_json::Value;

use super::harness::{PASSWORD, Place, Server};

fn sessions(place: &Place, args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> =
        ["session", "list"].into_iter().chain(args.iter().copied()).chain(["--json"]).collect();
    place.run(&args).json()["sessions"].as_array().unwrap().clone()
}

fn two_users() -> (Place, Server) {
    let place = Place::new();
    let server = place.serve(&[]);
    place.user("ann", &[]);
    place.user("bob", &[]);
    (place, server)
}

#[test]
fn a_session_ended_in_the_shell_is_ended() {
    let (place, server) = two_users();
    let [first, second] = [(); 2].map(|()| server.login("ann", PASSWORD).status(200));
    let other = server.login("bob", PASSWORD).status(200);
    assert_eq!((sessions(&place, &[]).len(), sessions(&place, &["ann"]).len()), (3, 2));
    assert!(place.run(&["session", "list"]).done().contains("127.0.0.1"));
    let id = first.json()["session"]["id"].as_str().unwrap().to_owned();
    place.run(&["session", "revoke", "bob", &id]).failed("There is nothing here.");
    place.run(&["session", "revoke", "ann", &id]).done();
    server.post_with_cookie(&first.cookie(), "/auth/refresh").status(401);
    server.post_with_cookie(&second.cookie(), "/auth/refresh").status(200);
    place.run(&["session", "revoke", "ann", "--all"]).done();
    server.post_with_cookie(&second.cookie(), "/auth/refresh").status(401);
    server.get_as(&second.token(), "/auth/me").status(401);
    server.post_with_cookie(&other.cookie(), "/auth/refresh").status(200);
    assert_eq!(sessions(&place, &[]).len(), 1);
}

#[test]
fn a_rotated_key_waits_and_a_revoked_one_is_gone() {
    let (place, server) = two_users();
    let keys = || place.run(&["key", "list", "--json"]).json()["keys"].as_array().unwrap().clone();
    let token = server.login("ann", PASSWORD).status(200).token();
    let [first] = keys().try_into().unwrap();
    assert_eq!(place.run(&["key", "rotate"]).done(), "");
    let mut states: Vec<String> =
        keys().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    assert_eq!(states, ["next", "signing"]);
    server.get_as(&token, "/auth/me").status(200);
    let kid = first["kid"].as_str().unwrap();
    place.run(&["key", "rotate", "--revoke", kid]).done();
    server.get_as(&token, "/auth/me").status(401);
    let jwks = server.send("GET /.well-known/jwks.json", &[], "").status(200);
    assert!(!jwks.body.contains(kid), "{}", jwks.body);
    assert!(!place.run(&["key", "list"]).done().contains(kid));
    place.run(&["key", "rotate", "--revoke", "nonsense"]).failed("revoke: must be the kid");
}

#[test]
fn public_keys_are_printed_as_pem_with_and_without_the_server() {
    let (place, server) = two_users();
    let [key] = place.run(&["key", "list", "--json"]).json()["keys"]
        .as_array()
        .unwrap()
        .clone()
        .try_into()
        .unwrap();
    let kid = key["kid"].as_str().unwrap().to_owned();
    let pem = place.run(&["key", "pem"]).done();
    assert!(pem.starts_with(&format!("ES256 {kid}\n-----BEGIN PUBLIC KEY-----\nMFkw")), "{pem}");
    assert_eq!(place.run(&["key", "pem", &kid]).done(), pem);
    place.run(&["key", "pem", "another"]).failed("there is no such key");
    let jwks = server.send("GET /.well-known/jwks.json", &[], "").status(200).body;
    let elsewhere = Place::new();
    assert_eq!(elsewhere.run_with(&["key", "pem", "--jwks", "-"], &jwks).done(), pem);
    let damaged = jwks.replace(&kid, "other");
    elsewhere.run_with(&["key", "pem", "--jwks", "-"], &damaged).failed("\"other\" of the JWK Set");
    elsewhere.run_with(&["key", "pem", "--jwks", "-"], "{").failed("could not read the JWK Set");
    elsewhere.run(&["key", "pem", "--jwks", "none"]).failed("could not read the JWK Set");
    place.run(&["key", "rotate"]).done();
    assert_eq!(place.run(&["key", "pem"]).done().matches("BEGIN PUBLIC KEY").count(), 2);
}

#[test]
fn a_locked_out_administrator_gets_in_again() {
    let place = Place::new();
    place.user("root", &["admin"]);
    place.user("ann", &["admin", "editor"]);
    place.run(&["user", "roles", "ann", "editor"]).done();
    place.run(&["user", "disable", "ann"]).done();
    let recover = ["recover", "ann", "--password-stdin"];
    assert_eq!(place.run_with(&recover, "another quiet place\n").done(), "");
    let server = place.serve(&[]);
    let token = server.login("ann", "another quiet place").status(200).token();
    server.get_as(&token, "/admin/users").status(200);
    let shown = place.run(&["user", "show", "ann", "--json"]).json();
    assert_eq!(shown["roles"], serde_json::json!(["admin", "editor"]));
    assert!(place.run(&["recover", "ann", "--link"]).done().starts_with("http://127.0.0.1:"));
    place.run(&["recover", "nobody", "--link"]).failed("there is no account nobody");
}

#[test]
fn recover_lifts_the_delay_after_failed_logins() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.user("root", &["admin"]);
    for _ in 0..5 {
        server.login("root", "a wrong password").status(401);
    }
    server.login("root", PASSWORD).status(429);
    let recover = ["recover", "root", "--password-stdin"];
    place.run_with(&recover, "another quiet place\n").done();
    server.login("root", "another quiet place").status(200);
}

#[test]
fn a_recovery_that_fails_leaves_the_account_shut() {
    let place = Place::new();
    place.user("root", &["admin"]);
    place.user("ann", &["editor"]);
    place.run(&["user", "disable", "ann"]).done();
    let recover = ["recover", "ann", "--password-stdin"];
    place.run_with(&recover, "short").failed("new_password: must have at least");
    let ann = place.run(&["user", "show", "ann", "--json"]).json();
    assert_eq!((&ann["disabled"], &ann["roles"][0]), (&true.into(), &"editor".into()));
}
