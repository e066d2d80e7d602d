//! `/auth/tokens`: personal API tokens, by their owner.

use std::time::Duration;

use serde_json::{Value, json};

use super::explain::why;
use crate::auth::{OTHER_PASSWORD, change_password, dump, on_memory, patch, take};
use crate::harness::{Answer, Browser, PASSWORD, Setup, TestServer};

/// A time after all of these tests: the server's day is 2027-01-15.
pub(crate) const LATER: &str = "2027-03-01T00:00:00Z";

/// Asks for a token of this name.
pub(crate) async fn ask(owner: &Browser<'_>, name: &str) -> Answer {
    owner.post("/auth/tokens").json(&json!({"name": name, "expires_at": LATER})).send().await
}

/// A new token: its id and its text.
pub(crate) async fn token(owner: &Browser<'_>, name: &str) -> (String, String) {
    let made: Value = ask(owner, name).await.status(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["token"]["id"]), text(&made["secret"]))
}

/// Whether a service is told that a token is good.
pub(crate) async fn is_active(service: &Browser<'_>, text: &str) -> bool {
    service.introspect(text).await.status(200).json::<Value>()["active"] == true
}

async fn list(owner: &Browser<'_>) -> Vec<Value> {
    let body: Value = owner.get("/auth/tokens").send().await.status(200).json();
    body["tokens"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_token_is_made_shown_once_listed_with_its_last_use_and_revoked() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let made: Value = ask(&ann, "nightly build").await.status(201).json();
    let text = made["secret"].as_str().unwrap();
    assert!(text.starts_with("dk_pat_") && text.len() == 78, "{text}");
    assert_eq!(made["token"]["name"], "nightly build");
    assert_eq!(made["token"]["roles"], json!(["user"]));
    assert_eq!(made["token"]["expires_at"], LATER);
    assert_eq!(made["token"]["last_used_at"], Value::Null);
    assert_eq!(list(&ann).await, [made["token"].clone()]);

    server.advance(Duration::from_secs(5));
    assert!(is_active(&wiki, text).await);
    let used = list(&ann).await.remove(0)["last_used_at"].clone();
    assert_eq!(used, server.clock.now().to_string());

    let one = format!("/auth/tokens/{}", made["token"]["id"].as_str().unwrap());
    ann.delete(&one).send().await.status(204);
    assert!(!is_active(&wiki, text).await);
    assert!(list(&ann).await.is_empty());
    ann.delete(&one).send().await.status(404).problem("not_found");
}

#[tokio::test]
async fn a_last_use_is_written_a_little_later_and_revives_nothing() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let ((id, text), (gone, other)) = (token(&ann, "one").await, token(&ann, "two").await);
    assert!(is_active(&wiki, &text).await && is_active(&wiki, &other).await);
    ann.delete(&format!("/auth/tokens/{gone}")).send().await.status(204);
    server.auth.save(false).await.unwrap();
    let again = Setup { engine: engine.clone(), ..Setup::default() };
    let again = again.start_at(server.clock.clone(), server.random.clone()).await;
    let ann = again.anonymous().logged_in("ann").await;
    let [kept] = list(&ann).await.try_into().unwrap();
    assert_eq!((kept["id"].as_str(), kept["last_used_at"].is_null()), (Some(id.as_str()), false));
    let keys: Vec<String> = dump(&*engine).await.into_iter().map(|(key, _)| key).collect();
    assert!(!keys.iter().any(|key| key.contains(&gone)), "{keys:?}");
}

#[tokio::test]
async fn of_its_text_nothing_is_stored_but_a_hash() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let (id, text) = token(&ann, "ci").await;
    let all = format!("{:?}", dump(&*engine).await);
    assert!(all.contains(&format!("apitoken/{id}")));
    for part in text.as_bytes()["dk_pat_".len()..].windows(12) {
        assert!(!all.contains(std::str::from_utf8(part).unwrap()));
    }
}

