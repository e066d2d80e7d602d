//! Records: damage is found and named, and what is read is written the same.

use std::sync::Arc;

use doorkey::model::{
    Chain, Event, Link, Seal, Session, SigningKey, Timestamp, TokenHash, User, UserId, UserSessions,
};
use doorkey::store::engine::{Commit, Engine, Entry};
use doorkey::store::{Attempt, Depth, Flaw, Memory, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::mutate::Stock;
use crate::run::{Target, Verdict};
use crate::seeded::everything;

const WORDS: &[&str] = &[
    "{\"v\":1,\"record\":",
    "\"v\":2",
    "\"v\":1",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    ",",
    "}",
    "{",
    "\"id\":\"AAAAAAAAAAAAAAAAAAAAAA\"",
    "\"epoch\":0",
    "\"roles\":[\"admin\"]",
    "\"roles\":[]",
    "\"disabled\":true",
    "\"kind\":\"user\"",
    "AAAAAAAAAAAAAAAAAAAAAA",
    "user",
    "\\u0000",
    "=",
];

/// A store of these records.
fn memory(runtime: &Runtime, entries: &[Entry]) -> Store {
    let memory = Arc::new(Memory::new());
    for part in entries.chunks(90) {
        let put = |c: Commit, entry: &Entry| c.put(entry.key.clone(), entry.value.clone());
        runtime.block_on(memory.commit(part.iter().fold(Commit::new(), put))).unwrap();
    }
    Store::new(memory)
}

/// One record of every kind is changed, in its place among all the others.
#[test]
fn a_changed_record_is_found_damaged_or_reads_as_it_is_written() {
    let runtime = Runtime::new().unwrap();
    let entries = runtime.block_on(everything());
    let store = memory(&runtime, &entries);
    let clean = runtime.block_on(store.check(Depth::Full)).unwrap();
    assert!(clean.is_clean() && clean.counts.len() >= 16, "{clean:?}");
    // The key and the value of each record, which the mutations then mix as well.
    let line = |entry: &Entry| [&entry.key[..], b" ", &entry.value].concat();
    let stock = Stock { seeds: entries.iter().map(line).collect(), words: WORDS };
    let name = "a_changed_record_is_found_damaged_or_reads_as_it_is_written";
    Target { name, stock, smoke: 6_000 }.run(|bytes| {
        let Some(at) = bytes.iter().position(|b| *b == b' ') else { return Verdict::Refused };
        let (key, value) = (&bytes[..at], &bytes[at + 1..]);
        if runtime.block_on(store.commit(Commit::new().put(key, value))).is_err() {
            return Verdict::Refused;
        }
        let report = runtime.block_on(store.check(Depth::Full)).unwrap();
        let unread = |flaw: &Flaw| matches!(flaw, Flaw::Damaged | Flaw::Unknown);
        if !report.findings.iter().any(|finding| unread(&finding.what)) {
            reads_as_written(&String::from_utf8_lossy(key), value);
        }
        runtime.block_on(ask(&store));
        runtime.block_on(restore(&store, &entries, key));
        if report.is_clean() { Verdict::Taken } else { Verdict::Refused }
    });
}

/// What a server asks of a store, which may fail and must not panic.
async fn ask(store: &Store) {
    let _ = store.users().list_by_name("", None, 10).await;
    let _ = store.users().list_by_email("", None, 10).await;
    let _ = store.users().admins().await;
    let _ = store.keys().all().await;
    let _ = store.attempts().load(10).await;
    let _ = store.seals().chain().await;
    let _ = store.seals().page(None, 10).await;
    let _ = store.setup().get().await;
    let _ = store.clock().get().await;
    let _ = store.epochs().latest().await;
}

/// As it was before.
async fn restore(store: &Store, entries: &[Entry], key: &[u8]) {
    let before = entries.iter().find(|entry| entry.key == key);
    let commit = match before {
        Some(entry) => Commit::new().put(key, entry.value.clone()),
        None => Commit::new().delete(key),
    };
    store.commit(commit).await.unwrap();
}

/// The record reads, and what was read is written and read again as the same.
fn reads_as_written(key: &str, value: &[u8]) {
    let kind = key.split('/').next().unwrap();
    match kind {
        "user" => same::<User>(value),
        "session" => same::<Session>(value),
        "logins" => same::<UserSessions>(value),
        "link" => same::<Link>(value),
        "key" => same::<SigningKey>(value),
        "event" => same::<Event>(value),
        "seal" => same::<Seal>(value),
        "chain" => same::<Chain>(value),
        "attempt" => same::<Attempt>(value),
        "clock" | "latest" => same::<Timestamp>(value),
        "setup" => same::<TokenHash>(value),
        "name" | "email" => same::<UserId>(value),
        "admins" => same::<u32>(value),
        "epochs" => same::<u64>(value),
        "unsealed" | "expiry" => same::<()>(value),
        // How far an unfinished restore came: its type is the store's own.
        "reviving" => {}
        other => panic!("the kind {other} is not here"),
    }
}

fn same<T: DeserializeOwned + Serialize + PartialEq>(value: &[u8]) {
    let envelope: Value = serde_json::from_slice(value).unwrap();
    assert_eq!(envelope["v"], 1);
    let read: T = serde_json::from_value(envelope["record"].clone()).unwrap();
    let written = serde_json::to_vec(&read).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert!(read == again, "{}", value.escape_ascii());
    assert_eq!(serde_json::to_vec(&again).unwrap(), written);
}
