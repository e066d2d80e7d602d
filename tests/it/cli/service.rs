//! `doorkey service`, with what a service asks then; and what a restore leaves of all this.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorkey::model::Clock;
use serde_json::json;

use super::harness::{Answer, PASSWORD, Place, Server};

fn ask(server: &Server, (id, secret): (&str, &str), token: &str) -> Answer {
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let form = "Content-Type: application/x-www-form-urlencoded";
    server.send("POST /oauth/introspect", &[&basic, form], &format!("token={token}"))
}

fn is_active(server: &Server, service: (&str, &str), token: &str) -> bool {
    ask(server, service, token).status(200).json()["active"] == true
}

fn api_token(server: &Server, name: &str) -> String {
    let access = server.login(name, PASSWORD).status(200).token();
    let end = Clock::system().now().plus(Duration::from_hours(48)).to_string();
    let made = server.post_as(&access, "/auth/tokens", &json!({"name": "ci", "expires_at": end}));
    made.status(201).json()["secret"].as_str().unwrap().to_owned()
}

#[test]
fn a_service_is_registered_asks_and_is_removed_in_the_shell() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.user("ann", &[]);
    let token = server.login("ann", PASSWORD).status(200).token();
    let secret = place.run(&["service", "add", "wiki"]).done().trim().to_owned();
    assert!(is_active(&server, ("wiki", &secret), &token));
    let listed = place.run(&["service", "list", "--json"]).json();
    assert_eq!(
        (&listed["clients"][0]["id"], listed.to_string().contains(&secret)),
        (&"wiki".into(), false)
    );
    assert!(place.run(&["service", "list"]).done().contains("wiki"));
    place.run(&["service", "add", "wiki"]).failed("The name of the service is taken.");
    place.run(&["service", "remove", "wiki"]).done();
    place.run(&["service", "remove", "wiki"]).failed("There is nothing here.");
    ask(&server, ("wiki", &secret), &token).status(401);
}

#[test]
fn what_service_new_prints_makes_a_service_of_auth_toml() {
    let place = Place::new();
    let made = place.run(&["service", "new", "shop"]);
    assert!(!place.data().exists());
    let (_, lines) = made.err.split_once("[[services]]").unwrap();
    let file = format!("[[services]]{lines}");
    let secret = made.done().trim().to_owned();
    assert!(!file.contains(&secret));
    std::fs::write(place.path("auth.toml"), &file).unwrap();
    place.user("ann", &[]);
    let server = place.serve(&[]);
    let token = server.login("ann", PASSWORD).status(200).token();
    assert!(is_active(&server, ("shop", &secret), &token));
    place.run(&["service", "remove", "shop"]).failed("The service is in the configuration.");
    place.run(&["service", "add", "shop"]).failed("is taken");
    let shown = place.run(&["config", "check", "--json"]).json();
    let settings = shown["settings"].as_array().unwrap();
    let services = settings.iter().find(|setting| setting["key"] == "services").unwrap();
    assert_eq!(services["value"], "shop");
    place.run(&["service", "new", "Shop"]).failed("the name must be a word");
}

#[test]
fn services_may_stand_in_a_variable() {
    let hash = "00".repeat(32);
    let list = format!("[{{ id = \"shop\", secret_sha256 = \"{hash}\" }}]");
    let place = Place::new().env("DOORKEY_SERVICES", &list);
    let shown = place.run(&["config", "check"]).done();
    assert!(shown.contains("shop") && !shown.contains(&hash), "{shown}");
    let same = list.trim_matches(['[', ']']);
    let place = Place::new().env("DOORKEY_SERVICES", &format!("[{same}, {same}]"));
    place.run(&["config", "check"]).failed("services: must be a list of at most 64 tables");
}

/// What was revoked after the backup works again never: nobody can know what that was.
#[test]
fn a_restore_ends_every_api_token_and_every_registered_service() {
    let place = Place::new();
    place.user("ann", &[]);
    let server = place.serve(&[]);
    let secret = place.run(&["service", "add", "wiki"]).done().trim().to_owned();
    let (revoked, kept) = (api_token(&server, "ann"), api_token(&server, "ann"));
    place.run(&["backup", "copy"]).done();
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("wiki:{secret}")));
    let form = "Content-Type: application/x-www-form-urlencoded";
    let body = format!("token={revoked}");
    server.send("POST /oauth/revoke", &[&basic, form], &body).status(200);
    server.kill();
    place.run(&["restore", "copy", "--replace"]).done();
    let server = place.serve(&[]);
    ask(&server, ("wiki", &secret), &kept).status(401);
    let secret = place.run(&["service", "add", "wiki"]).done().trim().to_owned();
    for token in [&revoked, &kept] {
        assert!(!is_active(&server, ("wiki", &secret), token));
    }
    assert!(is_active(&server, ("wiki", &secret), &api_token(&server, "ann")));
    server.kill();
    place.run(&["store", "verify"]).done();
}
