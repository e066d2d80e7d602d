//! Token Status Lists at scale: the memory of the table, the bytes that verifiers fetch, and what
//! it costs to make them.
//!
//! ```text
//! cargo bench --bench status-list -- --sessions 1000000 --ended 10
//! cargo bench --bench status-list -- --stored 100000
//! ```
//! Without arguments 10,000, 100,000 and 1,000,000 live sessions, of which 0, 1 and 10 % have ended.
//! With `--stored` how long the lists take to be read from a store of so many users with a session
//! each, which happens behind a start, and by how much the process grows.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it found")]

mod common;

use std::time::{Duration, Instant};

use common::{HOUR, Scale, open_store, start, status_kib};
use doorkey::auth::StatusLists;
use doorkey::crypto::{KeyPair, MasterKey, Random, StatusList, sign_status_list};
use doorkey::model::{
    Algorithm, Clock, LoginName, Roles, Session, StatusListId, StatusRef, Timestamp, TokenHash,
    User,
};
use doorkey::store::engine::Commit;
use doorkey::store::{Store, Watch as _};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const KIB: u64 = 1024;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut sessions, mut ended) = (vec![10_000, 100_000, 1_000_000], vec![0, 1, 10]);
    while let Some(name) = args.next() {
        let number = args.next().and_then(|text| text.parse().ok()).expect("a number behind it");
        match name.as_str() {
            "--sessions" => sessions = vec![number],
            "--ended" => ended = vec![number],
            "--stored" => return read(number),
            other => unreachable!("{other} is none of --sessions, --ended, --stored"),
        }
    }
    println!(
        " sessions  ended  lists  table KiB  process KiB   take ns  fetched KiB  make ms  largest ms  sign alone ms"
    );
    for sessions in sessions {
        for ended in &ended {
            measure(sessions, *ended);
        }
    }
}

/// Lists with so many sessions, of which so many in a hundred have ended.
fn measure(sessions: usize, percent: usize) {
    let (clock, random) = (Clock::manual(NOW), Random::system());
    let before = status_kib("VmRSS:");
    let lists = StatusLists::new(clock, Duration::from_mins(1));
    let started = Instant::now();
    let places: Vec<StatusRef> = (0..sessions)
        .map(|_| lists.take(NOW.plus(HOUR), &random).expect("there is room"))
        .collect();
    let take = started.elapsed();
    let own = u64::try_from(places.len() * size_of::<StatusRef>()).expect("a size") / KIB;
    let process = status_kib("VmRSS:").saturating_sub(before + own);
    // Those of all times alike, as logouts come: their bits lie scattered.
    let dead: Vec<StatusRef> = match 100_usize.checked_div(percent) {
        Some(each) => places.iter().step_by(each).copied().collect(),
        None => Vec::new(),
    };
    lists.ended(&dead, true);
    let load = lists.load();
    let made = make_all(&lists, &places);
    println!(
        "{sessions:>9} {percent:>5}% {:>6} {:>10} {process:>12} {:>9} {:>12} {:>8.1} {:>11.1} {:>14.2}",
        load.lists,
        load.bytes / 1024,
        take.as_nanos() / u128::try_from(sessions).expect("a count"),
        made.bytes / 1024,
        made.all.as_secs_f64() * 1e3,
        made.largest.as_secs_f64() * 1e3,
        made.signature.as_secs_f64() * 1e3,
    );
}

/// What it takes to make every list once, on one thread.
struct Made {
    bytes: usize,
    all: Duration,
    largest: Duration,
    signature: Duration,
}

fn make_all(lists: &StatusLists, places: &[StatusRef]) -> Made {
    let key = KeyPair::generate(Algorithm::Es256).expect("a key");
    let names: std::collections::BTreeSet<StatusListId> = places
        .iter()
        .map(|place| place.list)
        .collect::<std::collections::HashSet<_>>()
        .into_iter()
        .collect();
    let mut made =
        Made { bytes: 0, all: Duration::ZERO, largest: Duration::ZERO, signature: Duration::ZERO };
    for name in names {
        let bits = lists.bits(name).expect("a list that was given out");
        let (text, took) = sign(&key, name, &bits);
        made.bytes += text.len();
        made.all += took;
        made.largest = made.largest.max(took);
    }
    made.signature = sign(&key, StatusListId::from_bytes([0; 8]), &[]).1;
    made
}

fn sign(key: &KeyPair, name: StatusListId, bits: &[u8]) -> (String, Duration) {
    let uri = StatusRef::uri("https://auth.example.org", name);
    let list = StatusList { uri: &uri, bits, issued_at: NOW, ttl: Duration::from_mins(1) };
    let started = Instant::now();
    let text = sign_status_list(key, &list).expect("a signed list");
    (text, started.elapsed())
}

/// Reads the lists of a store of so many users with a session each.
fn read(users: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(read_stored(users));
}

async fn read_stored(users: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (clock, random) = (Clock::manual(NOW), Random::system());
    let store = open_store(&folder.path().join("data"), clock.clone());
    fill(&store, users, &random).await;
    let scale = Scale { failures: 0, waiting: 1, keep_events: HOUR };
    let auth = start(MasterKey::generate(&random), (store, clock), scale).await;
    let (before, started) = (status_kib("VmRSS:"), Instant::now());
    auth.rebuild_status_lists().await.expect("the store answers");
    let (took, grown) = (started.elapsed(), status_kib("VmRSS:").saturating_sub(before));
    let load = auth.status_lists().load();
    println!(
        "{users} sessions read in {:.2} s, {:.1} us each; {} lists of {} KiB; the process grew by \
         {grown} KiB, the engine's cache among it",
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / f64::from(u32::try_from(users).expect("not so many")),
        load.lists,
        load.bytes / 1024
    );
    assert_eq!(load.taken, users);
}

/// How many users are written in one commit, four keys each.
const BATCH: usize = 25;

async fn fill(store: &Store, users: usize, random: &Random) {
    let lists = StatusLists::new(Clock::manual(NOW), Duration::from_mins(1));
    for batch in 0..users.div_ceil(BATCH) {
        let mut commit = Commit::new();
        for number in batch * BATCH..users.min((batch + 1) * BATCH) {
            let user = user(number, random);
            let place = lists.take(NOW.plus(HOUR), random).expect("there is room");
            let session = session(&user, place, random);
            commit = commit.and(store.users().insert(&user)).and(store.sessions().insert(&session));
        }
        store.commit(commit).await.expect("room on the disk");
    }
}

fn user(number: usize, random: &Random) -> User {
    User {
        id: random.id(),
        username: LoginName::try_from(format!("user{number}")).expect("a name"),
        email: None,
        email_verified: false,
        display_name: None,
        roles: Roles::default(),
        disabled: false,
        created_at: NOW,
        epoch: 1,
        api_since: 0,
        password: None,
    }
}

fn session(user: &User, place: StatusRef, random: &Random) -> Session {
    Session {
        id: random.id(),
        secret_hash: TokenHash::from_bytes([7; 32]),
        user: user.id,
        epoch: user.epoch,
        created_at: NOW,
        expires_at: NOW.plus(HOUR),
        last_used_at: NOW,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
            .to_owned(),
        ip: "192.0.2.1".to_owned(),
        revoked_at: None,
        status: Some(place),
    }
}
