//! `/admin/clients`, and how a service proves who it is.

use doorkey::crypto::hash_text;
use doorkey::model::{ServiceId, ServiceSecret};
use serde_json::{Value, json};

use super::explain::alike;
use crate::auth::{dump, on_memory};
use crate::harness::{Answer, Browser, Setup, TestServer};

async fn add(admin: &Browser<'_>, id: &str) -> Answer {
    admin.post("/admin/clients").json(&json!({"id": id})).send().await
}

#[tokio::test]
async fn an_administrator_registers_a_service_and_its_secret_is_shown_once() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let root = server.admin().await;
    let made: Value = add(&root, "wiki").await.status(201).json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("dk_svc_") && secret.len() == 56, "{secret}");
    assert_eq!(
        (&made["client"]["id"], &made["client"]["configured"]),
        (&json!("wiki"), &json!(false))
    );
    let listed: Value = root.get("/admin/clients").send().await.status(200).json();
    assert_eq!(listed["clients"], json!([made["client"]]));
    assert!(!format!("{:?}", dump(&*engine).await).contains(&secret[7..50]));

    let wiki = server.anonymous().with_basic("wiki", secret);
    wiki.introspect("abc").await.status(200);
    root.delete("/admin/clients/wiki").send().await.status(204);
    wiki.introspect("abc").await.status(401).oauth("invalid_client", "invalid_client");
    root.delete("/admin/clients/wiki").send().await.status(404).problem("not_found");
    let again: Value = add(&root, "wiki").await.status(201).json();
    assert_ne!(again["secret"], secret);
    wiki.introspect("abc").await.status(401);
}

#[tokio::test]
async fn the_name_of_a_service_is_a_plain_word_that_no_other_has() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    add(&root, "wiki").await.status(201);
    add(&root, "wiki").await.status(409).problem("client_taken");
    let user = format!("a{}", "b".repeat(21));
    for bad in ["", "Wiki", "2x", "a:b", "a b", "doorkey", &user, &"a".repeat(65)] {
        let body: Value = add(&root, bad).await.status(422).problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], "id", "{bad}");
    }
    for odd in ["Wiki", "%00", "..", "a%2fb"] {
        let path = format!("/admin/clients/{odd}");
        assert_eq!(root.delete(&path).send().await.status, 404, "{odd}");
    }
}

#[tokio::test]
async fn a_service_of_the_configuration_is_known_listed_and_not_removed() {
    let secret = ServiceSecret::from_random(&[7; 32]);
    let mut setup = Setup::default();
    let id = ServiceId::try_from("shop").unwrap();
    setup.auth.services = vec![(id, hash_text(secret.expose()))];
    let server = setup.start().await;
    let root = server.admin().await;
    server.anonymous().with_basic("shop", secret.expose()).introspect("abc").await.status(200);
    add(&root, "shop").await.status(409).problem("client_taken");
    root.delete("/admin/clients/shop").send().await.status(409).problem("client_configured");
    let listed: Value = root.get("/admin/clients").send().await.json();
    let shop = json!({"id": "shop", "configured": true, "created_at": null});
    assert_eq!(listed["clients"], json!([shop]));
}

/// An unknown name and a wrong secret look alike, and so does every form of not being one.
#[tokio::test]
async fn who_does_not_prove_to_be_a_service_is_told_nothing_more() {
    let server = TestServer::start().await;
    let (ann, _) = (server.user("ann").await, server.service("wiki").await);
    let other = ServiceSecret::from_random(&[1; 32]);
    let nobody = || server.anonymous();
    for caller in [
        nobody(),
        nobody().with_basic("wiki", other.expose()),
        nobody().with_basic("unknown", other.expose()),
        nobody().with_basic("wiki", "hunter22"),
        nobody().with_basic("", ""),
        nobody().with_basic(&ann.user_id, other.expose()),
        nobody().with_token(ann.token.as_deref().unwrap()),
    ] {
        let answer = caller.introspect("abc").await.status(401);
        let answer = answer.oauth("invalid_client", "invalid_client");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Basic realm="doorkey""#));
    }
    for line in ["Basic", "Basic !", "Basic d2lraQ=="] {
        let request = nobody().post("/oauth/introspect").header("authorization", line);
        let answer = request.form(&[("token", "abc")]).send().await.status(400);
        answer.oauth("invalid_request", "malformed_header");
    }
}

/// The services see one answer, an administrator the rule.
#[tokio::test]
async fn each_way_not_to_be_a_service_has_its_rule_and_one_answer() {
    let server = TestServer::start().await;
    let (root, _) = (server.admin().await, server.service("wiki").await);
    let other = ServiceSecret::from_random(&[1; 32]);
    let ask = async |name: &str, secret: &str| {
        server.anonymous().with_basic(name, secret).introspect("abc").await
    };
    let refused = [
        ("service_missing", server.anonymous().introspect("abc").await),
        ("service_form", ask("wiki", "hunter22").await),
        ("service_unknown", ask("shop", other.expose()).await),
        ("service_secret", ask("wiki", other.expose()).await),
    ];
    alike(&root, &refused).await;
}

#[tokio::test]
async fn wrong_secrets_are_limited_by_network_and_a_right_one_never() {
    let server = Setup::default().with_limits().start().await;
    let wiki = server.service("wiki").await;
    let wrong = |peer| Browser { peer, ..server.anonymous().with_basic("wiki", "wrong") };
    for _ in 0..30 {
        wrong(wiki.peer).introspect("abc").await.status(401);
    }
    let answer = wrong(wiki.peer).introspect("abc").await.status(429);
    assert!(answer.header("retry-after").is_some());
    answer.oauth("temporarily_unavailable", "too_many_attempts");
    wiki.introspect("abc").await.status(200);
    wrong(server.anonymous().peer).introspect("abc").await.status(401);
}

/// A hundred thousand wrong secrets are one event a minute from a network.
#[tokio::test]
async fn services_are_registered_removed_and_refused_in_the_audit_trail() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    add(&root, "wiki").await.status(201);
    root.delete("/admin/clients/wiki").send().await.status(204);
    let stranger = server.anonymous().with_basic("wiki", "wrong");
    for _ in 0..9 {
        stranger.introspect("abc").await.status(401);
    }
    server.auth.save(true).await.unwrap();
    for (kind, detail, count) in [
        ("service_added", json!("the service wiki"), 1),
        ("service_removed", json!("the service wiki"), 1),
        ("service_refused", Value::Null, 9),
    ] {
        let body: Value = root.get(&format!("/admin/events?kind={kind}")).send().await.json();
        let [event] = body["events"].as_array().unwrap().as_slice() else { panic!("{body}") };
        assert_eq!((&event["detail"], &event["count"]), (&detail, &json!(count)), "{kind}");
    }
}

#[tokio::test]
async fn who_is_no_administrator_any_more_registers_nothing() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    add(&ann, "wiki").await.status(403).problem("insufficient_scope");
    ann.get("/admin/clients").send().await.status(403);
    ann.delete("/admin/clients/wiki").send().await.status(403);
}