#[tokio::test]
async fn what_a_token_is_asked_for_with_is_checked_field_by_field() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for (form, field) in [
        (json!({"name": "", "expires_at": LATER}), "name"),
        (json!({"name": "a\nb", "expires_at": LATER}), "name"),
        (json!({"name": "x".repeat(65), "expires_at": LATER}), "name"),
        (json!({"name": "ci"}), "expires_at"),
        (json!({"name": "ci", "expires_at": null}), "expires_at"),
        (json!({"name": "ci", "expires_at": "tomorrow"}), "expires_at"),
        (json!({"name": "ci", "expires_at": "2027-01-15T08:00:00Z"}), "expires_at"),
        (json!({"name": "ci", "expires_at": "2028-01-16T08:00:01Z"}), "expires_at"),
        (json!({"name": "ci", "expires_at": LATER, "roles": ["admin"]}), "roles"),
        (json!({"name": "ci", "expires_at": LATER, "roles": ["editor"]}), "roles"),
        (json!({"name": "ci", "expires_at": LATER, "scope": "all"}), "scope"),
    ] {
        let answer = ann.post("/auth/tokens").json(&form).send().await.status(422);
        let body: Value = answer.problem("invalid_request").json();
        assert_eq!(body["errors"][0]["field"], field, "{form}");
    }
    assert!(list(&ann).await.is_empty());
    for (form, end) in [
        (json!({"name": "x".repeat(64), "expires_at": "2028-01-16T08:00:00Z"}), "the longest"),
        (json!({"name": "ä", "expires_at": "2027-01-15T08:00:01Z", "roles": []}), "the shortest"),
    ] {
        assert_eq!(ann.post("/auth/tokens").json(&form).send().await.status, 201, "{end}");
    }
}

#[tokio::test]
async fn the_configuration_bounds_its_life() {
    let mut setup = Setup::default();
    setup.auth.max_api_ttl = Duration::from_hours(24);
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let body: Value = ask(&ann, "ci").await.status(422).problem("invalid_request").json();
    let said = body["errors"][0]["message"].as_str().unwrap();
    assert_eq!(said, "must be in the future, at most 1 days ahead");
}

#[tokio::test]
async fn a_token_reaches_no_further_than_its_owner_at_any_time() {
    let server = TestServer::start().await;
    let (root, wiki) = (server.admin().await, server.service("wiki").await);
    server.account("ann", &["editor", "user"]).await;
    let ann = server.anonymous().logged_in("ann").await;
    let roles = async |text: &str| wiki.introspect(text).await.json::<Value>()["roles"].clone();
    let form = json!({"name": "one", "expires_at": LATER, "roles": ["editor"]});
    let made: Value = ann.post("/auth/tokens").json(&form).send().await.status(201).json();
    let (one, (_, all)) = (made["secret"].as_str().unwrap(), token(&ann, "all").await);
    assert_eq!(
        (roles(one).await, roles(&all).await),
        (json!(["editor"]), json!(["editor", "user"]))
    );
    patch(&root, &ann.user_id, &json!({"roles": ["user"]})).await.status(200);
    assert_eq!((roles(one).await, roles(&all).await), (json!([]), json!(["user"])));
    patch(&root, &ann.user_id, &json!({"roles": ["admin", "user"]})).await.status(200);
    assert_eq!((roles(one).await, roles(&all).await), (json!([]), json!(["user"])));
}

#[tokio::test]
async fn a_new_token_needs_a_login_within_ten_minutes() {
    let server = TestServer::start().await;
    let mut ann = server.user("ann").await;
    server.advance(Duration::from_secs(601));
    let refreshed = ann.refresh().await.status(200);
    take(&mut ann, &refreshed);
    ask(&ann, "ci").await.status(403).problem("reauthentication_required");
    let again = ann.login("ann", PASSWORD).await.status(200);
    take(&mut ann, &again);
    ask(&ann, "ci").await.status(201);
}

/// What is stolen with the token is what the token reaches, never the account.
#[tokio::test]
async fn a_token_opens_no_route_of_this_server() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let (_, text) = token(&root, "ci").await;
    let thief = server.anonymous().with_token(&text);
    for row in crate::http::routes::guarded(&server) {
        let path = crate::http::routes::filled(row.path);
        let answer = thief.request(row.method.clone(), &path).send().await.status(401);
        let expected = r#"Bearer realm="doorkey", error="invalid_token""#;
        assert_eq!(answer.problem("invalid_token").header("www-authenticate"), Some(expected));
    }
    let told = why(&root, &thief.get("/auth/me").send().await).await;
    assert_eq!(told["rule"], "api_token_here");
    assert!(is_active(&server.service("wiki").await, &text).await);
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_with_whatever_ends_everything_and_not_with_a_new_password() {
    let server = TestServer::start().await;
    let (root, wiki) = (server.admin().await, server.service("wiki").await);
    let mut ann = server.user("ann").await;
    let user = format!("/admin/users/{}", ann.user_id);
    let mut text = token(&ann, "ci").await.1;

    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    take(&mut ann, &changed);
    let back = change_password(&ann, OTHER_PASSWORD, PASSWORD).await.status(200);
    take(&mut ann, &back);
    ann.post("/auth/logout").send().await.status(204);
    assert!(is_active(&wiki, &text).await, "a logout and a new password leave it");

    for end in ["own sessions", "sessions", "disabled", "reset", "time"] {
        ann = server.anonymous().logged_in("ann").await;
        assert!(is_active(&wiki, &text).await, "before {end}");
        match end {
            "own sessions" => ann.delete("/auth/sessions").send().await.status(204),
            "sessions" => root.delete(&format!("{user}/sessions")).send().await.status(204),
            "disabled" => {
                root.patch(&user).json(&json!({"disabled": true})).send().await.status(200);
                assert!(!is_active(&wiki, &text).await);
                root.patch(&user).json(&json!({"disabled": false})).send().await.status(200)
            }
            "reset" => {
                let reset = root.post(&format!("{user}/password-reset")).send().await;
                let link = reset.json::<Value>()["link"].as_str().unwrap().to_owned();
                let key = link.split_once("token=").unwrap().1;
                let form = json!({"token": key, "new_password": PASSWORD});
                ann.post("/auth/password-reset").json(&form).send().await.status(204)
            }
            _ => {
                server.advance(Duration::from_hours(45 * 24));
                ann.login("ann", PASSWORD).await.status(200)
            }
        };
        assert!(!is_active(&wiki, &text).await, "after {end}");
        ann = server.anonymous().logged_in("ann").await;
        assert!(list(&ann).await.is_empty(), "after {end}");
        if end != "reset" && end != "time" {
            text = token(&ann, "ci").await.1;
        } else if end == "reset" {
            let form = json!({"name": "ci", "expires_at": "2027-02-28T00:00:00Z"});
            let made: Value = ann.post("/auth/tokens").json(&form).send().await.json();
            made["secret"].as_str().unwrap().clone_into(&mut text);
        }
    }
}

