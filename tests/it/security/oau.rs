//! OAuth 2, as far as it is here: what services are asked, told, and can do.

use std::collections::BTreeSet;
use std::time::Duration;

use doorkey::http::{Guard, Route};
use doorkey::model::{ServiceId, UserId};
use serde_json::{Value, json};

use crate::auth::{dump, on_memory};
use crate::harness::{Answer, Browser, FORM, ORIGIN, PASSWORD, TestServer};
use crate::http::api_tokens::{is_active, token};
use crate::http::routes::FOR_SERVICES;

const PATHS: [&str; 2] = ["/oauth/introspect", "/oauth/revoke"];

/// The paths here are those of the table.
#[tokio::test]
async fn oau_10_every_route_for_services_is_walked_here() {
    let server = TestServer::start().await;
    let rows = server.api.routes().iter().filter(|row| row.guard == Guard::Service);
    let found: BTreeSet<String> = rows.map(|row: &Route| row.path.to_owned()).collect();
    assert_eq!(found, PATHS.iter().map(|path| (*path).to_owned()).collect());
    assert_eq!(FOR_SERVICES.len(), PATHS.len());
}

#[tokio::test]
async fn oau_09_every_endpoint_of_the_metadata_is_below_the_issuer_and_exists() {
    let server = TestServer::start().await;
    let path = "/.well-known/oauth-authorization-server";
    let body: Value = server.anonymous().get(path).send().await.status(200).json();
    assert_eq!(body["issuer"], ORIGIN);
    for (name, value) in body.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix(ORIGIN).unwrap();
            assert!(server.api.routes().iter().any(|row| row.path == path), "{name}: {value}");
        }
    }
}

async fn posted(service: &Browser<'_>, path: &str, body: &str) -> Answer {
    service.post(path).header("content-type", FORM).body(body).send().await
}

