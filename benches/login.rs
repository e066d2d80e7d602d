//! Logins against the real binary beside bare argon2 on as many threads as there are cores, and
//! what a refresh waits meanwhile: how much of a login is anything but its hash?
//! `cargo bench --bench login [-- --seconds 5] [-- --rounds 5] [-- --connections 8]`
//!
//! Rounds of refreshes alone, of bare hashing and of logins alternate. The client has a share of
//! the same cores, so that the rates say a little less of the server than is true; the ratio of the
//! CPU times has nothing of the client and bears a busy neighbour.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "common/cpu_time.rs"]
mod cpu_time;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/real.rs"]
#[expect(dead_code, reason = "bodies and refusals are not looked at")]
mod real;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use cpu_time::{cpu, cpu_of};
use doorkey::crypto::Argon2Params;
use figures::{argument, median, percentile};
use hyper::StatusCode;
use real::{Client, PASSWORD, Server, register};
use serde_json::json;
use tokio::task::JoinSet;

/// A user has 32 sessions at most; from then on a login ends one, too.
const USERS: usize = 64;
/// Between two refreshes.
const PAUSE: Duration = Duration::from_millis(25);

fn main() {
    let rounds = argument("--rounds").unwrap_or(5);
    let round = Duration::from_secs_f64(argument("--seconds").unwrap_or(5.0));
    let connections = argument("--connections").unwrap_or(8);
    // One thread: the client is to be cheap.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(folder.path());
    let cookie = runtime.block_on(prepare(server.address));
    println!("{rounds} rounds of {round:?}: {} threads, {connections} connections", cores());
    println!(
        "{:>10}{:>10}{:>8}{:>18}{:>19}{:>8}{:>20}",
        "hashes/s",
        "logins/s",
        "ratio",
        "CPU ms of a hash",
        "CPU ms of a login",
        "ratio",
        "client, % of a core"
    );
    let (mut works, mut idle, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        idle.extend(runtime.block_on(refreshes(server.address, &cookie, Instant::now() + round)));
        let bare = hashes(round);
        let asked = logins(&server, &cookie, (round, connections));
        let Logins { work: login, client, waits } = runtime.block_on(asked);
        busy.extend(waits);
        row(&bare, &login, client);
        works.push((bare, login));
    }
    report(&works, &sorted(idle), &sorted(busy));
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Makes the accounts. The answer is the cookie of one that nobody else logs in to.
async fn prepare(address: SocketAddr) -> String {
    register(address, USERS + 1).await;
    let login = Client::connect(address).await.login(USERS).await;
    login.cookie.expect("a cookie")
}

/// What was done in a round.
struct Work {
    per_second: f64,
    /// CPU time of each, in milliseconds.
    cpu: f64,
}

impl Work {
    fn new(done: u32, took: Duration, cpu: Duration) -> Self {
        let done = f64::from(done);
        Self { per_second: done / took.as_secs_f64(), cpu: cpu.as_secs_f64() * 1e3 / done }
    }
}

fn row(bare: &Work, login: &Work, client: f64) {
    println!(
        "{:>10.1}{:>10.1}{:>8.3}{:>18.2}{:>19.2}{:>8.3}{:>20.1}",
        bare.per_second,
        login.per_second,
        login.per_second / bare.per_second,
        bare.cpu,
        login.cpu,
        login.cpu / bare.cpu,
        client * 100.0
    );
}

fn report(works: &[(Work, Work)], idle: &[f64], busy: &[f64]) {
    let rate = median(works.iter().map(|(bare, login)| login.per_second / bare.per_second));
    let cpu = median(works.iter().map(|(bare, login)| login.cpu / bare.cpu));
    println!("logins do {:.1} % of what bare argon2 does (at least 95)", rate * 100.0);
    println!("a login takes {cpu:.3} times the CPU of a bare hash");
    let at = |waits: &[f64]| [50, 99].map(|percent| percentile(waits, percent));
    let ([idle_50, idle_99], [busy_50, busy_99]) = (at(idle), at(busy));
    println!(
        "refresh, p50 and p99: {idle_50:.2} and {idle_99:.2} ms idle, {busy_50:.2} and {busy_99:.2} ms \
         under logins; p99 {:.1} times idle (under 5)",
        busy_99 / idle_99
    );
    println!(
        "{}",
        json!({"bench": "login", "rate_ratio": rate, "cpu_ratio": cpu, "refreshes": [idle.len(), busy.len()],
               "idle_p50_ms": idle_50, "idle_p99_ms": idle_99, "busy_p50_ms": busy_50, "busy_p99_ms": busy_99})
    );
}

fn sorted(mut waits: Vec<f64>) -> Vec<f64> {
    waits.sort_by(f64::total_cmp);
    waits
}

/// Bare argon2 with the server's parameters, on all cores.
fn hashes(round: Duration) -> Work {
    let begun = Instant::now();
    let hashers: Vec<_> =
        (0..cores()).map(|_| thread::spawn(move || hash_until(begun + round))).collect();
    let each = hashers.into_iter().map(|hasher| hasher.join().expect("no panic"));
    let (done, cpu) = each.fold((0, Duration::ZERO), |all, one| (all.0 + one.0, all.1 + one.1));
    Work::new(done, begun.elapsed(), cpu)
}

/// How many, and the CPU time of this thread.
fn hash_until(end: Instant) -> (u32, Duration) {
    let Argon2Params { memory_kib, iterations, parallelism } = Argon2Params::default();
    let params = Params::new(memory_kib, iterations, parallelism, None).expect("good parameters");
    let mut blocks = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut output, mut done, before) = ([0; 32], 0_u32, cpu());
    while Instant::now() < end {
        let (password, salt) = (PASSWORD.as_bytes(), [7; 16]);
        let made = argon2.hash_password_into_with_memory(password, &salt, &mut output, &mut blocks);
        made.expect("a hash");
        done += 1;
    }
    (done, cpu().saturating_sub(before))
}

