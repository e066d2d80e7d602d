//! Stores of very many users with two sessions each: how long does it take to open one, in how much
//! memory, and what does a refresh cost in it?
//! `cargo bench --bench scale -- [--users 100000]...`; without, 10^3, 10^4 and 10^5 users.
//!
//! The store lies on the disk of the build, which is rarely in memory. Each phase is a process of its
//! own, so that memory is that of the phase alone. Half of the sessions live for an hour and are swept
//! a day later, the others live for two days.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod common;
#[path = "common/cpu_time.rs"]
#[expect(dead_code, reason = "all threads work here")]
mod cpu_time;
#[path = "common/disk.rs"]
mod disk;

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use common::{HOUR, Scale, open_store, start, status_kib};
use cpu_time::cpu_of;
use disk::disk_bytes;
use doorkey::auth::{Access, Auth, Client, Credentials, NewUser};
use doorkey::crypto::{MasterKey, Random, fingerprint, hash_secret};
use doorkey::model::{
    Clock, LoginName, PasswordHash, RefreshToken, Role, Secret, Session, SessionId, SessionRef,
    StatusListId, StatusRef, Timestamp, TokenSecret, User, UserId, UserSessions,
};
use doorkey::store::engine::Commit;
use doorkey::store::{Store, Stored};
use tokio::task::JoinSet;

const SCALE: Scale = Scale { failures: 0, waiting: 1, keep_events: HOUR };
const BEGIN: u64 = 1_800_000_000;
/// Users in one commit, of nine keys each; and commits on their way at once.
const IN_COMMIT: u64 = 10;
const AT_ONCE: usize = 64;
/// The sessions that are in use, and how often each is asked for.
const ACTIVE: u64 = 1_000;
const ROUNDS: u64 = 20;
/// Accounts that log in, [`ROUNDS`] times each: fewer than a user may have sessions.
const LOGGING_IN: u64 = 50;
const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$3vL2xkC6sb2FtrTMzXh+NmVSZy1kb29ya2V5LXNjYWxl";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| words.iter().skip_while(move |word| *word != name).nth(1);
    if let (Some(phase), Some(data)) = (after("--phase"), after("--data")) {
        let users = after("--users").and_then(|n| n.parse().ok()).expect("--users");
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        return threads.expect("a runtime").block_on(run(phase, Path::new(data), users));
    }
    let pairs = words.iter().zip(words.iter().skip(1)).filter(|(word, _)| *word == "--users");
    let mut sizes: Vec<u64> =
        pairs.map(|(_, number)| number.parse().expect("a whole number")).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    for users in sizes {
        measure(users);
    }
}

/// All phases, one after the other, on one folder.
fn measure(users: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let data = folder.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).expect("a free name");
    println!("{users} users, {} sessions", 2 * users);
    for phase in ["fill", "open", "serve", "crash", "rebuild", "sweep"] {
        let program = std::env::current_exe().expect("a program");
        let status = Command::new(program)
            .args(["--phase", phase, "--users", &users.to_string(), "--data"])
            .arg(&data)
            .status()
            .expect("a process");
        assert!(status.success() || phase == "crash", "{phase}: {status}");
        if phase == "fill" {
            println!("  disk: {} bytes a user", disk_bytes(&data) / users);
        }
    }
}

async fn run(phase: &str, data: &Path, users: u64) {
    let clock = Clock::manual(Timestamp::from_seconds(BEGIN));
    let begun = Instant::now();
    let store = open_store(data, clock.clone());
    let opened = begun.elapsed();
    match phase {
        "fill" => {
            fill(&store, 0..users).await;
            println!("  filled in {:.1} s", begun.elapsed().as_secs_f64());
        }
        "open" | "rebuild" => {
            let how = if phase == "open" { "a clean stop" } else { "an unclean stop" };
            let ms = opened.as_secs_f64() * 1e3;
            println!("  open after {how}: {ms:.0} ms, resident {:.1} MB", resident_mb());
        }
        "crash" => {
            // More than a snapshot leaves behind, and no orderly end.
            fill(&store, users..users + 1_000).await;
            std::process::abort();
        }
        "serve" => serve(&auth(&store, &clock).await, users).await,
        "sweep" => {
            clock.advance(HOUR * 26);
            let auth = auth(&store, &clock).await;
            sweep(store, &auth, (clock, users)).await;
        }
        other => unreachable!("no phase is called {other}"),
    }
}

