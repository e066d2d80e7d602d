//! The signing keys over a restart, and where their private parts are not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorkey::auth::{Keyring, StartError};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Algorithm, Clock, Secret};
use doorkey::store::engine::{Engine, Entry};
use doorkey::store::{Memory, Store};
use serde_json::Value;

use super::forge::{decode, encode, parts};
use crate::harness::{Setup, TestServer};

fn engine() -> Arc<dyn Engine> {
    Arc::new(Memory::new())
}

async fn start(engine: &Arc<dyn Engine>, algorithm: Algorithm, clock: &Clock) -> TestServer {
    let mut setup = Setup { engine: engine.clone(), ..Setup::default() };
    setup.auth.algorithm = algorithm;
    setup.start_at(clock.clone(), Random::seeded(42 + clock.now().seconds())).await
}

fn clock() -> Clock {
    Clock::manual(doorkey::model::Timestamp::from_seconds(1_800_000_000))
}

async fn everything(engine: &Arc<dyn Engine>) -> Vec<Entry> {
    let entries = engine.scan(b"", None, 1_000).await.unwrap();
    assert!(!entries.is_empty() && entries.len() < 1_000);
    entries
}

fn alg(token: &str) -> Value {
    parts(token).0["alg"].clone()
}

async fn me(server: &TestServer, token: &str) -> u16 {
    server.anonymous().with_token(token).get("/auth/me").send().await.status
}

/// Also KEY-01: a configured algorithm takes over as a new key does.
#[tokio::test]
async fn jwk_03_another_algorithm_at_the_next_start_leaves_the_tokens_of_before_good() {
    let (engine, clock) = (engine(), clock());
    let before = start(&engine, Algorithm::Es256, &clock).await;
    let ann = before.user("ann").await;
    let (old, cookie) = (ann.token.clone().unwrap(), ann.cookie.clone());
    clock.advance(std::time::Duration::from_secs(1));

    let after = start(&engine, Algorithm::EdDsa, &clock).await;
    assert_eq!((alg(&old), me(&after, &old).await), ("ES256".into(), 200));
    let mut ann = after.anonymous();
    ann.cookie = cookie;
    let refreshed = || async {
        let body: Value = ann.refresh().await.status(200).json();
        body["access_token"].as_str().unwrap().to_owned()
    };
    // The new key must be known to verifiers first.
    assert_eq!(alg(&refreshed().await), "ES256");
    clock.advance(std::time::Duration::from_mins(7));
    let new = refreshed().await;
    assert_eq!((alg(&new), me(&after, &new).await), ("EdDSA".into(), 200));
    assert_eq!(me(&after, &old).await, 200);
}

#[tokio::test]
async fn key_04_a_start_on_the_same_store_makes_no_new_key() {
    let (engine, clock) = (engine(), clock());
    start(&engine, Algorithm::Es256, &clock).await;
    let before = everything(&engine).await;
    let again = start(&engine, Algorithm::Es256, &clock).await;
    assert_eq!(everything(&engine).await, before);
    assert_eq!(again.store.keys().all().await.unwrap().len(), 1);
}

async fn open(engine: &Arc<dyn Engine>, algorithm: Algorithm, seed: u64) -> Result<(), StartError> {
    let (store, random) = (Store::new(engine.clone()), Random::seeded(1));
    let master = MasterKey::generate(&Random::seeded(seed));
    let now = clock().now();
    Keyring::open(&store, master, algorithm, (now, &random)).await.map(|_| ())
}

/// Also KEY-04.
#[tokio::test]
async fn key_05_a_wrong_master_key_stops_the_start_and_replaces_nothing() {
    let engine = engine();
    let server = start(&engine, Algorithm::Es256, &clock()).await;
    let id = server.store.keys().all().await.unwrap()[0].id;
    let before = everything(&engine).await;
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let error = open(&engine, algorithm, 8).await.unwrap_err();
        assert!(matches!(error, StartError::WrongMasterKey(wrong) if wrong == id), "{error}");
        assert!(error.to_string().contains("master key"), "{error}");
        assert_eq!(everything(&engine).await, before);
    }
    open(&engine, Algorithm::Es256, 7).await.unwrap();
}

/// A damaged key is no reason for a new one either.
#[tokio::test]
async fn key_04_a_damaged_key_stops_the_start_and_replaces_nothing() {
    let engine = engine();
    let server = start(&engine, Algorithm::Es256, &clock()).await;
    let keys = server.store.keys();
    let mut record = keys.all().await.unwrap().remove(0);
    let good = record.sealed.clone();
    let mut flipped = decode(&good);
    *flipped.last_mut().unwrap() ^= 1;
    for sealed in [encode(flipped), good[..good.len() - 4].to_owned(), String::new()] {
        record.sealed = sealed;
        server.store.commit(keys.remove(record.id)).await.unwrap();
        server.store.commit(keys.insert(&record)).await.unwrap();
        let before = everything(&engine).await;
        let error = open(&engine, Algorithm::Es256, 7).await.unwrap_err();
        assert!(matches!(error, StartError::WrongMasterKey(_)), "{error}");
        assert_eq!(everything(&engine).await, before);
    }
}

/// The ways in which bytes are written down.
fn written(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let list = bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
    let texts = [encode(bytes), STANDARD_NO_PAD.encode(bytes), hex.to_uppercase(), hex, list];
    texts.into_iter().map(String::into_bytes).chain([bytes.to_vec()]).collect()
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn key_06_no_private_key_is_in_the_store_or_in_an_answer() {
    let engine = engine();
    let server = start(&engine, Algorithm::Es256, &clock()).await;
    let root = server.admin().await;
    let record = server.store.keys().all().await.unwrap().remove(0);
    let master = MasterKey::generate(&Random::seeded(7));
    let pkcs8 = master.open(format!("key/{}", record.id).as_bytes(), &record.sealed).unwrap();
    // RFC 5915: version 1, then the octets of the private key, here 32 of them.
    let start_of = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = pkcs8.windows(5).position(|window| window == start_of).unwrap() + 5;
    // Whole groups of three bytes: the same in base64 wherever the text begins before them.
    assert_eq!(at % 3, 0);
    let private = &pkcs8[at..at + 30];
    assert!(holds(encode(&*pkcs8).as_bytes(), encode(private).as_bytes()));

    let master_text: Secret = master.to_text();
    let mut needles = written(private);
    needles.push(master_text.expose().as_bytes().to_vec());
    root.post("/admin/keys/rotate").send().await.status(200);
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for path in ["/admin/keys", "/.well-known/jwks.json", "/admin/events"] {
        texts.push(root.get(path).send().await.status(200).body.to_vec());
    }
    let records = server.store.keys().all().await.unwrap();
    assert_eq!(records.len(), 2);
    texts.extend(records.iter().map(|record| decode(&record.sealed)));
    texts.extend(everything(&engine).await.into_iter().map(|entry| entry.value));
    for text in texts {
        let found = needles.iter().any(|needle| holds(&text, needle));
        assert!(!found, "{}", String::from_utf8_lossy(&text));
    }
    let keys: Value = root.get("/admin/keys").send().await.json();
    for key in keys["keys"].as_array().unwrap() {
        let names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["alg", "created_at", "jwk", "kid", "served_until", "signs_from", "state"];
        assert_eq!(names, expected);
        assert!(key["jwk"].get("d").is_none());
    }
}
