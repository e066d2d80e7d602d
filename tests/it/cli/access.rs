//! `doorkey access`, and the rules in `doorkey config check`.

use super::harness::Place;
use crate::config::refusal;

const FILE: &str = r#"
[[access]]
host = "wiki.example.org"
path = "/admin/*"
roles = ["admin"]
allow = true

[[access]]
host = "wiki.example.org"
networks = ["10.0.0.0/8"]
methods = ["GET"]
public = true

[[access]]
host = "wiki.example.org"
allow = true
"#;

#[test]
fn access_check_says_which_rule_decides_and_why() {
    let place = Place::new();
    std::fs::write(place.path("auth.toml"), FILE).unwrap();
    place.user("ann", &[]);
    let check = |more: &[&str]| place.run(&[&["access", "check"], more].concat());
    let page = "https://wiki.example.org/page?x=/admin";
    let passed = check(&[page, "--user", "ann"]).done();
    assert_eq!(
        passed,
        "decision allowed\nrule     3: wiki.example.org/*: allow\n\
         why      The rule lets this account through.\naccount  ann\nroles    user\n"
    );
    let denied = check(&["https://wiki.example.org/admin", "--user", "ann"]);
    assert!(denied.out.starts_with("decision denied\nrule     1: wiki.example.org/admin/*"));
    assert_eq!(denied.code, 1);
    assert!(denied.err.contains("the request does not get through"), "{}", denied.err);
    let nobody = check(&[page]);
    assert!(nobody.out.starts_with("decision sign_in_needed\nrule     3:"), "{}", nobody.out);
    assert_eq!(nobody.code, 1);
    for (more, number) in [(&["--from", "10.1.2.3"][..], 2), (&["--user", "ann"], 3)] {
        let asked = check(&[&[page, "--json"], more].concat()).json();
        assert_eq!((&asked["passes"], &asked["rule"]["number"]), (&true.into(), &number.into()));
    }
    let none = check(&["https://other.example.org/", "--user", "ann", "--json"]);
    assert!(none.out.contains("\"rule\": null"), "{}", none.out);
    check(&[page, "--user", "nobody"]).failed("There is nothing here.");
    check(&["https://wiki.example.org/../x"]).failed("url: the path has a segment . or ..");
    check(&[page, "--method", "get"]).failed("method: the method is not 1 to 32 capital letters");
}

#[test]
fn a_running_server_is_asked_and_shows_its_rules() {
    let place = Place::new();
    std::fs::write(place.path("auth.toml"), FILE).unwrap();
    place.user("ann", &[]);
    let _server = place.serve(&[]);
    place.run(&["access", "check", "https://wiki.example.org/", "--user", "ann"]).done();
    let shown = place.run(&["config", "check"]).done();
    let rules = "wiki.example.org/admin/*: allow admin; \
                 wiki.example.org/* GET from 10.0.0.0/8: public; wiki.example.org/*: allow";
    assert!(shown.contains(rules), "{shown}");
}

#[test]
fn an_app_that_no_cookie_reaches_is_pointed_out() {
    let place = Place::new();
    let text = format!(
        "http.public_url = \"https://login.example.org\"\nhttp.trusted_proxies = [\"127.0.0.1\"]\n\
         forward.domain = \"example.org\"\n{FILE}\n\
         [[access]]\nhost = \"wiki.example.net\"\nallow = true\n"
    );
    std::fs::write(place.path("auth.toml"), text).unwrap();
    let checked = place.run(&["config", "check"]);
    let note =
        "access: rule 4 (wiki.example.net/*: allow) is about a host outside of forward.domain";
    assert!(checked.err.contains(note), "{}", checked.err);
    let json = place.run(&["config", "check", "--json"]).json();
    assert_eq!(json["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn rules_that_no_proxy_may_ask_for_are_pointed_out() {
    let place = Place::new();
    std::fs::write(place.path("auth.toml"), FILE).unwrap();
    let checked = place.run(&["config", "check"]);
    let note = "access: no rule ever decides, because http.trusted_proxies names no proxy";
    assert!(checked.err.contains(note), "{}", checked.err);
}

/// CFG-01
#[test]
fn a_rule_that_is_wrong_or_never_decides_is_told_with_its_line() {
    let rule = |lines: &str| format!("[[access]]\nhost = \"a.org\"\n{lines}\nallow = true\n");
    for (text, said) in [
        (rule("path = \"a\""), "auth.toml:3:8: access: must be a path such as"),
        (rule("path = \"/a/../b\""), "auth.toml:3:8: access: must be a path such as"),
        (rule("methods = [\"GET\", \"get\"]"), "auth.toml:3:19: access: must be a list"),
        (rule("networks = [\"10.0.0.1/8\"]"), "auth.toml:3:13: access: must be a list"),
        (rule("roles = [\"cook\"]"), "auth.toml:1:1: access: rule 1 names the role cook, which"),
        (rule("deny = true"), "auth.toml:1:1: access: must be a list of at most 256 tables"),
        (rule("public = 1"), "auth.toml:3:10: access: must be true, or left out"),
        (rule("hosts = 1"), "auth.toml:3:1: access.0.hosts: is not a known key"),
        (
            rule("") + &rule("path = \"/x\""),
            "auth.toml:5:1: access: rule 2 can never decide, because \
            rule 1 before it (a.org/*: allow) takes all that it fits",
        ),
        ("[[access]]\nhost = \"A.org\"\ndeny = true\n".to_owned(), "auth.toml:2:8: access: must"),
        (
            "http.public_url = \"https://a.org\"\nforward.domain = \"example.org\"".to_owned(),
            "auth.toml:2:18: forward.domain: the host of http.public_url must be",
        ),
        (
            "forward.domain = \"localhost\"".to_owned(),
            "auth.toml:1:18: forward.domain: the host of http.public_url must be",
        ),
        (
            "forward.id = \"X-A\"\nforward.email = \"x-a\"".to_owned(),
            "auth.toml:1:14: forward.id: forward.user, forward.id,",
        ),
    ] {
        let found = refusal(&text);
        assert!(found.starts_with(said), "{text}\n{found}");
    }
}
