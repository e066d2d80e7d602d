//! What was acknowledged holds when the process is killed right after.

use serde_json::json;

use super::harness::{PASSWORD, Place};

/// STO-03.
#[test]
fn a_logout_a_registration_and_a_new_password_outlive_kill_9() {
    // The issuer of tokens must not change with the port.
    let place = Place::open().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    for round in 0..4 {
        let name = format!("ann-{round}");
        let server = place.serve(&[]);
        server.register(&name);
        server.kill();

        let server = place.serve(&[]);
        let kept = server.login(&name, PASSWORD).status(200);
        let ended = server.login(&name, PASSWORD).status(200);
        server.post_with_cookie(&ended.cookie(), "/auth/logout").status(204);
        server.kill();

        let server = place.serve(&[]);
        server.post_with_cookie(&ended.cookie(), "/auth/refresh").status(401);
        server.get_as(&ended.token(), "/auth/me").status(401);
        server.get_as(&kept.token(), "/auth/me").status(200);
        server.post_with_cookie(&kept.cookie(), "/auth/refresh").status(200);
        let change = json!({"current_password": PASSWORD, "new_password": "another quiet place"});
        let changed = server.post_as(&kept.token(), "/auth/password", &change).status(200);
        server.kill();

        let server = place.serve(&[]);
        server.login(&name, PASSWORD).status(401);
        server.login(&name, "another quiet place").status(200);
        server.post_with_cookie(&kept.cookie(), "/auth/refresh").status(401);
        server.post_with_cookie(&changed.cookie(), "/auth/refresh").status(200);
        server.kill();
    }
}

/// The log tells an unclean stop from a clean one, what was done about it and what came of it.
#[test]
fn after_an_unclean_stop_the_log_says_what_was_done() {
    let place = Place::new();
    place.user("ann", &[]);
    place.serve(&[]).signal(rustix::process::Signal::TERM);
    place.serve(&[]).kill();
    assert!(!place.log().contains("not clean"), "{}", place.log());
    place.serve(&[]).login("ann", PASSWORD).status(200);
    let log = place.log();
    let said = [
        "the last stop was not clean: making the index again",
        "the index is made",
        "the store was checked and is sound",
    ];
    assert_eq!(said.map(|line| log.matches(line).count()), [1; 3], "{log}");
}

#[test]
fn what_a_command_did_outlives_the_kill_of_the_server_it_went_through() {
    let place = Place::new();
    for round in 0..3 {
        let server = place.serve(&[]);
        let name = format!("ann-{round}");
        place.user(&name, &[]);
        server.kill();
        assert_eq!(place.run(&["user", "show", &name, "--json"]).json()["username"], name);
    }
}
