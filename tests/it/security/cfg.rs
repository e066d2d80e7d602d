//! What the configuration takes, hides, and opens when there is none.

use doorkey::config::{Flags, Registration};
use serde_json::json;

use crate::cli::harness::{PASSWORD, Place};
use crate::config::{load, refusal};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// A typing mistake must not give the default in silence. The full table of values stands with
/// the configuration's own tests.
#[test]
fn cfg_01_an_unknown_key_and_a_value_out_of_range_stop_the_start() {
    for (text, said) in [
        ("[tokens]\nacess_ttl = \"10m\"", "did you mean tokens.access_ttl"),
        ("[token]\naccess_ttl = \"10m\"", "did you mean tokens"),
        ("[tokens]\naccess_ttl = \"16m\"", "between 5m and 15m"),
        ("[tokens]\naccess_ttl = \"0s\"", "between 5m and 15m"),
        ("[tokens]\naccess_ttl = \"-10m\"", "between 5m and 15m"),
        ("[sessions]\nttl = \"31d\"", "and 30d"),
        ("[sessions]\nttl = \"0s\"", "and 30d"),
        ("[sessions]\nttl = \"-1d\"", "and 30d"),
    ] {
        assert!(refusal(text).contains(said), "{text}: {}", refusal(text));
    }
    let mistyped = Place::new().env("DOORKEY_TOKENS__ACESS_TTL", "10m");
    mistyped.run(&SERVE).failed("did you mean DOORKEY_TOKENS__ACCESS_TTL");
    assert!(!mistyped.data().exists(), "nothing is made");
    let place = Place::new();
    std::fs::write(place.path("auth.toml"), "[tokens]\nacess_ttl = \"10m\"\n").unwrap();
    place.run(&SERVE).failed("did you mean tokens.access_ttl");
}

/// Arguments are seen by everyone on the machine, and messages end up in logs.
#[test]
fn cfg_02_a_secret_is_no_argument_and_in_no_message() {
    let secret = "hunter2-hunter2-hunter2";
    let place = Place::new();
    for command in [
        &["user", "add", "ann"][..],
        &["user", "password", "ann"],
        &["recover", "ann"],
        &["serve"],
        &["import"],
    ] {
        for flag in ["--password", "--secret", "--master-key", "--token", "--key"] {
            let refused = place.run(&[command, &[&format!("{flag}={secret}")]].concat());
            assert_eq!(refused.code, 2, "{command:?} {flag}");
            assert!(!refused.err.contains(secret), "{}", refused.err);
        }
    }
    for variable in ["TOKENS__ALGORITHM", "HTTP__PUBLIC_URL", "SESSIONS__TTL", "PASSWORT"] {
        let place = Place::new().env(&format!("DOORKEY_{variable}"), secret);
        let refused = place.run(&["config", "check"]);
        assert_eq!(refused.code, 1, "{variable}");
        assert!(!(refused.out + &refused.err).contains(secret), "{variable}");
    }
    place.user("ann", &[]);
    let key = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    let shown = place.run(&["config", "check"]).done();
    assert!(shown.contains("tokens.access_ttl") && !shown.contains(key.trim()), "{shown}");
}

#[test]
fn cfg_03_without_a_configuration_nothing_is_open() {
    let config = load("", Flags::default()).unwrap().config;
    assert!(config.http.listen.ip().is_loopback());
    assert!(config.http.cors_origins.is_empty() && config.http.trusted_proxies.is_empty());
    assert_eq!(config.registration, Registration::Closed);

    let place = Place::new();
    let server = place.serve(&[]);
    let form = json!({"username": "ann", "password": PASSWORD});
    let closed = server.post("/auth/register", &form).status(403);
    assert_eq!(closed.json()["code"], "registration_closed");
    let users = place.run(&["user", "list", "--json"]).json();
    assert_eq!(users["users"], json!([]));
    place.user("ann", &[]);
    let json = ["Content-Type: application/json", "X-Forwarded-For: 203.0.113.1"];
    let login = server.send("POST /auth/login", &json, &form.to_string()).status(200);
    assert_eq!(login.json()["session"]["ip"], "127.0.0.1");
    let foreign = ["Content-Type: application/json", "Origin: https://app.example"];
    let refused = server.send("POST /auth/login", &foreign, &form.to_string()).status(403);
    assert_eq!(refused.header("access-control-allow-origin"), None);
}