#[tokio::test]
async fn of_a_deleted_account_no_token_stays() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let wiki = server.service("wiki").await;
    let mut texts = Vec::new();
    for n in 0..50 {
        texts.push(token(&ann, &format!("t{n}")).await.1);
    }
    root.delete(&format!("/admin/users/{}", ann.user_id)).send().await.status(204);
    for text in &texts {
        assert!(!is_active(&wiki, text).await);
    }
    let left: Vec<String> = dump(&*engine).await.into_iter().map(|(key, _)| key).collect();
    assert!(!left.iter().any(|key| key.contains("apitoken")), "{left:?}");
}

#[tokio::test]
async fn an_expired_token_is_swept_a_day_later_and_its_owner_has_room_again() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let ann = server.user("ann").await;
    let (id, _) = token(&ann, "ci").await;
    let is_kept = async || {
        let all = dump(&*engine).await;
        all.iter().filter(|(key, _)| key.contains(&id)).count() == 2
    };
    server.advance(Duration::from_hours(45 * 24));
    server.auth.sweep().await.unwrap();
    assert!(is_kept().await);
    server.advance(Duration::from_hours(24));
    server.auth.sweep().await.unwrap();
    assert!(!is_kept().await);
    let ann = server.anonymous().logged_in("ann").await;
    let form = json!({"name": "ci", "expires_at": "2027-06-01T00:00:00Z"});
    ann.post("/auth/tokens").json(&form).send().await.status(201);
    assert_eq!(list(&ann).await.len(), 1);
    let stored = dump(&*engine).await;
    let (_, list) = stored.iter().find(|(key, _)| key.starts_with("apitokens/")).unwrap();
    assert!(!list.contains(&id), "{list}");
}

/// Fifty at most, and the dead do not count against the living.
#[tokio::test]
async fn the_number_of_tokens_is_bounded_and_dead_ones_make_room() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let mut ann = server.user("ann").await;
    for round in 0..3 {
        for n in 0..50 {
            assert_eq!(ask(&ann, "ci").await.status, 201, "{round} {n}");
        }
        ask(&ann, "ci").await.status(409).problem("limit_reached");
        ann.delete("/auth/sessions").send().await.status(204);
        ann = server.anonymous().logged_in("ann").await;
        let kept = dump(&*engine).await;
        let kept = kept.iter().filter(|(key, _)| key.starts_with("apitoken/")).count();
        assert!(kept <= 50, "{kept}");
    }
}

#[tokio::test]
async fn making_and_revoking_is_in_the_audit_trail_without_the_text() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let (id, text) = token(&ann, "secret project").await;
    ann.delete(&format!("/auth/tokens/{id}")).send().await.status(204);
    for kind in ["api_token_created", "api_token_revoked"] {
        let found = root.get(&format!("/admin/events?kind={kind}")).send().await.status(200);
        let body: Value = found.json();
        let [event] = body["events"].as_array().unwrap().as_slice() else { panic!("{body}") };
        assert_eq!(event["detail"], format!("the token {id}"));
        assert_eq!(
            (&event["user"], &event["actor"]["id"]),
            (&json!(ann.user_id), &json!(ann.user_id))
        );
        assert!(!found.text().contains(&text[40..]) && !found.text().contains("project"));
    }
}
