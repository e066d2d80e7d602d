//! A storm of logins against the real binary: 500 connections log in as fast as they are
//! answered, and meanwhile others ask for what needs no password.
//! `cargo bench --bench storm [-- --seconds 30] [-- --connections 500]`
//!
//! Client and server share this machine, so the waits under the storm hold the clients' work
//! too; the waits of the same requests without a storm, in the same run, stand beside them. A
//! client that was refused comes again after 100 ms, although it was told to wait a second.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "common/figures.rs"]
#[expect(dead_code, reason = "there are no rounds here to have a median of")]
mod figures;
#[path = "common/real.rs"]
mod real;

use std::fs;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use figures::{argument, percentile};
use hyper::StatusCode;
use real::{Client, Server, register};
use serde_json::json;
use tokio::task::JoinSet;

/// `passwords.memory`, and what the rest of a busy server may take.
const BUDGET_MIB: u64 = 64 + 40;
const USERS: usize = 50;
const IDLE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);
/// A login is served again this long after the storm.
const RECOVERED_WITHIN: Duration = Duration::from_secs(5);
const PROBES: [&str; 4] = ["/healthz", "/.well-known/jwks.json", "/auth/refresh", "/auth/me"];

fn main() -> ExitCode {
    let connections = argument("--connections").unwrap_or(500);
    let seconds = argument("--seconds").unwrap_or(30);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(storm(connections, Duration::from_secs(seconds)))
}

async fn storm(connections: u64, length: Duration) -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let target = Target::prepare(server.address).await;
    println!("{connections} connections log in for {length:?}; waits in milliseconds");
    let idle_memory = resident_mib(&server);
    let idle = target.probe(IDLE).await;

    let counts = Arc::new(Counts::default());
    let end = Instant::now() + length;
    let mut clients = JoinSet::new();
    for client in 0..connections {
        let user = usize::try_from(client).expect("few") % USERS;
        clients.spawn(log_in_until(end, (server.address, user), Arc::clone(&counts)));
    }
    let probes = target.probe(length);
    let (busy, most) = tokio::join!(probes, most_resident_mib(&server, end));
    clients.join_all().await;
    let recovery = target.recovery().await;
    let after = target.probe(Duration::from_secs(1)).await;
    report(&[&idle, &busy, &after]);
    let memory = [idle_memory, most, resident_mib(&server)];
    verdict(&counts, memory, recovery)
}

fn report([idle, busy, after]: &[&Waits; 3]) {
    println!("{:<26}{:>12}{:>12}{:>12}{:>12}", "p50 / p99", "idle", "storm", "after", "p99 ratio");
    for (index, path) in PROBES.iter().enumerate() {
        let cell = |waits: &Waits| format!("{:.1}/{:.1}", waits.at(index, 50), waits.at(index, 99));
        let ratio = busy.at(index, 99) / idle.at(index, 99).max(0.1);
        println!("{path:<26}{:>12}{:>12}{:>12}{ratio:>12.1}", cell(idle), cell(busy), cell(after));
    }
}

fn verdict(counts: &Counts, [idle, most, after]: [u64; 3], recovery: Option<Duration>) -> ExitCode {
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let (done, busy, odd) = (count(&counts.done), count(&counts.busy), count(&counts.odd));
    println!("logins: {done} done, {busy} answered 503 with Retry-After, {odd} otherwise");
    println!(
        "resident memory: {idle} MiB idle, {most} MiB at most (budget {BUDGET_MIB}), {after} MiB after"
    );
    let recovered = recovery.map_or("not".to_owned(), |took| format!("{} ms", took.as_millis()));
    println!("a login was served again after the storm: {recovered}");
    println!(
        "{}",
        json!({"bench": "storm", "done": done, "busy": busy, "odd": odd, "most_mib": most,
               "after_mib": after, "budget_mib": BUDGET_MIB,
               "recovery_ms": recovery.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX))})
    );
    let good = most <= BUDGET_MIB && odd == 0 && done > 0 && busy > 0 && recovery.is_some();
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How the logins were answered.
#[derive(Default)]
struct Counts {
    done: AtomicU64,
    busy: AtomicU64,
    /// Anything else, a 503 without `Retry-After` too.
    odd: AtomicU64,
}

async fn log_in_until(end: Instant, (address, user): (SocketAddr, usize), counts: Arc<Counts>) {
    let mut client = Client::connect(address).await;
    while Instant::now() < end {
        let answer = client.login(user).await;
        let counter = match (answer.status, answer.retry_after) {
            (StatusCode::OK, _) => &counts.done,
            (StatusCode::SERVICE_UNAVAILABLE, true) => &counts.busy,
            _ => &counts.odd,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if answer.status != StatusCode::OK {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What is asked for beside the storm.
struct Target {
    address: SocketAddr,
    token: String,
    cookie: String,
}

impl Target {
    /// Makes the accounts, and a session for the probes.
    async fn prepare(address: SocketAddr) -> Self {
        register(address, USERS + 1).await;
        // Of an account that the storm leaves alone: a user has 32 sessions at most.
        let login = Client::connect(address).await.login(USERS).await;
        let token = login.body["access_token"].as_str().expect("a token").to_owned();
        Self { address, token, cookie: login.cookie.expect("a cookie") }
    }

    /// Asks for each of [`PROBES`] again and again, one connection each.
    async fn probe(&self, length: Duration) -> Waits {
        let end = Instant::now() + length;
        let each = PROBES.map(|path| self.probe_one(path, end));
        let [a, b, c, d] = each;
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        Waits([a, b, c, d])
    }

    async fn probe_one(&self, path: &'static str, end: Instant) -> Vec<f64> {
        let mut client = Client::connect(self.address).await;
        let bearer = format!("Bearer {}", self.token);
        let mut waits = Vec::new();
        while Instant::now() < end {
            let begun = Instant::now();
            let answer = match path {
                "/auth/refresh" => {
                    client.send(("POST", path), &[("cookie", &self.cookie)], None).await
                }
                _ => client.send(("GET", path), &[("authorization", &bearer)], None).await,
            };
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
            waits.push(begun.elapsed().as_secs_f64() * 1000.0);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waits.sort_by(f64::total_cmp);
        waits
    }

    /// How long after the storm a login is served; `None` when it takes too long.
    async fn recovery(&self) -> Option<Duration> {
        let begun = Instant::now();
        let mut client = Client::connect(self.address).await;
        while begun.elapsed() < RECOVERED_WITHIN {
            if client.login(0).await.status == StatusCode::OK {
                return Some(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

/// Sorted waits of each probe.
struct Waits([Vec<f64>; 4]);

impl Waits {
    fn at(&self, probe: usize, percent: usize) -> f64 {
        percentile(&self.0[probe], percent)
    }
}

fn resident_mib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process()));
    let status = status.expect("Linux, and a server that runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.expect("the kernel says VmRSS") / 1024
}

async fn most_resident_mib(server: &Server, end: Instant) -> u64 {
    let mut most = 0;
    while Instant::now() < end {
        most = most.max(resident_mib(server));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}
