//! Which passwords are taken, and that each is itself only.

use std::time::Duration;

use doorkey::crypto::PasswordPolicy;
use serde_json::{Value, json};

use crate::config::refusal;
use crate::harness::{Answer, PASSWORD, Setup, TestServer};

async fn register(server: &TestServer, username: &str, password: &str) -> Answer {
    let form = json!({"username": username, "password": password});
    server.anonymous().post("/auth/register").json(&form).send().await
}

/// Registers with `password`; neither of the others may log in.
async fn alone(password: &str, others: &[&str]) {
    let server = TestServer::start().await;
    register(&server, "ann", password).await.status(201);
    server.anonymous().login("ann", password).await.status(200);
    for other in others {
        let answer = server.anonymous().login("ann", other).await;
        assert!(matches!(answer.status, 401 | 422), "{other:?} logs in");
        assert_eq!(answer.cookie("__Host-refresh"), None);
    }
}

/// Code points and not bytes; 15 with `passwords.profile = "nist"`.
#[tokio::test]
async fn pw_01_a_password_has_at_least_8_characters_or_15_and_never_less_is_configured() {
    for (min_chars, short, enough) in [
        (
            8,
            ["seven77", "\u{1f511}\u{1f6aa}\u{e9}4567"],
            ["eight888", "\u{1f511}\u{1f6aa}\u{e9}45678"],
        ),
        (
            15,
            ["fourteen chars", "\u{1f511} thirteen 123"],
            ["fifteen chars !", "\u{1f511} fourteen 1234"],
        ),
        (3, ["seven77", "abc"], ["eight888", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"]),
    ] {
        let mut setup = Setup::default();
        setup.auth.policy = PasswordPolicy { min_chars };
        let server = setup.start().await;
        let least = min_chars.max(8);
        for password in short {
            let answer = register(&server, "ann", password).await.status(422);
            let said = format!("must have at least {least} characters");
            assert!(answer.text().contains(&said), "{password}: {}", answer.text());
        }
        for (name, password) in ["ann", "bob"].into_iter().zip(enough) {
            register(&server, name, password).await.status(201);
        }
    }
    for below in ["profile = \"weak\"", "profile = 7", "min_length = 6"] {
        let said = refusal(&format!("[passwords]\n{below}\n"));
        assert!(said.starts_with("auth.toml:2:"), "{said}");
    }
}

#[tokio::test]
async fn pw_02_no_password_is_cut_short() {
    let long: String = ('a'..='z').cycle().take(256).collect();
    let other_end = format!("{}!", &long[..255]);
    alone(&long, &[&long[..72], &long[..255], &long[..128], &other_end]).await;
    let at_72 = format!("{}x", "k9#".repeat(24));
    alone(&at_72, &[&at_72[..72], &format!("{at_72}x"), &format!("{}y", &at_72[..72])]).await;
    alone("tricky\0ending words", &["tricky", "tricky\0", "tricky\0ending", "trickyending words"])
        .await;
    alone("plain old words here", &["plain old words here\0", "plain old words here\0\0x"]).await;
}

#[tokio::test]
async fn pw_02_a_password_over_the_limit_is_refused_and_not_cut() {
    let server = TestServer::start().await;
    for password in ["y1".repeat(128) + "z", "\u{1f36a}".repeat(257)] {
        let answer = register(&server, "ann", &password).await.status(422);
        let body: Value = answer.problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "password");
    }
    for (name, password) in
        [("ann", "\u{1f36a}\u{e4}".repeat(32)), ("bob", "\u{1f36a}".repeat(256))]
    {
        register(&server, name, &password).await.status(201);
        server.anonymous().login(name, &password).await.status(200);
    }
}

#[tokio::test]
async fn pw_03_no_kind_of_character_is_asked_for() {
    let server = TestServer::start().await;
    for (n, password) in [
        "onlylowercaseletters",
        "ONLYUPPERCASELETTERS",
        "730918264503",
        "an ordinary sentence of words",
        "\u{1f511}\u{1f6aa}\u{1f511}\u{1f6aa}\u{1f36a}\u{1f36a}\u{1f40b}\u{1f40b}",
        "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c} \u{5bc6}\u{78bc}",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("ann{n}");
        register(&server, &name, password).await.status(201);
        server.anonymous().login(&name, password).await.status(200);
    }
}

/// Also PW-04.
#[tokio::test]
async fn pw_03_spaces_and_case_of_a_password_count() {
    alone(
        "  two spaces around  ",
        &["two spaces around", "  two spaces around", " two spaces around ", "twospacesaround"],
    )
    .await;
    alone("Mixed Case Words", &["mixed case words", "MIXED CASE WORDS"]).await;
    alone("number \u{2460} in a ring", &["number 1 in a ring"]).await;
}

#[tokio::test]
async fn pw_04_a_letter_typed_as_one_or_as_two_characters_is_the_same_password() {
    let (composed, decomposed) = ("caf\u{e9} on the corner", "cafe\u{301} on the corner");
    for (set, other) in [(composed, decomposed), (decomposed, composed)] {
        let server = TestServer::start().await;
        register(&server, "ann", set).await.status(201);
        server.anonymous().login("ann", set).await.status(200);
        server.anonymous().login("ann", other).await.status(200);
        server.anonymous().login("ann", "cafe on the corner").await.status(401);
    }
}

#[tokio::test]
async fn pw_05_a_password_that_is_guessed_first_is_refused_with_the_reason() {
    let server = TestServer::start().await;
    let bob = server.user("annabella").await;
    let root = server.admin().await;
    let one = root.post("/admin/users");
    for (password, reason) in [
        ("short7!", "at least 8 characters"),
        ("password", "most common"),
        ("PassWord123", "most common"),
        ("iloveyou!!", "most common"),
        ("annabella", "name"),
        ("AnnaBella2026", "name"),
        ("doorkey123", "name"),
    ] {
        // The name is taken, which must not be found out with a bad password either.
        let answer = register(&server, "annabella", password).await;
        let body: Value = answer.status(422).problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "password");
        assert!(body["errors"][0]["message"].as_str().unwrap().contains(reason), "{body}");
        let change = json!({"current_password": PASSWORD, "new_password": password});
        let answer = bob.post("/auth/password").json(&change).send().await.status(422);
        let body: Value = answer.problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "new_password");
        assert!(body["errors"][0]["message"].as_str().unwrap().contains(reason), "{body}");
    }
    let local = json!({"username": "zed", "password": "carpathian1", "email": "carpathian@x.org"});
    let answer = server.anonymous().post("/auth/register").json(&local).send().await.status(422);
    assert!(answer.text().contains("name"), "{}", answer.text());
    let answer = one.json(&local).send().await.status(422);
    assert!(answer.text().contains("name"), "{}", answer.text());
    server.anonymous().login("annabella", PASSWORD).await.status(200);
}

#[tokio::test]
async fn pw_13_a_password_is_changed_by_who_knows_it() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let new = "another good long one";
    for wrong in ["wrong password", "", new, &PASSWORD[1..], &PASSWORD.to_uppercase()] {
        let form = json!({"current_password": wrong, "new_password": new});
        let answer = ann.post("/auth/password").json(&form).send().await;
        assert_eq!(answer.cookie("__Host-refresh"), None);
        answer.status(401).problem("invalid_credentials");
    }
    let form = json!({"new_password": new});
    ann.post("/auth/password").json(&form).send().await.status(422);
    server.anonymous().login("ann", PASSWORD).await.status(200);
    server.anonymous().login("ann", new).await.status(401);

    let form = json!({"current_password": PASSWORD, "new_password": new});
    ann.post("/auth/password").json(&form).send().await.status(200);
    server.anonymous().login("ann", PASSWORD).await.status(401);
    server.anonymous().login("ann", new).await.status(200);
}

#[tokio::test]
async fn pw_13_a_password_does_not_grow_old() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    server.advance(Duration::from_hours(20 * 365 * 24));
    server.anonymous().login("ann", PASSWORD).await.status(200);
}
