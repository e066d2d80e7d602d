//! Races of API tokens and of services: whoever comes second must see who came first.

use serde_json::{Value, json};

use crate::auth::engines::{Dawdling, Gated};
use crate::auth::{at_once, begin, count, dump, hold, twin};
use crate::harness::Setup;
use crate::http::api_tokens::{ask, is_active, token};

/// Also RACE-08: the bound holds whatever meets.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_08_of_many_tokens_at_once_no_more_are_made_than_there_may_be() {
    for seed in 0..2 {
        let engine = Dawdling::new(seed);
        let setup = Setup { engine: engine.clone(), ..Setup::default() };
        let server = hold(setup.start().await);
        let ann = server.user("ann").await;
        for _ in 0..45 {
            ask(&ann, "ci").await.status(201);
        }
        let tasks = (0..12).map(|_| {
            let ann = twin(&ann);
            async move { ask(&ann, "ci").await }
        });
        let answers = at_once(tasks).await;
        let (made, full) = (count(&answers, 201), count(&answers, 409));
        // Whoever met others too often is told to come back.
        assert!(made <= 5 && made + full + count(&answers, 503) == 12, "{made} {full}");
        let all = dump(&*engine).await;
        let tokens = all.iter().filter(|(key, _)| key.starts_with("apitoken/")).count();
        assert_eq!(tokens, 45 + made);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_08_a_token_is_revoked_once_by_many_at_once_and_no_use_brings_it_back() {
    for seed in 0..3 {
        let engine = Dawdling::new(seed);
        let setup = Setup { engine: engine.clone(), ..Setup::default() };
        let server = hold(setup.start().await);
        let (ann, wiki) = (server.user("ann").await, server.service("wiki").await);
        let basic = wiki.basic.clone();
        let (id, text) = token(&ann, "ci").await;
        let uses = begin({
            let (text, basic) = (text.clone(), basic.clone());
            async move {
                let mut wiki = server.anonymous();
                wiki.basic = basic;
                for _ in 0..30 {
                    is_active(&wiki, &text).await;
                    // A conflict with the revocation waits for the next time.
                    server.auth.write_last_used().await.unwrap();
                }
            }
        });
        let tasks = (0..8).map(|_| {
            let (ann, path) = (twin(&ann), format!("/auth/tokens/{id}"));
            async move { ann.delete(&path).send().await }
        });
        let answers = at_once(tasks).await;
        assert_eq!((count(&answers, 204), count(&answers, 404)), (1, 7));
        uses.await.unwrap();
        server.auth.write_last_used().await.unwrap();
        assert!(!is_active(&wiki, &text).await);
        let left = dump(&*engine).await;
        assert!(!left.iter().any(|(key, _)| key.contains(&id)), "{left:?}");
    }
}

/// A token whose making began before everything was ended is none afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_04_a_token_that_is_made_while_its_owner_ends_everything_is_not_made() {
    let engine = Gated::new();
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    let server = hold(setup.start().await);
    let ann = server.user("ann").await;
    engine.arm("apitoken/");
    let late = begin({
        let ann = twin(&ann);
        async move { ask(&ann, "ci").await }
    });
    engine.reached().await;
    ann.delete("/auth/sessions").send().await.status(204);
    engine.open();
    late.await.unwrap().status(401).problem("invalid_token");
    let left = dump(&*engine).await;
    assert!(!left.iter().any(|(key, _)| key.starts_with("apitoken")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn race_01_of_many_services_of_one_name_one_is_registered() {
    for seed in 0..3 {
        let engine = Dawdling::new(seed);
        let setup = Setup { engine: engine.clone(), ..Setup::default() };
        let server = hold(setup.start().await);
        let root = server.admin().await;
        let tasks = (0..20).map(|_| {
            let root = twin(&root);
            async move { root.post("/admin/clients").json(&json!({"id": "wiki"})).send().await }
        });
        let answers = at_once(tasks).await;
        assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 19));
        let made = answers.iter().find(|answer| answer.status == 201).unwrap().json::<Value>();
        let wiki = server.anonymous().with_basic("wiki", made["secret"].as_str().unwrap());
        wiki.introspect("abc").await.status(200);
    }
}