/// What came of a round of logins.
struct Logins {
    work: Work,
    /// What the client took, in cores.
    client: f64,
    /// Of the refreshes beside them, in milliseconds.
    waits: Vec<f64>,
}

/// Logins on so many connections, and the waits of refreshes beside them.
async fn logins(server: &Server, cookie: &str, (round, connections): (Duration, usize)) -> Logins {
    let now = || [server.process().as_str(), "self"].map(cpu_of);
    let (before, begun) = (now(), Instant::now());
    let end = begun + round;
    let mut clients = JoinSet::new();
    for first in 0..connections {
        clients.spawn(log_in_until(end, server.address, (first, connections)));
    }
    let (waits, done) = tokio::join!(refreshes(server.address, cookie, end), clients.join_all());
    let (took, after) = (begun.elapsed(), now());
    let [server_cpu, client_cpu] = [0, 1].map(|of| after[of].saturating_sub(before[of]));
    let work = Work::new(done.into_iter().sum(), took, server_cpu);
    Logins { work, client: client_cpu.as_secs_f64() / took.as_secs_f64(), waits }
}

/// Logs in to each `step`th account in turn.
async fn log_in_until(end: Instant, address: SocketAddr, (first, step): (usize, usize)) -> u32 {
    let mut client = Client::connect(address).await;
    let (mut done, mut user) = (0, first);
    while Instant::now() < end {
        let answer = client.login(user % USERS).await;
        assert_eq!(answer.status, StatusCode::OK, "a login");
        done += 1;
        user += step;
    }
    done
}

/// Refreshes now and then; their waits in milliseconds.
async fn refreshes(address: SocketAddr, cookie: &str, end: Instant) -> Vec<f64> {
    let mut client = Client::connect(address).await;
    let mut waits = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        let answer = client.send(("POST", "/auth/refresh"), &[("cookie", cookie)], None).await;
        assert_eq!(answer.status, StatusCode::OK, "a refresh");
        waits.push(begun.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(PAUSE).await;
    }
    waits
}
