//! kill -9 in the middle of a mixed load, again and again on one data folder.

use std::thread;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::check::Depth;
use crate::client::Client;
use crate::load::{ADMIN, ADMIN_PASSWORD, Worker};
use crate::model::Counts;
use crate::report::Report;
use crate::server::{Place, Server};

/// Clients at a time; each has its own accounts.
const CLIENTS: usize = 6;
/// In every so many rounds the server is killed once more while it opens.
const KILL_WHILE_OPENING: usize = 10;
/// How long a load lasts before the kill.
const LOAD: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(1200));

/// STO-03, issue 3.
#[test]
fn nothing_acknowledged_is_lost_and_no_revocation_undone_by_kill_9_under_load() {
    let (rounds, seed) = (number("DOORKEY_KILL_ROUNDS", 8), number("DOORKEY_KILL_SEED", fresh()));
    eprintln!("{rounds} rounds with DOORKEY_KILL_SEED={seed}");
    let place = Place::new();
    let report = Loop::new(&place, seed).run(usize::try_from(rounds).unwrap());
    report.print();
    assert!(report.losses.is_empty(), "{:#?}", report.losses);
    assert!(report.counts.len() >= 9, "hardly anything was tried: {:?}", report.counts);
}

#[expect(clippy::disallowed_methods, reason = "the length of a test is no configuration")]
pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[expect(clippy::disallowed_methods, reason = "other choices in each run")]
fn fresh() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs()
}

/// An empty store with the administrator in it, and the clients logged in.
pub fn start(place: &Place, chance: &mut Chance, clients: usize) -> (Server, Vec<Worker>) {
    place.administrator(ADMIN, ADMIN_PASSWORD);
    let server = place.start().unwrap();
    let mut client = Client::new(server.address);
    let worker = |number| Worker::new(number, Chance::new(chance.next()), &mut client);
    let workers = (0..clients).map(worker).collect();
    (server, workers)
}

struct Loop<'a> {
    place: &'a Place,
    server: Server,
    workers: Vec<Worker>,
    chance: Chance,
    /// How long the last start took.
    opening: Duration,
    report: Report,
}

impl<'a> Loop<'a> {
    fn new(place: &'a Place, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (server, workers) = start(place, &mut chance, CLIENTS);
        let report = Report {
            seed,
            rounds: 0,
            kills_while_opening: 0,
            counts: Counts::new(),
            losses: Vec::new(),
        };
        Self { place, server, workers, chance, opening: Duration::from_millis(100), report }
    }

    /// Ends after so many rounds, or with the first one that shows a loss.
    fn run(mut self, rounds: usize) -> Report {
        for round in 1..=rounds {
            self.report.rounds = round;
            let depth = if round == rounds { Depth::All } else { Depth::Round };
            self = match self.round(round, depth) {
                Ok(next) => next,
                Err(report) => return report,
            };
        }
        self.finish()
    }

    fn round(mut self, round: usize, depth: Depth) -> Result<Self, Report> {
        self.workers.iter_mut().for_each(|worker| worker.model.round = round);
        let wait = self.chance.span(LOAD.0, LOAD.1);
        let Self { server, mut workers, place, mut chance, mut opening, mut report } = self;
        load_and_kill(server, &mut workers, wait);
        if round % KILL_WHILE_OPENING == KILL_WHILE_OPENING / 2 {
            kill_while_opening(place, chance.span(Duration::ZERO, opening));
            report.kills_while_opening += 1;
        }
        let started = Instant::now();
        let server = match place.start() {
            Ok(server) => server,
            Err(said) => {
                report.losses.push(said);
                for worker in &workers {
                    report.add(&worker.counts);
                }
                return Err(report);
            }
        };
        opening = started.elapsed();
        check(&server, &mut workers, depth);
        report.losses.extend(place.verify_trail().err());
        let next = Self { place, server, workers, chance, opening, report };
        next.progress(started, opening);
        let is_good = next.workers.iter().all(|worker| worker.findings.is_empty());
        if is_good && next.report.losses.is_empty() { Ok(next) } else { Err(next.finish()) }
    }

    fn progress(&self, started: Instant, opening: Duration) {
        let round = self.report.rounds;
        if round.is_multiple_of(20) {
            let acknowledged = |w: &Worker| w.counts.values().map(|c| c.acknowledged).sum::<u64>();
            let sum: u64 = self.workers.iter().map(acknowledged).sum();
            let checked = started.elapsed().saturating_sub(opening);
            eprintln!(
                "round {round}: {sum} acknowledged; opened in {opening:.1?}, checked in {checked:.1?}"
            );
        }
    }

    fn finish(self) -> Report {
        let mut report = self.report;
        for worker in self.workers {
            report.add(&worker.counts);
            report.losses.extend(worker.findings);
        }
        report
    }
}

/// Each worker checks what it knows, all at once.
fn check(server: &Server, workers: &mut [Worker], depth: Depth) {
    thread::scope(|scope| {
        for worker in workers {
            let mut client = Client::new(server.address);
            scope.spawn(move || worker.check(depth, &mut client).unwrap());
        }
    });
}

fn load_and_kill(server: Server, workers: &mut [Worker], wait: Duration) {
    thread::scope(|scope| {
        for worker in workers {
            let mut client = Client::new(server.address);
            scope.spawn(move || worker.work(&mut client));
        }
        thread::sleep(wait);
        server.kill();
    });
}

fn kill_while_opening(place: &Place, wait: Duration) {
    let mut child = place.spawn();
    thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}
