//! A long audit trail: how long does it take to seal, verify and sweep it, and in how much
//! memory? `cargo bench --bench trail -- --events 1000000 [--data DIR]`
//!
//! With `--data` the folder stays, after the verification, for `doorkey audit verify --data DIR`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod common;
#[path = "common/disk.rs"]
mod disk;

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Scale, open_store, start, status_kib};
use disk::disk_bytes;
use doorkey::auth::{Access, Auth, Expected, Line, Verifier};
use doorkey::crypto::{AuditKey, MasterKey, Random};
use doorkey::model::{Actor, Clock, Event, EventKind, Outcome, Timestamp, UserId};
use doorkey::store::Store;
use doorkey::store::engine::Commit;

/// Without `--events`.
const EVENTS: u64 = 100_000;
/// Two keys each, within the limit of a commit.
const BATCH: u64 = 50;
const KEEP_EVENTS: Duration = Duration::from_hours(365 * 24);

#[tokio::main]
async fn main() {
    let events = argument("--events").map_or(EVENTS, |n| n.parse().expect("a number"));
    let kept = argument("--data").map(PathBuf::from);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = kept.clone().unwrap_or_else(|| folder.path().join("data"));
    fs::DirBuilder::new().mode(0o700).create(&data).expect("a data folder that is not there");
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let (random, master) = (Random::system(), master_key(&data));
    let key = master.audit_key();
    let store = open_store(&data, clock.clone());
    let scale = Scale { failures: 0, waiting: 1, keep_events: KEEP_EVENTS };
    let auth = start(master, (store.clone(), clock.clone()), scale).await;
    println!(
        "{:<10}{:>12}{:>10}{:>12}{:>16}{:>12}",
        "", "events", "s", "events/s", "most KiB", "disk KiB"
    );
    let data = data.as_path();
    phase("write", data, write(&store, &clock, (&random, events))).await;
    phase("seal", data, async { auth.seal().await.expect("a store that takes writes") as u64 })
        .await;
    phase("verify", data, verify(&auth, key)).await;
    if kept.is_none() {
        clock.advance(KEEP_EVENTS * 2);
        phase("sweep", data, sweep(&auth, events)).await;
    }
}

/// What stands behind `name`; cargo adds arguments of its own.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

/// Does it and prints how it went; `work` says for how many events.
async fn phase(name: &str, data: &Path, work: impl Future<Output = u64>) {
    // Begins the high-water mark of memory anew.
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
    let start = Instant::now();
    let events = work.await;
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let (rate, disk) = (events * 1000 / millis, disk_bytes(data) / 1024);
    let seconds = format!("{}.{}", millis / 1000, millis % 1000 / 100);
    println!("{name:<10}{events:>12}{seconds:>10}{rate:>12}{:>16}{disk:>12}", status_kib("VmHWM:"));
}

async fn write(store: &Store, clock: &Clock, (random, events): (&Random, u64)) -> u64 {
    for _ in 0..events.div_ceil(BATCH) {
        clock.advance(Duration::from_secs(10));
        let insert = |c: Commit, _| c.and(store.events().insert(&event(clock, random)));
        let commit = (0..BATCH).fold(Commit::new(), insert);
        store.commit(commit).await.expect("a store that takes writes");
    }
    events.div_ceil(BATCH) * BATCH
}

fn event(clock: &Clock, random: &Random) -> Event {
    let user: UserId = random.id();
    Event {
        id: random.id(),
        time: clock.now(),
        kind: EventKind::LoggedIn,
        actor: Actor::User(user),
        user: Some(user),
        session: Some(random.id()),
        ip: Some("192.0.2.1".to_owned()),
        request_id: Some(random.id::<UserId>().to_string()),
        outcome: Outcome::Done,
        detail: None,
        count: 1,
        seal: None,
    }
}

/// As `doorkey audit verify` does, text and all.
async fn verify(auth: &Auth, key: AuditKey) -> u64 {
    let mut verifier = Verifier::new(Some(key), Expected::default());
    let mut cursor = None;
    loop {
        let page = auth.trail(&Access::operator(), cursor.as_deref()).await;
        let page = page.expect("a store that answers");
        let text = serde_json::to_string(&page.lines).expect("plain data");
        let lines: Vec<Line> = serde_json::from_str(&text).expect("what was written");
        for line in lines {
            verifier.take(line);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let report = verifier.finish(false);
    assert_eq!(report.total, 0, "{:?}", report.findings);
    report.events
}

async fn sweep(auth: &Auth, events: u64) -> u64 {
    auth.sweep().await.expect("a store that takes writes");
    let left = auth.trail(&Access::operator(), None).await.expect("a store that answers").lines;
    let is_event = |line: &&Line| matches!(line, Line::Event(_));
    if left.iter().any(|line| is_event(&line)) {
        println!("a call sweeps for 20 s at most: some are left for the next ones");
    }
    events
}

fn master_key(data: &Path) -> MasterKey {
    let key = MasterKey::generate(&Random::system());
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o600).open(data.join("master.key"));
    writeln!(file.expect("a new folder"), "{}", key.to_text().expose()).expect("room on the disk");
    key
}
