//! Failed logins from very many networks: does the memory of the throttle stay bounded?
//! `cargo bench --bench siege -- --addresses 1000000`
//!
//! Each attempt comes from a network of its own and names one of many accounts, half of which
//! exist. Every ten thousand attempts the clock goes on by ten seconds and the server's own
//! background work runs.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod common;

use std::net::{IpAddr, Ipv6Addr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{HOUR, Scale, open_store, start, status_kib};
use doorkey::auth::{Auth, Client, Credentials, Error, Registration};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Clock, Secret, Timestamp};
use tokio::task::JoinSet;

const ADDRESSES: u64 = 1_000_000;
const ACCOUNTS: u64 = 2_000;
const TASKS: u64 = 64;
const STEP: u64 = 10_000;
const STEP_TIME: Duration = Duration::from_secs(10);
/// The four tables of the throttle at their fullest, the events and counts that wait to be
/// written, and the engine's own cache.
const BOUND_MIB: u64 = 128;

fn main() -> ExitCode {
    let mut args = std::env::args().skip_while(|arg| arg != "--addresses").skip(1);
    let addresses = args.next().map_or(ADDRESSES, |n| n.parse().expect("a whole number"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let grown = runtime.expect("a runtime").block_on(siege(addresses));
    let is_bounded = grown <= BOUND_MIB * 1024;
    let word = if is_bounded { "bounded" } else { "NOT bounded" };
    println!(
        "{word}: {} MiB more than before the first attempt, at most {BOUND_MIB}",
        grown / 1024
    );
    if is_bounded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// By how many KiB the process grew at most.
async fn siege(addresses: u64) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let store = open_store(&folder.path().join("data"), clock.clone());
    let waiting = usize::try_from(2 * TASKS).expect("few");
    let scale = Scale { failures: 5, waiting, keep_events: 24 * HOUR };
    let auth = Arc::new(
        start(MasterKey::generate(&Random::system()), (store, clock.clone()), scale).await,
    );
    register_half(&auth).await;
    let before = status_kib("VmRSS:");
    let (mut most, started) = (before, Instant::now());
    println!("{:>10}{:>16}{:>12}", "addresses", "resident KiB", "attempts/s");
    for step in 0..addresses.div_ceil(STEP) {
        attempts(&auth, step * STEP).await;
        clock.advance(STEP_TIME);
        auth.save(false).await.expect("a store that takes writes");
        auth.sweep().await.expect("a store that takes writes");
        let now = status_kib("VmRSS:");
        most = most.max(now);
        if (step + 1).is_multiple_of((addresses / STEP / 10).max(1)) {
            let done = (step + 1) * STEP;
            let rate = u128::from(done) * 1000 / started.elapsed().as_millis().max(1);
            println!("{done:>10}{now:>16}{rate:>12}");
        }
    }
    most - before
}

async fn register_half(auth: &Auth) {
    for account in (0..ACCOUNTS).step_by(2) {
        let password = Secret::new("correct horse battery staple".to_owned());
        let form = Registration { username: name(account), password, email: None };
        auth.register(form, &from(u64::from(u32::MAX))).await.expect("a free name");
    }
}

fn name(account: u64) -> String {
    format!("user-{account}")
}

/// A client in the /48 with this number.
fn from(network: u64) -> Client {
    let ip = Ipv6Addr::from((0x2_u128 << 124) ^ (u128::from(network) << 80) ^ 1);
    Client {
        ip: Some(IpAddr::V6(ip)),
        user_agent: "siege".to_owned(),
        request_id: Some("siege".to_owned()),
    }
}

/// [`STEP`] failed logins, each from the next network.
async fn attempts(auth: &Arc<Auth>, first: u64) {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let auth = Arc::clone(auth);
        tasks.spawn(async move {
            for attempt in
                (first + task..first + STEP).step_by(usize::try_from(TASKS).expect("few"))
            {
                let password = Secret::new("not the right one".to_owned());
                let username = name(attempt * 7 % ACCOUNTS);
                let client = from(attempt);
                let login = auth.login(Credentials { username, password }, None, &client);
                let error = Box::pin(login).await.err();
                // Not one is refused before its password was looked at.
                assert!(matches!(error, Some(Error::InvalidCredentials(_))), "{error:?}");
            }
        });
    }
    tasks.join_all().await;
}