async fn auth(store: &Store, clock: &Clock) -> Auth {
    start(master(), (store.clone(), clock.clone()), SCALE).await
}

/// The same in each process.
fn master() -> MasterKey {
    MasterKey::generate(&Random::seeded(1))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn resident_mb() -> f64 {
    status_kib("VmRSS:") as f64 / 1000.0 * 1.024
}

/// 16 bytes that follow from a word and a number.
fn bytes(word: &str, n: u64) -> [u8; 16] {
    fingerprint(&[word.as_bytes(), &n.to_be_bytes()])
}

fn user_id(n: u64) -> UserId {
    UserId::from_bytes(bytes("user", n))
}

/// The refresh token of the session `n`; the user `n / 2` has the sessions `n` and `n + 1`.
fn token(n: u64) -> RefreshToken {
    let secret = [bytes("one", n), bytes("two", n)].concat();
    RefreshToken {
        session: SessionId::from_bytes(bytes("session", n)),
        secret: TokenSecret::from_bytes(secret.try_into().expect("32 bytes")),
    }
}

fn user(n: u64) -> User {
    User {
        id: user_id(n),
        username: LoginName::try_from(format!("user{n}").as_str()).expect("a name"),
        email: None,
        email_verified: false,
        display_name: None,
        roles: [Role::user()].into(),
        disabled: false,
        created_at: Timestamp::from_seconds(BEGIN),
        epoch: 0,
        api_since: 0,
        password: Some(PasswordHash::from_phc(PASSWORD_HASH.to_owned())),
    }
}

fn session(n: u64) -> Session {
    let begin = Timestamp::from_seconds(BEGIN);
    let token = token(n);
    Session {
        id: token.session,
        secret_hash: hash_secret(&token.secret),
        user: user_id(n / 2),
        epoch: 0,
        created_at: begin,
        expires_at: begin.plus(if n.is_multiple_of(2) { HOUR * 48 } else { HOUR }),
        last_used_at: begin,
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
        ip: "192.0.2.1".to_owned(),
        revoked_at: None,
        status: Some(place(n)),
    }
}

/// The place of the session `n` in a status list: half a million in each.
fn place(n: u64) -> StatusRef {
    let list = StatusListId::from_bytes((n >> 19).to_be_bytes());
    StatusRef { list, index: u32::try_from(n & 0x7_ffff).expect("19 bits") }
}

/// A user and its two sessions, as three logins would leave them.
fn account(store: &Store, n: u64) -> Commit {
    let sessions = [2 * n, 2 * n + 1].map(session);
    let refs = sessions.each_ref().map(|s| SessionRef { id: s.id, expires_at: s.expires_at });
    let list = UserSessions { sessions: refs.to_vec(), ..UserSessions::default() };
    let nothing = Stored { value: UserSessions::default(), version: None };
    let [one, two] = sessions.each_ref().map(|s| store.sessions().insert(s));
    let account = store.users().insert(&user(n)).and(one).and(two);
    account.and(store.sessions().set_list(user_id(n), &nothing, &list))
}

async fn fill(store: &Store, users: std::ops::Range<u64>) {
    let mut commits = JoinSet::new();
    let mut next = users.start;
    while next < users.end {
        let end = users.end.min(next + IN_COMMIT);
        let commit = (next..end).fold(Commit::new(), |all, n| all.and(account(store, n)));
        next = end;
        let store = store.clone();
        commits.spawn(async move { store.commit(commit).await.expect("a store that writes") });
        if commits.len() >= AT_ONCE {
            commits.join_next().await;
        }
    }
    commits.join_all().await;
}

/// Microseconds of CPU of each of `times`.
async fn each(times: u64, work: impl AsyncFnOnce()) -> f64 {
    let before = cpu_of("self");
    work().await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let times = times as f64;
    cpu_of("self").saturating_sub(before).as_secs_f64() * 1e6 / times
}

async fn refresh(auth: &Auth, n: u64) -> String {
    let refreshed = auth.refresh(&token(n)).await.expect("a live session");
    refreshed.access.text.expose().to_owned()
}

async fn serve(auth: &Auth, users: u64) {
    let active: Vec<u64> =
        (0..ACTIVE.min(users)).map(|n| 2 * (n * users / ACTIVE.min(users))).collect();
    let count = active.len() as u64;
    let cold = each(count, async || {
        for n in &active {
            refresh(auth, *n).await;
        }
    });
    println!("  refresh, each for the first time: {:.1} us of CPU", cold.await);
    let mut tokens = Vec::new();
    let warm = each(count * ROUNDS, async || {
        for _ in 0..ROUNDS {
            tokens.clear();
            for n in &active {
                tokens.push(refresh(auth, *n).await);
            }
        }
    });
    println!("  refresh, {count} active: {:.1} us of CPU", warm.await);
    let new = each(count, async || {
        for token in &tokens {
            auth.authenticate(token).await.expect("a good token");
        }
    });
    println!("  authenticate, token new: {:.1} us of CPU", new.await);
    let seen = each(count * ROUNDS, async || {
        for _ in 0..ROUNDS {
            for token in &tokens {
                auth.authenticate(token).await.expect("a good token");
            }
        }
    });
    println!("  authenticate, token seen: {:.1} us of CPU", seen.await);
    println!("  login, but for its hash: {:.1} us of CPU", login(auth).await);
    println!("  resident while serving: {:.1} MB", resident_mb());
    let begun = Instant::now();
    auth.rebuild_status_lists().await.expect("the store answers");
    let (took, resident) = (begun.elapsed().as_secs_f64(), resident_mb());
    println!("  all status lists read: {took:.2} s, resident {resident:.1} MB");
}

/// Microseconds of CPU of a login with a hash that costs next to nothing. The accounts of the fill
/// have no password that anybody knows, so these are new ones.
async fn login(auth: &Auth) -> f64 {
    let client = Client { ip: None, user_agent: "scale".to_owned(), request_id: None };
    let form = |n: u64| Credentials {
        username: format!("new{n}"),
        password: Secret::new("correct horse battery staple".to_owned()),
    };
    for n in 0..LOGGING_IN {
        let Credentials { username, password } = form(n);
        let new = NewUser { username, password: Some(password), email: None, roles: None };
        auth.create_user(&Access::operator(), new, &client).await.expect("a free name");
    }
    let logins = each(LOGGING_IN * ROUNDS, async || {
        for n in 0..LOGGING_IN * ROUNDS {
            auth.login(form(n % LOGGING_IN), None, &client).await.expect("a login");
        }
    });
    logins.await
}

/// Half of the sessions have expired; refreshes go on meanwhile.
async fn sweep(store: Store, auth: &Auth, (clock, users): (Clock, u64)) {
    let mut sweeping = JoinSet::new();
    sweeping.spawn(async move {
        let (begun, mut records) = (Instant::now(), 0);
        loop {
            let swept = store.sweep(clock.now()).await.expect("a store that writes");
            records += swept.records;
            if !swept.more {
                return (records, begun.elapsed());
            }
        }
    });
    let (mut waits, mut n) = (Vec::new(), 0);
    let (records, took) = loop {
        let begun = Instant::now();
        refresh(auth, 2 * (n % users)).await;
        waits.push(begun.elapsed());
        n += 7;
        if let Some(swept) = sweeping.try_join_next() {
            break swept.expect("no panic");
        }
        tokio::task::yield_now().await;
    };
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!(
        "  swept {records} records in {:.1} s; refresh meanwhile p50 {:.0} us, p99 {:.0} us, most {:.0} us",
        took.as_secs_f64(),
        at(50),
        at(99),
        at(100),
    );
}
