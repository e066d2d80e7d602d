//! `doorkey export` and `doorkey import`: accounts move with their passwords.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::harness::{PASSWORD, Place};

/// Made by Python's bcrypt, of the password `correct horse`.
const BCRYPT: &str = "$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O";

fn usernames(place: &Place) -> Vec<String> {
    let users = place.run(&["user", "list", "--json"]).json();
    let name = |user: &Value| user["username"].as_str().unwrap().to_owned();
    users["users"].as_array().unwrap().iter().map(name).collect()
}

fn lines(users: &[Value]) -> String {
    users.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn users_move_to_another_folder_with_ids_roles_and_passwords() {
    let (old, new) = (Place::new(), Place::new());
    old.user("root", &["admin"]);
    old.user("ann", &["editor", "user"]);
    old.run(&["user", "disable", "ann"]).done();
    let file = old.path("users.jsonl").to_str().unwrap().to_owned();
    assert_eq!(old.run(&["export", &file]).done(), "");
    assert_eq!(new.run(&["import", &file]).done(), "");
    let shown = |place: &Place| place.run(&["user", "list", "--json"]).json();
    assert_eq!(shown(&old), shown(&new));
    let server = new.serve(&[]);
    let token = server.login("root", PASSWORD).status(200).token();
    server.get_as(&token, "/admin/users").status(200);
    server.login("ann", PASSWORD).status(401);
    new.run(&["user", "disable", "root"]).failed("last administrator");
}

#[test]
fn a_running_server_exports_and_imports_alike() {
    let (old, new) = (Place::new(), Place::new());
    let (from, to) = (old.serve(&[]), new.serve(&[]));
    for n in 0..45 {
        old.run_with(&["import", "-"], &lines(&[json!({"username": format!("user{n}")})])).done();
    }
    old.run_with(&["import", "-"], &lines(&[json!({"username": "ann", "password_hash": BCRYPT})]))
        .done();
    let exported = old.run(&["export"]).done();
    assert_eq!(exported.lines().count(), 46);
    new.run_with(&["import", "-"], &exported).done();
    assert_eq!(new.run(&["export"]).done(), exported);
    to.login("ann", "correct horse").status(200);
    from.login("ann", "correct horse").status(200);
    to.login("user1", "").status(401);
}

#[test]
fn the_first_login_replaces_a_foreign_hash() {
    let place = Place::new();
    let user = json!({"username": "ann", "password_hash": BCRYPT, "roles": ["admin"]});
    place.run_with(&["import", "-"], &lines(&[user])).done();
    assert!(place.run(&["export"]).done().contains(BCRYPT));
    let server = place.serve(&[]);
    server.login("ann", "correct horsf").status(401);
    server.login("ann", "correct horse").status(200);
    let after = place.run(&["export"]).done();
    assert!(after.contains("$argon2id$") && !after.contains("$2b$"), "{after}");
    server.login("ann", "correct horse").status(200);
}

#[test]
fn one_refused_line_stops_all_and_every_one_is_named() {
    let place = Place::new();
    place.user("ann", &[]);
    let file = [
        r#"{"username":"bob"}"#,
        "",
        r#"{"username":"Bob"}"#,
        r#"{"username":"cid","nickname":"x"}"#,
        r#"{"username":"-x","email":"nobody","password_hash":"$1$x$y"}"#,
        "not json",
        r#"{"username":"ANN"}"#,
        r#"{"username":"dan","roles":["king"]}"#,
        r#"{"username":"eve","password_hash":"$2b$20$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O"}"#,
        r#"{"username":"fay"}"#,
    ]
    .join("\n");
    let expected = [
        (3, "username"),
        (4, "nickname"),
        (5, "email"),
        (5, "password_hash"),
        (5, "username"),
        (6, "line"),
        (7, "username"),
        (8, "roles"),
        (9, "password_hash"),
    ];
    for args in [&["import", "-", "--json"][..], &["import", "-", "--json", "--dry-run"]] {
        let done = place.run_with(args, &file);
        assert_eq!(done.code, 1, "{}", done.err);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        let refused = report["refused"].as_array().unwrap();
        let mut named: Vec<_> = refused
            .iter()
            .map(|r| (r["line"].as_u64().unwrap(), r["field"].as_str().unwrap()))
            .collect();
        named.sort_unstable();
        assert_eq!(named, expected);
        let counts = ["lines", "good", "imported", "refused_lines"].map(|m| &report[m]);
        assert_eq!(counts, [9, 2, 0, 7]);
    }
    assert_eq!(usernames(&place), ["ann"]);
    let done = place.run_with(&["import", "-"], &file);
    assert!(done.err.contains("7 of 9 lines are refused; nothing was imported"), "{}", done.err);
    assert!(done.out.contains("must be among admin, "), "{}", done.out);
    let skipping = place.run_with(&["import", "-", "--skip-refused"], &file);
    assert!(skipping.err.contains("2 of 9 lines were imported"), "{}", skipping.err);
    assert_eq!(
        (skipping.code, usernames(&place)),
        (0, ["ann", "bob", "fay"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::new();
    place.user("ann", &[]);
    let before = place.run(&["export"]).done();
    let done = place.run_with(&["import", "-", "--dry-run"], &lines(&[json!({"username": "bob"})]));
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    assert!(done.err.contains("1 of 1 lines would be imported"), "{}", done.err);
    assert_eq!(place.run(&["export"]).done(), before);
}

/// AZ-09, SES-11, SES-15: the store stays sound and the past dead through every way of going on.
#[test]
fn an_account_that_was_deleted_and_imported_outlives_restarts_and_restores() {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    place.user("ann", &["admin"]);
    place.user("root", &["admin"]);
    place.run(&["user", "disable", "ann"]).done();
    place.run(&["user", "enable", "ann"]).done();
    let mut server = place.serve(&[]);
    let login = server.login("ann", PASSWORD).status(200);
    let said = place.run(&["recover", "ann", "--link"]).done();
    let token = said.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let exported = place.run(&["export"]).done();
    let line = exported.lines().find(|line| line.contains("\"ann\"")).unwrap();
    place.run(&["user", "delete", "ann", "--yes"]).done();
    place.run_with(&["import", "-"], line).done();
    let past_is_dead = |server: &super::harness::Server| {
        server.get_as(&login.token(), "/auth/me").status(401);
        server.post_with_cookie(&login.cookie(), "/auth/refresh").status(401);
        let form = json!({"token": token, "new_password": "another long passphrase"});
        server.post("/auth/password-reset", &form).status(401);
        server.login("ann", PASSWORD).status(200);
    };
    past_is_dead(&server);
    server.signal(rustix::process::Signal::TERM);
    place.run(&["store", "verify"]).done();
    let mut server = place.serve(&[]);
    past_is_dead(&server);
    server.signal(rustix::process::Signal::TERM);
    place.run(&["backup", "file"]).done();
    place.run(&["restore", "file", "--replace"]).done();
    past_is_dead(&place.serve(&[]));
    place.run(&["store", "verify"]).done();
}

#[test]
fn an_export_is_its_owners_alone_and_takes_the_place_of_nothing() {
    let place = Place::new();
    place.user("ann", &[]);
    let path = place.path("users.jsonl");
    let file = path.to_str().unwrap();
    place.run(&["export", file]).done();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    place.user("bob", &[]);
    place.run(&["export", file]).failed("is there already");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    place.run(&["export", file, "--force"]).done();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    let left = super::harness::names(path.parent().unwrap());
    assert!(left.iter().all(|name| !name.starts_with(".users")), "{left:?}");
    place.run(&["import", "nothing-there"]).failed("could not open the file");
}

#[test]
fn what_is_no_place_for_a_file_is_said() {
    let place = Place::new();
    place.run(&["export"]).failed("there is no store in");
    place.user("ann", &[]);
    place.run(&["export", "no/such/folder/users.jsonl"]).failed("could not make the file");
}
