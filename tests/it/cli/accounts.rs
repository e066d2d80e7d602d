//! `doorkey user`, with and without a running server.

use serde_json::{Value, json};

use super::harness::{PASSWORD, Place, Server};

/// Runs a test on a store that no server has open, then on one of a running server. What must
/// be looked at through a server gets one.
fn both_ways(test: impl Fn(&Place)) {
    test(&Place::new());
    let place = Place::new();
    let _server = place.serve(&[]);
    test(&place);
}

fn shown(place: &Place, name: &str) -> Value {
    place.run(&["user", "show", name, "--json"]).json()
}

/// The token of a printed link.
fn token_of(link: &str) -> &str {
    link.trim_end().split_once("/set-password?token=").unwrap().1
}

fn set_password(server: &Server, link: &str, password: &str) {
    let form = json!({"token": token_of(link), "new_password": password});
    server.post("/auth/password-reset", &form).status(204);
}

#[test]
fn an_account_is_made_listed_changed_and_deleted() {
    both_ways(|place| {
        place.user("root", &["admin"]);
        let email = ["user", "add", "Ann", "--email", "Ann@Example.org", "--password-stdin"];
        let made = place.run_with(&email, PASSWORD);
        assert!(made.err.starts_with("data folder: /"), "{}", made.err);
        assert_eq!(made.done(), "", "quiet on success");
        for name in ["ann", "ANN", "ann@example.org"] {
            assert_eq!(shown(place, name)["username"], "ann");
        }
        assert_eq!(shown(place, "ann")["roles"], json!(["user"]));
        place.run(&["user", "roles", "ann", "editor", "user"]).done();
        place.run(&["user", "disable", "ann"]).done();
        let ann = shown(place, "ann");
        assert_eq!((&ann["roles"], &ann["disabled"]), (&json!(["editor", "user"]), &json!(true)));
        let list = place.run(&["user", "list"]).done();
        assert!(list.lines().count() == 3 && list.contains("disabled"), "{list}");
        place.run(&["user", "enable", "ann"]).done();
        place.run(&["user", "delete", "ann"]).failed("say --yes");
        place.run(&["user", "delete", "ann", "--yes"]).done();
        place.run(&["user", "show", "ann"]).failed("there is no account ann in /");
        let left = place.run(&["user", "list", "--json"]).json();
        assert_eq!(left["users"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_refusal_is_a_sentence_with_the_field() {
    both_ways(|place| {
        place.user("ann", &["admin"]);
        let add = |args: &[&str], password: &str| {
            let args: Vec<&str> = ["user", "add"].into_iter().chain(args.iter().copied()).collect();
            place.run_with(&args, password)
        };
        add(&["ann", "--password-stdin"], PASSWORD).failed("The username is taken.");
        add(&["a b", "--password-stdin"], PASSWORD).failed("username: may hold only");
        add(&["bob", "--password-stdin"], "short").failed("password: must have at least");
        add(&["bob", "--password-stdin"], "\n").failed("no password on standard input");
        add(&["bob", "--password-stdin"], &"long ".repeat(300))
            .failed("password: must have at most");
        add(&["bob", "--invite", "--role", "chef"], "").failed("roles: must be among");
        place.run(&["user", "disable", "ann"]).failed("This is the last administrator.");
        place.run(&["user", "delete", "ann", "--yes"]).failed("This is the last administrator.");
        place.run(&["user", "show", "an"]).failed("there is no account an in");
        place.run(&["user", "show", ""]).failed("there is no account");
        place.run(&["user", "show", "%&=+#é"]).failed("there is no account");
    });
}

/// PW-02: nothing is cut off or trimmed but the one newline.
#[test]
fn the_password_is_the_whole_line() {
    let place = Place::new();
    let spaced = "  a quiet place by the sea \t";
    place.run_with(&["user", "add", "ann", "--password-stdin"], &format!("{spaced}\nmore")).done();
    let server = place.serve(&[]);
    server.login("ann", spaced).status(200);
    server.login("ann", spaced.trim()).status(401);
}

#[test]
fn an_invite_and_a_reset_are_links_that_work_once() {
    let place = Place::new();
    let server = place.serve(&[]);
    let invite = place.run(&["user", "add", "ann", "--invite"]).done();
    assert!(invite.starts_with(&server.url("/set-password?token=")), "{invite}");
    server.login("ann", PASSWORD).status(401);
    set_password(&server, &invite, PASSWORD);
    let form = json!({"token": token_of(&invite), "new_password": PASSWORD});
    server.post("/auth/password-reset", &form).status(401);
    server.login("ann", PASSWORD).status(200);
    let reset = place.run(&["user", "password", "ann", "--link"]).done();
    set_password(&server, &reset, "another quiet place");
    server.login("ann", "another quiet place").status(200);
}

#[test]
fn a_password_set_in_the_shell_ends_sessions_and_the_old_password() {
    let place = Place::new();
    let server = place.serve(&[]);
    place.user("ann", &[]);
    let cookie = server.login("ann", PASSWORD).status(200).cookie();
    let set = ["user", "password", "ann", "--password-stdin"];
    assert_eq!(place.run_with(&set, "another quiet place\n").done(), "");
    server.post_with_cookie(&cookie, "/auth/refresh").status(401);
    server.login("ann", PASSWORD).status(401);
    server.login("ann", "another quiet place").status(200);
    place.run(&["user", "disable", "ann"]).done();
    place.run_with(&set, PASSWORD).failed("is disabled: enable it first");
}

#[test]
fn a_list_goes_on_past_the_first_page() {
    let place = Place::new();
    let _server = place.serve(&[]);
    for n in 0..103 {
        place.run(&["user", "add", &format!("user-{n:03}"), "--invite"]).done();
    }
    let count = |args: &[&str]| place.run(args).json()["users"].as_array().unwrap().len();
    assert_eq!(count(&["user", "list", "--json"]), 103);
    assert_eq!(count(&["user", "list", "--query", "user-10", "--json"]), 3);
}
