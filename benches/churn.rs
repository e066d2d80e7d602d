//! Session logins and logouts without end, on an accelerated clock: do memory and disk stay
//! bounded? `cargo bench --bench churn -- --logins 1000000`
//!
//! Each hour of the clock has a thousand logins by a fixed number of users. Three of four
//! sessions are logged out, the others are used once more and expire. After each hour the
//! server's own background work runs.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod common;
#[path = "common/disk.rs"]
mod disk;

use std::collections::VecDeque;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Scale, open_store, start, status_kib};
use disk::disk_bytes;
use doorkey::auth::{Auth, Client, Credentials, Registration};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Clock, RefreshToken, Secret, Timestamp};
use tokio::task::JoinSet;

const USERS: usize = 1_000;
const TASKS: usize = 64;
const HOUR: Duration = common::HOUR;
const LOGINS_AN_HOUR: usize = 1_000;
const SESSION_HOURS: u32 = common::SESSION_HOURS;
/// One of so many sessions is left to expire.
const LEFT_TO_EXPIRE: usize = 4;
/// The audit trail is short, so that it comes to its full length early.
const KEEP_EVENTS: Duration = Duration::from_hours(24);
/// Without `--logins`; the engine's file comes to its size within the first quarter.
const LOGINS: usize = 200_000;
const PASSWORD: &str = "correct horse battery staple";
/// How much more the last quarter may need than the second one.
const BOUND: f64 = 1.25;
const ROWS: usize = 20;

fn main() -> ExitCode {
    let hours = logins().div_ceil(LOGINS_AN_HOUR);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let samples = runtime.expect("a runtime").block_on(churn(folder.path(), hours));
    verdict(&samples)
}

/// What `--logins` says; cargo adds arguments of its own.
fn logins() -> usize {
    let mut args = std::env::args().skip_while(|arg| arg != "--logins").skip(1);
    args.next().map_or(LOGINS, |number| number.parse().expect("--logins takes a number"))
}

/// What there was at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    logins: usize,
    live_sessions: usize,
    resident_kib: u64,
    disk_kib: u64,
}

async fn churn(folder: &Path, hours: usize) -> Vec<Sample> {
    let data = folder.join("data");
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let scale = Scale { failures: 0, waiting: 2 * TASKS, keep_events: KEEP_EVENTS };
    let auth = start(
        MasterKey::generate(&Random::system()),
        (open_store(&data, clock.clone()), clock.clone()),
        scale,
    )
    .await;
    let auth = Arc::new(auth);
    register_users(&auth).await;
    println!(
        "{:>10}{:>10}{:>14}{:>16}{:>14}{:>10}",
        "logins", "hours", "live sessions", "resident KiB", "disk KiB", "logins/s"
    );
    let (mut live, mut samples) = (VecDeque::new(), Vec::with_capacity(hours));
    let started = Instant::now();
    for hour in 1..=hours {
        let kept = one_hour(&auth, hour).await;
        clock.advance(HOUR);
        use_once(&auth, &kept).await;
        auth.save(false).await.expect("a store that takes writes");
        auth.seal().await.expect("a store that takes writes");
        auth.sweep().await.expect("a store that takes writes");
        live.push_back(kept.len());
        // A session of the hour that ended just now has lived one hour.
        if live.len() >= usize::try_from(SESSION_HOURS).expect("a small number") {
            live.pop_front();
        }
        samples.push(sample(hour * LOGINS_AN_HOUR, live.iter().sum(), &data));
        if hour.is_multiple_of((hours / ROWS).max(1)) || hour == hours {
            row(samples[hour - 1], hour, started);
        }
    }
    samples
}

fn client() -> Client {
    Client {
        ip: Some([192, 0, 2, 1].into()),
        user_agent: "churn".to_owned(),
        request_id: Some("churn".to_owned()),
    }
}

fn password() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

async fn register_users(auth: &Auth) {
    for user in 0..USERS {
        let form = Registration { username: name(user), password: password(), email: None };
        auth.register(form, &client()).await.expect("a free name");
    }
}

fn name(user: usize) -> String {
    format!("user-{user}")
}

/// The logins and logouts of one hour, by all tasks at once; the sessions that are left.
async fn one_hour(auth: &Arc<Auth>, hour: usize) -> Vec<RefreshToken> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let auth = Arc::clone(auth);
        tasks.spawn(async move {
            let mut kept = Vec::new();
            for login in (task..LOGINS_AN_HOUR).step_by(TASKS) {
                // Spread over all users, a different one each time.
                let user = (hour * 7 + login * 13) % USERS;
                kept.extend(log_in_and_out(&auth, user, login % LEFT_TO_EXPIRE == 0).await);
            }
            kept
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

async fn log_in_and_out(auth: &Auth, user: usize, keep: bool) -> Option<RefreshToken> {
    let credentials = Credentials { username: name(user), password: password() };
    let login = Box::pin(auth.login(credentials, None, &client())).await;
    let token = login.expect("the right password").refresh;
    if keep {
        return Some(token);
    }
    auth.logout(&token, &client()).await.expect("a store that takes writes");
    None
}

/// An hour later their browsers come back, which is noted and written with the next save.
async fn use_once(auth: &Auth, tokens: &[RefreshToken]) {
    for token in tokens {
        auth.refresh(token).await.expect("a session that lives 12 hours");
    }
}

fn sample(logins: usize, live_sessions: usize, data: &Path) -> Sample {
    Sample {
        logins,
        live_sessions,
        resident_kib: status_kib("VmRSS:"),
        disk_kib: disk_bytes(data) / 1024,
    }
}

fn row(sample: Sample, hour: usize, started: Instant) {
    let Sample { logins, live_sessions, resident_kib, disk_kib } = sample;
    let millis = usize::try_from(started.elapsed().as_millis()).unwrap_or(usize::MAX).max(1);
    let rate = logins * 1000 / millis;
    println!("{logins:>10}{hour:>10}{live_sessions:>14}{resident_kib:>16}{disk_kib:>14}{rate:>10}");
}

/// Compares the last quarter with the second one: the first is the way up.
fn verdict(samples: &[Sample]) -> ExitCode {
    let quarter = samples.len() / 4;
    if quarter == 0 {
        println!("too short for a verdict");
        return ExitCode::SUCCESS;
    }
    let most = |part: &[Sample], of: fn(&Sample) -> u64| part.iter().map(of).max().unwrap_or(0);
    let ratio = |of: fn(&Sample) -> u64| {
        let then = most(&samples[quarter..2 * quarter], of);
        let now = most(&samples[samples.len() - quarter..], of);
        as_f64(now) / as_f64(then.max(1))
    };
    let (memory, disk) = (ratio(|s| s.resident_kib), ratio(|s| s.disk_kib));
    let bounded = memory <= BOUND && disk <= BOUND;
    let word = if bounded { "bounded" } else { "NOT bounded" };
    println!("{word}: last quarter to second quarter, memory {memory:.2}, disk {disk:.2}");
    if bounded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// KiB of a machine; more than 4 TiB read as 4 TiB.
fn as_f64(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX))
}
