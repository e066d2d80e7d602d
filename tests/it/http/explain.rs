//! Denied, and why: the client learns what the contract says, an administrator the exact rule.
//! Here: the way to a route, tokens and roles.

use std::time::Duration;

use serde_json::{Value, json};
use warp::http::Method;

use crate::auth::{OTHER_PASSWORD, anonymous_text, change_password, patch};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};
use crate::security::forge::Forge;

/// What an administrator learns of a refused request: the one refusal of its id.
pub(super) async fn why(root: &Browser<'_>, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").unwrap();
    let known: Value = root.get(&format!("/admin/events/{id}")).send().await.status(200).json();
    let refusals = known["refusals"].as_array().unwrap();
    assert_eq!(refusals.len(), 1, "{known}");
    assert_eq!(refusals[0]["request_id"], id);
    assert_eq!(refusals[0]["status"], answer.status);
    refusals[0].clone()
}

/// Each was refused by its rule, and none of the answers differs from the others.
pub(super) async fn alike(root: &Browser<'_>, refused: &[(&str, Answer)]) {
    for (rule, answer) in refused {
        let why = why(root, answer).await;
        assert_eq!(why["rule"], *rule, "{why}");
        assert!(why["why"].as_str().unwrap().ends_with('.'), "{why}");
        let (one, other) = (anonymous_text(answer), anonymous_text(&refused[0].1));
        assert_eq!(one, other, "{rule} and {} look different", refused[0].0);
        assert!(!answer.text().contains(rule), "{rule} is told");
    }
}

