//! Help, wrong usage, and what is printed where.

use super::harness::Place;

const COMMANDS: [&str; 48] = [
    "",
    "serve",
    "user",
    "user add",
    "user list",
    "user show",
    "user roles",
    "user password",
    "user disable",
    "user enable",
    "user delete",
    "session",
    "session list",
    "session revoke",
    "key",
    "key list",
    "key rotate",
    "key pem",
    "access",
    "access check",
    "service",
    "service new",
    "service add",
    "service list",
    "service remove",
    "audit",
    "audit list",
    "audit export",
    "audit verify",
    "explain",
    "token",
    "token inspect",
    "config",
    "clock",
    "clock show",
    "clock accept",
    "config check",
    "recover",
    "export",
    "import",
    "store",
    "store verify",
    "store history",
    "backup",
    "backup verify",
    "restore",
    "healthcheck",
    "version",
];

#[test]
fn every_command_has_help() {
    let place = Place::new();
    for command in COMMANDS {
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = place.run(&args).done();
        assert!(help.contains("Usage: doorkey") && help.contains("--data <DIR>"), "{help}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_touches_nothing() {
    let place = Place::new();
    for wrong in [
        "",
        "nonsense",
        "user",
        "user add ann",
        "user add ann --password-stdin --invite",
        "user add ann --password secret",
        "user roles ann",
        "user password ann",
        "session revoke ann",
        "session revoke ann a/b",
        "session revoke ann a --all",
        "service",
        "service new",
        "service add a b",
        "service remove a/b",
        "recover ann",
        "import",
        "import a b",
        "import a --dry-run --skip-refused",
        "export a b",
        "export --json",
        "clock",
        "clock set",
        "clock accept now",
        "backup",
        "backup a b",
        "backup verify",
        "store",
        "store repair",
        "store verify a",
        "restore",
        "restore a b",
        "restore a --at 2026-01-31T12:00:00Z",
        "restore --at yesterday",
        "restore --replace",
        "audit",
        "audit list --since yesterday",
        "audit list --limit -1",
        "audit export a b",
        "audit verify a",
        "audit verify --expect 1",
        "explain",
        "explain a/b",
        "token",
        "token inspect eyJ",
        "serve --listen nonsense",
    ] {
        let args: Vec<&str> = wrong.split_whitespace().collect();
        let done = place.run(&args);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{wrong}: {}", done.err);
        assert!(done.err.contains("--help"), "{wrong}: {}", done.err);
    }
    assert!(!place.data().exists());
}

#[test]
fn a_new_account_needs_a_password_or_an_invite_and_the_error_says_so() {
    let done = Place::new().run(&["user", "add", "ann"]);
    assert!(done.err.contains("--password-stdin|--invite"), "{}", done.err);
}

#[test]
fn the_version_is_one_line() {
    let version = concat!("doorkey ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(Place::new().run(&["version"]).done(), version);
    assert_eq!(Place::new().run(&["--version"]).done(), version);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for command in [["config", "check"], ["serve", "--help"]] {
        let done = Place::new().run_unread(&command);
        assert!(done.code == 0 && !done.err.contains("panicked"), "{}", done.err);
    }
}

#[test]
fn a_command_that_asks_makes_no_store() {
    let place = Place::new();
    for command in [
        ["user", "list"].as_slice(),
        &["user", "disable", "ann"],
        &["session", "list"],
        &["key", "list"],
        &["key", "rotate"],
        &["service", "add", "wiki"],
        &["service", "list"],
        &["service", "remove", "wiki"],
        &["audit", "list"],
        &["audit", "export"],
        &["audit", "verify"],
        &["explain", "a"],
        &["recover", "ann", "--link"],
        &["clock", "show"],
        &["clock", "accept"],
        &["export"],
        &["backup", "file"],
        &["store", "verify"],
        &["store", "history"],
        &["restore", "--at", "2026-01-31T12:00:00Z"],
    ] {
        place.run(command).failed("there is no store in");
        assert!(!place.data().exists(), "{command:?}");
    }
}

#[test]
fn a_setting_that_is_wrong_is_named_with_its_place() {
    let place = Place::new();
    std::fs::write(place.path("auth.toml"), "[tokens]\naccess_ttl = \"1s\"\n").unwrap();
    for command in [["config", "check"], ["user", "list"]] {
        place.run(&command).failed("auth.toml:2:14: tokens.access_ttl: must be between");
    }
    let other = place.path("other.toml");
    std::fs::write(&other, "\nlisten = 1\n").unwrap();
    place.run(&["serve", "--config", other.to_str().unwrap()]).failed("other.toml:2:1");
    let place = Place::new().env("DOORKEY_LISTEN", "127.0.0.1:1");
    place.run(&["config", "check"]).failed("did you mean DOORKEY_HTTP__LISTEN?");
    assert!(!place.data().exists());
}

#[test]
fn config_check_says_what_is_in_force_and_where_it_comes_from() {
    let place = Place::new().env("DOORKEY_SESSIONS__TTL", "8h");
    std::fs::write(place.path("auth.toml"), "roles = [\"admin\", \"user\", \"cook\"]\n").unwrap();
    let checked = place.run(&["config", "check", "--json", "--data", "elsewhere"]).json();
    let setting = |key: &str| {
        let settings = checked["settings"].as_array().unwrap().clone();
        settings.into_iter().find(|setting| setting["key"] == key).unwrap()
    };
    assert_eq!(setting("sessions.ttl")["value"], "8h");
    assert_eq!(setting("sessions.ttl")["source"], "DOORKEY_SESSIONS__TTL");
    assert_eq!(setting("roles")["value"], "admin,cook,user");
    assert_eq!(setting("store.cache")["source"], "default");
    assert_eq!(checked["file"], "auth.toml");
    assert_eq!(checked["data"], place.path("elsewhere").to_str().unwrap());
    assert!(place.run(&["config", "check"]).done().starts_with("KEY "));
}