#[tokio::test]
async fn oau_10_a_parameter_that_comes_twice_is_refused_however_it_is_written() {
    let server = TestServer::start().await;
    let wiki = server.service("wiki").await;
    for path in PATHS {
        for body in [
            "token=a&token=a",
            "token=a&token=",
            "token=&token=a",
            "token=a&%74oken=b",
            "token=a&token_type_hint=x&token_type_hint=x",
            "token=a&unknown=1&unknown=2",
            "token=a&token",
        ] {
            let answer = posted(&wiki, path, body).await.status(400);
            let answer = answer.oauth("invalid_request", "malformed_form");
            assert!(answer.text().contains("more than once"), "{body}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn oau_10_only_a_form_in_the_body_of_a_post_is_read() {
    let server = TestServer::start().await;
    let wiki = server.service("wiki").await;
    for path in PATHS {
        for body in
            ["", "token=", "token", "Token=a", "token=%ff", "token=%f", "=a", "token=a&x=%zz"]
        {
            let answer = posted(&wiki, path, body).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_form"), "{body}");
        }
        let query = wiki.post(path).query("token=abc").form(&[("token", "abc")]).send().await;
        query.status(400).oauth("invalid_request", "malformed_form");
        for media in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let request = wiki.post(path).header("content-type", media).body("token=abc");
            request.send().await.status(415).oauth("invalid_request", "unsupported_media_type");
        }
        wiki.post(path).body("token=abc").send().await.status(415);
        let answer = wiki.get(path).send().await.status(405);
        assert_eq!(answer.header("allow"), Some("POST"));
        posted(&wiki, path, "token=abc").await.status(200);
    }
}

#[tokio::test]
async fn oau_10_a_service_proves_itself_in_one_way() {
    let server = TestServer::start().await;
    let (wiki, nobody) = (server.service("wiki").await, server.anonymous());
    for path in PATHS {
        for more in [
            "client_secret=x",
            "client_secret=",
            "client_assertion=x",
            "client_id=shop",
            "client_id=wiki&client_secret=x",
        ] {
            let answer = posted(&wiki, path, &format!("token=abc&{more}")).await.status(400);
            answer.oauth("invalid_request", "malformed_form");
            let answer = posted(&nobody, path, &format!("token=abc&{more}")).await.status(401);
            answer.oauth("invalid_client", "invalid_client");
        }
        let twice = wiki.post(path).header("authorization", "Bearer abc");
        let answer = twice.form(&[("token", "abc")]).send().await.status(400);
        answer.oauth("invalid_request", "malformed_header");
    }
}

/// A page of another site neither drives these routes nor makes a browser ask for a password: it is
/// refused before it is asked who it is.
#[tokio::test]
async fn oau_10_no_page_of_another_origin_gets_here() {
    let server = TestServer::start().await;
    let (wiki, nobody) = (server.service("wiki").await, server.anonymous());
    for path in PATHS {
        for (header, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            for caller in [&wiki, &nobody] {
                let request = caller.post(path).header(header, value);
                let answer = request.form(&[("token", "abc")]).send().await.status(403);
                let answer = answer.oauth("access_denied", "foreign_origin");
                assert_eq!(answer.header("www-authenticate"), None);
            }
        }
    }
}

#[tokio::test]
async fn oau_10_what_is_answered_is_stored_by_nobody() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    for text in [ann.token.as_deref().unwrap(), "abc"] {
        let answer = wiki.introspect(text).await.status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer = wiki.revoke("abc").await.status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn oau_13_an_unknown_token_is_revoked_like_a_known_one() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let (_, text) = token(&ann, "ci").await;
    let mut answers = BTreeSet::new();
    for text in [text.as_str(), &text, "abc", "", "dk_pat_", &"x".repeat(9000)] {
        if text.is_empty() {
            continue;
        }
        let answer = wiki.revoke(text).await.status(200);
        answers.insert(crate::auth::anonymous_text(&answer));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

/// No token of a session was issued to a service, so none is a service's to revoke; and it is not
/// told that one is dead which is not.
#[tokio::test]
async fn oau_13_a_service_ends_no_session() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let before = dump(&*engine).await;
    for text in [ann.token.as_ref().unwrap(), ann.cookie.as_ref().unwrap()] {
        let answer = wiki.revoke(text).await.status(400);
        answer.oauth("unsupported_token_type", "unsupported_token_type");
    }
    assert_eq!(dump(&*engine).await, before);
    ann.get("/auth/me").send().await.status(200);
    ann.refresh().await.status(200);
}

#[tokio::test]
async fn oau_13_a_hint_is_only_a_hint() {
    let server = TestServer::start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    for hint in ["access_token", "refresh_token", "nonsense"] {
        let (_, text) = token(&ann, "ci").await;
        let form = [("token_type_hint", hint), ("token", &*text)];
        wiki.post("/oauth/revoke").form(&form).send().await.status(200);
        assert!(!is_active(&wiki, &text).await, "{hint}");
    }
}

/// Everything that is no good token, each by what is wrong with it.
async fn no_good(server: &TestServer) -> Vec<(&'static str, String)> {
    let expired = server.user("expired").await;
    let old = token(&expired, "ci").await.1;
    server.advance(Duration::from_hours(50 * 24));
    let (ann, left) = (server.user("ann").await, server.user("left").await);
    left.post("/auth/logout").send().await.status(204);
    let good = ann.token.clone().unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let foreign = TestServer::start().await;
    let stranger = foreign.user("ann").await.token.unwrap();
    vec![
        ("nothing of ours", "abc".to_owned()),
        ("only dots", "..".to_owned()),
        ("too long", "a".repeat(9000)),
        ("text that is not ASCII", "\u{e4}.b.c".to_owned()),
        ("unsigned", format!("{header}.{payload}.")),
        ("a changed claim", format!("{header}.{payload}A.{signature}")),
        ("another key's", stranger),
        ("an ended session", left.token.clone().unwrap()),
        ("expired", expired.token.clone().unwrap()),
        ("an expired API token", old),
        ("an API token that never was", "dk_pat_".to_owned() + &"0".repeat(71)),
        ("a refresh token", ann.cookie.clone().unwrap()),
        ("a password", PASSWORD.to_owned()),
    ]
}

#[tokio::test]
async fn oau_14_of_a_token_that_is_not_good_nothing_is_said() {
    let server = TestServer::start().await;
    let wiki = server.service("wiki").await;
    for (what, text) in no_good(&server).await {
        let answer = wiki.introspect(&text).await.status(200);
        assert_eq!(answer.text(), "{\"active\":false}", "{what}");
    }
}

#[tokio::test]
async fn oau_14_only_a_registered_service_is_told_anything() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let form = [("token", ann.token.as_deref().unwrap())];
    for caller in [&server.anonymous(), &ann, &root, &server.operator()] {
        let answer = caller.post("/oauth/introspect").form(&form).send().await.status(401);
        assert!(!answer.oauth("invalid_client", "invalid_client").text().contains("active"));
    }
}

/// Also TOK-12, AZ-07: at once, and without the service's own doing.
#[tokio::test]
async fn oau_14_what_ends_a_token_here_ends_it_for_every_service() {
    let server = TestServer::start().await;
    let (root, wiki) = (server.admin().await, server.service("wiki").await);
    for act in ["logout", "disable", "delete", "roles"] {
        let user = server.user(&format!("ann-{act}")).await;
        let path = format!("/admin/users/{}", user.user_id);
        let text = user.token.as_deref().unwrap();
        assert!(is_active(&wiki, text).await);
        match act {
            "logout" => user.post("/auth/logout").send().await.status(204),
            "disable" => {
                root.patch(&path).json(&json!({"disabled": true})).send().await.status(200)
            }
            "delete" => root.delete(&path).send().await.status(204),
            _ => root.patch(&path).json(&json!({"roles": ["editor"]})).send().await.status(200),
        };
        assert!(!is_active(&wiki, text).await, "{act}");
    }
}

/// A store that does not answer is not a token that is dead.
#[tokio::test]
async fn oau_14_no_guess_is_made_when_the_store_does_not_answer() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
    let (id, text) = token(&ann, "ci").await;
    let damaged = doorkey::store::engine::Commit::new().put(format!("apitoken/{id}"), "{");
    doorkey::store::engine::Engine::commit(&*engine, damaged).await.unwrap();
    for answer in [wiki.introspect(&text).await, wiki.revoke(&text).await] {
        answer.status(500).oauth("server_error", "internal");
    }
}

#[tokio::test]
async fn oau_15_no_service_has_a_name_that_could_be_the_id_of_a_user() {
    let server = TestServer::start().await;
    let (root, ann) = (server.admin().await, server.user("ann").await);
    let mut tried = vec![ann.user_id.clone(), ann.user_id.to_lowercase()];
    tried.extend((0..=u8::MAX).map(|byte| UserId::from_bytes([byte; 16]).to_string()));
    for id in tried {
        assert!(ServiceId::try_from(id.as_str()).is_err(), "{id}");
        let form = json!({"id": id});
        root.post("/admin/clients").json(&form).send().await.status(422);
    }
}