#[tokio::test]
async fn each_way_in_which_a_token_is_no_good_has_its_rule_and_one_answer() {
    let server = TestServer::start().await;
    let early = server.user("early").await.token.unwrap();
    server.advance(Duration::from_mins(10));
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let forge = Forge::of(&ann).await;
    let (left, off, gone) =
        (server.user("left").await, server.user("off").await, server.user("gone").await);
    let (renewed, bob) = (server.user("renewed").await, server.user("bob").await);
    left.post("/auth/logout").send().await.status(204);
    patch(&root, &off.user_id, &json!({"disabled": true})).await.status(200);
    root.delete(&format!("/admin/users/{}", gone.user_id)).send().await.status(204);
    change_password(&renewed, PASSWORD, OTHER_PASSWORD).await.status(200);
    let (message, _) = ann.token.as_ref().unwrap().rsplit_once('.').unwrap();
    let (_, foreign) = bob.token.as_ref().unwrap().rsplit_once('.').unwrap();
    let now = 1_800_000_600_u64;
    let claim = |name: &str, value: Value| forge.with_claim(name, Some(value));
    let header = |name: &str, value: &str| forge.with_header(name, Some(json!(value)));
    let tokens = [
        ("token_too_long", "a".repeat(8_200)),
        ("token_form", "abc".to_owned()),
        ("token_header", header("jku", "https://evil.example")),
        ("token_type", header("typ", "JWT")),
        ("token_key", header("kid", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")),
        ("token_algorithm", header("alg", "HS256")),
        ("token_signature", format!("{message}.{foreign}")),
        ("token_encoding", format!("{message}.A")),
        ("token_claims", claim("scope", json!("all"))),
        ("token_issuer", claim("iss", json!("https://other.example"))),
        ("token_audience", claim("aud", json!("https://other.example"))),
        ("token_client", claim("client_id", json!("other"))),
        ("token_life", claim("exp", json!(now + 5_000))),
        ("token_early", claim("nbf", json!(now + 60))),
        ("token_expired", early),
        ("token_session_unknown", claim("sid", json!("q1w2e3r4t5y6u7i8o9p0aA"))),
        ("token_session_revoked", left.token.unwrap()),
        ("token_user_unknown", claim("sub", json!("q1w2e3r4t5y6u7i8o9p0aA"))),
        ("token_user_other", claim("sub", json!(bob.user_id))),
        ("token_user_disabled", off.token.unwrap()),
        ("token_epoch_old", claim("ver", json!(0))),
        ("token_epoch_old", renewed.token.unwrap()),
        // An account that is deleted takes its sessions along.
        ("token_session_unknown", gone.token.unwrap()),
    ];
    let mut refused = Vec::new();
    for (rule, token) in tokens {
        refused.push((rule, server.anonymous().with_token(&token).get("/auth/me").send().await));
    }
    alike(&root, &refused).await;
}

/// No token outlives its session; one that a bug in the server would issue is refused all the same.
#[tokio::test]
async fn a_token_that_is_good_beyond_its_session_is_refused_with_it() {
    let server = TestServer::start().await;
    let mut forge = Forge::of(&server.user("ann").await).await;
    server.advance(Duration::from_hours(12));
    let now = 1_800_000_000_u64 + 12 * 3_600;
    (forge.claims["iat"], forge.claims["exp"]) = (json!(now), json!(now + 600));
    let token = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
    let answer = server.anonymous().with_token(&token).get("/auth/me").send().await;
    answer.status(401).problem("invalid_token").rule("token_session_expired");
}

#[tokio::test]
async fn a_token_that_is_proven_names_its_account_and_session_and_no_other_does() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let forge = Forge::of(&ann).await;
    ann.post("/auth/logout").send().await.status(204);
    let ended = why(&root, &ann.get("/auth/me").send().await.status(401)).await;
    assert_eq!(ended["rule"], "token_session_revoked");
    assert_eq!((&ended["user"], &ended["session"]), (&forge.claims["sub"], &forge.claims["sid"]));
    let forged = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
    let (message, _) = forged.rsplit_once('.').unwrap();
    let caller = server.anonymous().with_token(&format!("{message}.AAAA"));
    let unproven = why(&root, &caller.get("/auth/me").send().await.status(401)).await;
    assert_eq!(unproven["rule"], "token_signature");
    assert_eq!((&unproven["user"], &unproven["session"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn no_token_at_all_and_another_scheme_answer_alike() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let me = |line: &str| server.anonymous().get("/auth/me").header("authorization", line);
    let refused = [
        ("bearer_missing", server.anonymous().get("/auth/me").send().await),
        ("scheme_other", me("Basic YW5uOnB3").send().await),
    ];
    alike(&root, &refused).await;
    let twice = me("Bearer a").header("authorization", "Bearer a");
    let refused = [
        ("authorization_repeated", twice.send().await),
        ("authorization_not_text", me("Bearer \u{e4}").send().await),
        ("bearer_form", me("Bearer a b").send().await),
        ("bearer_hidden", me("Basic Bearer a").send().await),
        ("bearer_in_query", me("Bearer a").query("access_token=b").send().await),
    ];
    alike(&root, &refused).await;
}

#[tokio::test]
async fn a_missing_role_says_which_is_wanted_which_are_held_and_by_whom() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    server.account("ann", &["editor", "user"]).await;
    let ann = server.anonymous().logged_in("ann").await;
    let answer = ann.get("/admin/users").send().await.status(403).problem("insufficient_scope");
    assert!(!answer.text().contains("editor") && !answer.text().contains("admin"));
    let why = why(&root, &answer).await;
    let asked = ["method", "route", "rule", "code", "ip"].map(|member| why[member].clone());
    let expected = ["GET", "/admin/users", "role_missing", "insufficient_scope", "10.0.2.1"];
    assert_eq!(asked, expected.map(Value::from));
    assert_eq!(why["detail"], "wanted admin; the account has editor, user");
    assert_eq!(why["user"], ann.user_id.as_str());
    assert!(why["session"].is_string(), "{why}");
}

/// Whoever is no administrator is refused before any id is looked at, and a proxy's word is an id
/// like another.
#[tokio::test]
async fn only_an_administrator_learns_why() {
    let mut setup = Setup::default();
    setup.http.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let server = setup.start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    for _ in 0..12 {
        let request = server.anonymous().get("/nope").header("x-request-id", "from-the-proxy");
        request.send().await.status(404);
    }
    for id in ["from-the-proxy", "unknown"] {
        let path = format!("/admin/events/{id}");
        ann.get(&path).send().await.status(403).problem("insufficient_scope");
        server.anonymous().get(&path).send().await.status(401).problem("invalid_token");
    }
    let known: Value = root.get("/admin/events/from-the-proxy").send().await.status(200).json();
    assert_eq!(known["refusals"].as_array().unwrap().len(), 10, "the latest of a repeated id");
    let unknown = root.get("/admin/events/unknown").send().await.status(404).problem("not_found");
    unknown.rule("request_unknown");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_for_the_caller_answer_alike() {
    let server = TestServer::start().await;
    let (root, nobody) = (server.admin().await, server.anonymous());
    let refused = [
        ("route_unknown", nobody.get("/nope").send().await),
        ("route_of_operator", nobody.get("/admin/backup").send().await),
        ("page_unknown", nobody.get("/problems/nope").send().await),
        ("setup_over", nobody.post("/auth/setup").json(&json!({})).send().await),
    ];
    let texts: Vec<String> = refused.iter().map(|(_, answer)| answer.text()).collect();
    assert!(texts.iter().all(|text| text.contains(r#""code":"not_found""#)), "{texts:?}");
    for (rule, answer) in refused {
        answer.rule(rule);
    }
    let id = "q1w2e3r4t5y6u7i8o9p0aA";
    root.get("/admin/users/no").send().await.status(404).rule("id_form");
    root.get(&format!("/admin/users/{id}")).send().await.status(404).rule("user_unknown");
    root.delete(&format!("/auth/sessions/{id}")).send().await.status(404).rule("session_not_live");
    let revoke = json!({"revoke": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"});
    root.post("/admin/keys/rotate").json(&revoke).send().await.status(404).rule("key_unknown");
    nobody.request(Method::PUT, "/auth/me").send().await.status(405).rule("method_unknown");
    nobody.get("/x").query(&"a".repeat(5_000)).send().await.status(414).rule("uri_too_long");
}

/// Of a path that is nobody's, what is ours is kept and the rest may be a secret.
#[tokio::test]
async fn a_strange_path_is_kept_as_far_as_it_is_ours() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for (path, kept) in [("/auth/logni", "/auth/…"), ("/s3cret", "/…"), ("/auth/me/", "/auth/me/…")]
    {
        let answer = server.anonymous().get(path).query("token=s3cret").send().await.status(404);
        let why = why(&root, &answer).await;
        assert_eq!((&why["route"], &why["method"]), (&json!(kept), &json!("GET")));
        assert!(!why.to_string().contains("s3cret"), "{why}");
    }
    let odd = Method::from_bytes(b"S3CRET").unwrap();
    let why = why(&root, &server.anonymous().request(odd, "/auth/me").send().await).await;
    assert_eq!(why["method"], "other");
}

#[tokio::test]
async fn a_foreign_page_is_told_by_the_header_that_gave_it_away_and_answered_alike() {
    let mut setup = Setup::default();
    setup.http.strict_origin = true;
    let server = setup.start().await;
    server.account("root", &["admin"]).await;
    let form = json!({"username": "root", "password": PASSWORD});
    let login = server.anonymous().post("/auth/login").header("origin", crate::harness::ORIGIN);
    let body: Value = login.json(&form).send().await.status(200).json();
    let root = server.anonymous().with_token(body["access_token"].as_str().unwrap());
    let refresh = || server.anonymous().post("/auth/refresh");
    let origin = |value: &str| refresh().header("origin", value);
    let refused = [
        ("origin_foreign", origin("https://evil.example").send().await),
        ("origin_foreign", origin("null").send().await),
        ("origin_unclear", origin("https://a.example").header("origin", "null").send().await),
        ("fetch_site_foreign", refresh().header("sec-fetch-site", "cross-site").send().await),
        ("origin_missing", refresh().send().await),
    ];
    alike(&root, &refused).await;
    let details = [
        json!("Origin: https://evil.example"),
        json!("Origin: null"),
        Value::Null,
        json!("Sec-Fetch-Site: cross-site"),
        Value::Null,
    ];
    for ((_, answer), detail) in refused.iter().zip(details) {
        assert_eq!(why(&root, answer).await["detail"], detail);
    }
}

#[tokio::test]
async fn what_an_account_may_not_do_to_itself_or_after_a_while_has_its_rule() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let roles = patch(&root, &root.user_id, &json!({"roles": ["user"]})).await;
    roles.status(403).rule("roles_own");
    let last = patch(&root, &root.user_id, &json!({"disabled": true})).await;
    last.status(409).rule("last_admin");
    server.operator().get("/auth/me").send().await.status(403).rule("operator_nobody");
    server.advance(Duration::from_mins(11));
    let mut ann = ann;
    ann.token = ann.refresh().await.json::<Value>()["access_token"].as_str().map(str::to_owned);
    let change = json!({"email": "ann@example.org"});
    let answer = ann.patch("/auth/me").json(&change).send().await.status(403);
    let answer = answer.rule("reauthentication_needed");
    let root = server.anonymous().logged_in("root").await;
    assert_eq!(why(&root, &answer).await["user"], ann.user_id.as_str());
}
