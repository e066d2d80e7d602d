//! The sealer, retention and whoever verifies, beside a server that works.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use doorkey::auth::{Access, Line};
use doorkey::store::engine::{Commit, Engine, Entry, Write};
use doorkey::store::{Error, EventPlace, Memory};

use super::super::engines::Dawdling;
use super::super::{at_once, begin, hold};
use super::{clean, seal, sealed, seals, verified, verify, write};
use crate::harness::{PASSWORD, Setup};

/// Writes down the keys of each commit and which of them met another one.
#[derive(Default)]
struct Noting {
    memory: Memory,
    commits: Mutex<Vec<Vec<String>>>,
    conflicts: AtomicUsize,
}

#[async_trait]
impl Engine for Noting {
    async fn get(&self, key: &[u8]) -> Result<Option<Entry>, Error> {
        self.memory.get(key).await
    }

    async fn scan(&self, p: &[u8], after: Option<&[u8]>, n: usize) -> Result<Vec<Entry>, Error> {
        self.memory.scan(p, after, n).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), Error> {
        let checked = commit.checks().iter().map(|check| &check.key[..]);
        let keys = checked.chain(commit.writes().iter().map(Write::key));
        let keys = keys.map(|key| String::from_utf8_lossy(key).into_owned()).collect();
        self.commits.lock().unwrap().push(keys);
        let done = self.memory.commit(commit).await;
        if matches!(done, Err(Error::Conflict)) {
            self.conflicts.fetch_add(1, Ordering::SeqCst);
        }
        done
    }
}

/// What the use cases write is theirs alone: the end of the chain is read and written by the
/// sealer only.
#[tokio::test]
async fn no_commit_of_a_use_case_touches_the_chain() {
    let engine = Arc::new(Noting::default());
    let server = Setup { engine: engine.clone(), ..Setup::default() }.start().await;
    let root = server.admin().await;
    let ann = server.user("ann").await;
    server.anonymous().login("ann", "not the password").await.status(401);
    ann.post("/auth/logout").send().await.status(204);
    root.post("/admin/keys/rotate").send().await.status(200);
    server.auth.save(true).await.unwrap();
    let before = engine.commits.lock().unwrap().len();
    server.auth.seal().await.unwrap();
    let commits = engine.commits.lock().unwrap();
    let is_sealers = |key: &String| key == "chain" || key.starts_with("seal/");
    let events = |keys: &Vec<String>| keys.iter().filter(|k| k.starts_with("event/")).count();
    assert!(commits[..before].iter().flatten().all(|key| !is_sealers(key)));
    assert!(commits[..before].iter().map(events).sum::<usize>() >= 7);
    assert!(commits[before..].iter().flatten().any(is_sealers));
    assert!(commits.iter().all(|keys| keys.iter().collect::<HashSet<_>>().len() <= 100));
}

/// Logins, refused ones and logouts in every order, and the sealer among them all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_that_are_written_while_it_seals_are_all_sealed_once() {
    let engine = Dawdling::new(11);
    let server = hold(Setup { engine, ..Setup::default() }.start().await);
    for name in ["ann", "bob", "cid"] {
        server.account(name, &["user"]).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let is_over = stop.clone();
    let sealer = begin(async move {
        let mut sealed = 0;
        while !is_over.load(Ordering::SeqCst) {
            sealed += server.auth.seal().await.unwrap();
        }
        sealed + server.auth.seal().await.unwrap()
    });
    let people = ["ann", "bob", "cid"].into_iter().cycle().take(60);
    let logged_in = at_once(people.map(|name| async move {
        let browser = server.anonymous().logged_in(name).await;
        browser.post("/auth/logout").send().await.status(204);
        server.anonymous().login(name, "not the password").await.status(401);
    }));
    logged_in.await;
    server.auth.save(true).await.unwrap();
    stop.store(true, Ordering::SeqCst);
    let count = sealer.await.unwrap();
    let written = server.store.events().list(None, 10_000).await.unwrap();
    assert!(written.len() > 120 && count == written.len(), "{count} of {}", written.len());
    let report = verify(server).await;
    clean(&report);
    assert_eq!((report.events, report.unsealed), (written.len() as u64, 0));
    assert!(seals(server).await.len() > 3, "it sealed while they worked");
    let mut seen = HashSet::new();
    for number in seals(server).await {
        for event in seal(server, number).await.content.events {
            assert!(seen.insert(EventPlace::from(&event)), "{event:?} is sealed twice");
        }
    }
}

/// Two servers on one store, or a mistake of ours: one of them gives way.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_sealers_at_once_seal_everything_once() {
    let server = hold(Setup { engine: Dawdling::new(5), ..Setup::default() }.start().await);
    write(server, 300).await;
    server.auth.seal().await.unwrap();
    write(server, 300).await;
    let sealed = at_once((0..2).map(|_| async { server.auth.seal().await.unwrap() })).await;
    assert_eq!(sealed.iter().sum::<usize>(), 300);
    let report = verify(server).await;
    clean(&report);
    assert_eq!(report.events, 600);
}

/// Between any two pages the sealer and retention may come by.
#[tokio::test]
async fn a_trail_that_is_sealed_and_swept_while_it_is_read_raises_no_alarm() {
    for at in 0..6 {
        let (server, _) = sealed(2_000).await;
        server.advance(Duration::from_hours(365 * 24 - 1));
        write(&server, 600).await;
        let (mut read, mut cursor, mut pages) = (Vec::<Line>::new(), None, 0);
        loop {
            if pages == at {
                server.advance(Duration::from_hours(2));
                server.auth.sweep().await.unwrap();
                server.auth.seal().await.unwrap();
            }
            write(&server, 3).await;
            if pages % 2 == 1 {
                server.auth.seal().await.unwrap();
            }
            let page = server.auth.trail(&Access::operator(), cursor.as_deref()).await.unwrap();
            read.extend(page.lines);
            pages += 1;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        clean(&verified(read));
        assert!(pages > at, "{pages}");
    }
}

/// A thousand events do not wait for the next round.
#[tokio::test]
async fn many_events_call_for_the_sealer() {
    let server = Setup::default().start().await;
    server.account("ann", &["user"]).await;
    let called = async {
        tokio::select! {
            biased;
            () = server.auth.many_unsealed() => true,
            () = tokio::task::yield_now() => false,
        }
    };
    assert!(!called.await);
    for _ in 0..1_000 {
        server.anonymous().login("ann", PASSWORD).await.status(200);
    }
    server.auth.many_unsealed().await;
    server.auth.seal().await.unwrap();
    clean(&verify(&server).await);
}
