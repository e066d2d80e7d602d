//! Commits a second through the engine beside what the disk itself can do, an append of a frame of
//! the same size and an `fdatasync`, one after the other, and beside SQLite with the same records
//! (`benches/peers/sqlite.mjs`: WAL, synchronous=FULL, one writer, a transaction for each commit).
//! `cargo bench --bench commits [-- --folder DIR] [-- --seconds N]`. Needs node and npm for SQLite,
//! without which it is left out, loudly.
//!
//! Rounds of all three alternate, because the speed of a shared disk changes from minute to minute;
//! the table shows medians, of ratios too. A commit sets five keys, as a login does. At one caller
//! every commit waits for a sync of its own; more callers share one.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "common/cpu_time.rs"]
#[expect(dead_code, reason = "the engine has threads of its own")]
mod cpu_time;
#[path = "common/figures.rs"]
mod figures;
#[path = "common/sqlite.rs"]
mod sqlite;

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpu_time::cpu_of;
use doorkey::model::Clock;
use doorkey::store::engine::{Commit, Engine as _};
use doorkey::store::{Sled, SledOptions};
use figures::{argument, median};
use serde_json::{Value, json};
use sqlite::{Done, Shape, Sqlite};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CALLERS: [u32; 4] = [1, 8, 64, 256];
const KEYS: u32 = 5;
const VALUE_BYTES: usize = 270;
/// Each caller writes its own keys, so many, again and again.
const KEYS_OF_A_CALLER: u32 = 1_000;
/// Keys, values and what surrounds them, as the engine frames a commit.
const FRAME_BYTES: usize = 1_500;
const ROUNDS: usize = 5;
/// How long one round lasts, in seconds, without `--seconds`.
const SECONDS: f64 = 1.0;

fn main() {
    let place = tempfile::tempdir_in(folder()).expect("a folder that can be written");
    let round = Duration::from_secs_f64(argument("--seconds").unwrap_or(SECONDS));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let mut bench = Bench::new(place.path(), round, runtime.expect("a runtime"));
    println!("{ROUNDS} rounds of {round:?} for each number of callers, in {}", folder().display());
    let mut rows = CALLERS.map(|callers| Row { callers, samples: Vec::new() });
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.samples.push(bench.sample(row.callers));
        }
    }
    table(&rows);
    targets(&rows);
    let about = json!({"keys": KEYS, "value_bytes": VALUE_BYTES, "frame_bytes": FRAME_BYTES});
    let rows: Vec<Value> = rows.iter().map(Row::json).collect();
    println!("{}", json!({"bench": "commits", "commit": about, "rows": rows}));
}

/// The disk to measure: that of `--folder`, else that of the build, which is rarely in memory.
fn folder() -> PathBuf {
    argument("--folder").unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")))
}

fn table(rows: &[Row]) {
    println!(
        "{:>8}{:>12}{:>10}{:>10}{:>14}{:>15}{:>18}{:>16}",
        "callers",
        "commits/s",
        "bare/s",
        "SQLite/s",
        "engine/bare",
        "engine/SQLite",
        "CPU us a commit",
        "SQLite CPU us"
    );
    for row in rows {
        println!(
            "{:>8}{:>12.0}{:>10.0}{:>10.0}{:>14.2}{:>15.2}{:>18.0}{:>16.0}",
            row.callers,
            row.median(Sample::engine),
            row.median(Sample::bare),
            row.median(Sample::sqlite),
            row.median(|sample| sample.engine / sample.bare),
            row.median(|sample| sample.engine / sample.sqlite()),
            row.median(Sample::cpu),
            row.median(Sample::sqlite_cpu),
        );
    }
}

/// What issue 7 asks for. Where SQLite is left out, its ratios are no numbers.
fn targets(rows: &[Row; CALLERS.len()]) {
    let [one, _, many, _] = rows;
    let pairs = one.samples.iter().zip(&many.samples);
    let bare = one.median(|sample| sample.bare / sample.engine);
    println!("one caller's commit takes {bare:.2} bare appends (at most 1.5)");
    let group = median(pairs.map(|(one, many)| many.engine / one.engine));
    println!("64 callers commit {group:.1} times as often as one (at least 4)");
    let ratio = |row: &Row| row.median(|sample| sample.engine / sample.sqlite());
    println!(
        "of SQLite's rate: {:.2} at one caller, {:.2} at 64 (at least 1)",
        ratio(one),
        ratio(many)
    );
}

struct Bench {
    engine: Arc<Sled>,
    bare: Bare,
    sqlite: Option<Sqlite>,
    round: Duration,
    runtime: Runtime,
}

/// One round of each.
struct Sample {
    /// Commits a second.
    engine: f64,
    /// Microseconds of CPU for each, of callers and engine.
    cpu: f64,
    /// Appends a second.
    bare: f64,
    sqlite: Option<Done>,
}

impl Sample {
    fn engine(&self) -> f64 {
        self.engine
    }

    fn cpu(&self) -> f64 {
        self.cpu
    }

    fn bare(&self) -> f64 {
        self.bare
    }

    fn sqlite(&self) -> f64 {
        self.sqlite.map_or(f64::NAN, |done| done.commits_per_second)
    }

    fn sqlite_cpu(&self) -> f64 {
        self.sqlite.map_or(f64::NAN, |done| done.cpu_micros)
    }
}

/// All rounds of one number of callers.
struct Row {
    callers: u32,
    samples: Vec<Sample>,
}

impl Row {
    fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of))
    }

    fn json(&self) -> Value {
        let rounded = |of: fn(&Sample) -> f64| self.median(of).round();
        let ratio = |of: fn(&Sample) -> f64| (self.median(of) * 100.0).round() / 100.0;
        json!({
            "callers": self.callers,
            "commits_per_second": rounded(Sample::engine),
            "bare_per_second": rounded(Sample::bare),
            "sqlite_per_second": rounded(Sample::sqlite),
            "ratio": ratio(|sample| sample.engine / sample.bare),
            "ratio_to_sqlite": ratio(|sample| sample.engine / sample.sqlite()),
            "cpu_micros_per_commit": rounded(Sample::cpu),
            "sqlite_cpu_micros_per_commit": rounded(Sample::sqlite_cpu),
        })
    }
}

impl Bench {
    fn new(place: &Path, round: Duration, runtime: Runtime) -> Self {
        let options = SledOptions::new(Clock::system());
        let engine = Sled::open(&place.join("data"), options).expect("an empty store");
        let shape =
            Shape { keys: KEYS, value_bytes: VALUE_BYTES, keys_of_a_caller: KEYS_OF_A_CALLER };
        let sqlite = Sqlite::start(&place.join("sqlite.db"), shape);
        let bare = Bare::new(&place.join("bare"));
        Self { engine: Arc::new(engine), bare, sqlite, round, runtime }
    }

    fn sample(&mut self, callers: u32) -> Sample {
        let bare = self.bare.round(self.round);
        let sqlite = self.sqlite.as_mut().map(|sqlite| sqlite.round(callers, self.round));
        let (before, started) = (cpu_of("self"), Instant::now());
        let done = f64::from(self.runtime.block_on(commits_of(&self.engine, callers, self.round)));
        let took = started.elapsed();
        let cpu = cpu_of("self").saturating_sub(before);
        let engine = done / took.as_secs_f64();
        Sample { engine, cpu: cpu.as_secs_f64() * 1e6 / done, bare, sqlite }
    }
}

/// How many commits so many callers, each waiting for its answer, get done.
async fn commits_of(engine: &Arc<Sled>, callers: u32, round: Duration) -> u32 {
    let end = Instant::now() + round;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let engine = Arc::clone(engine);
        tasks.spawn(async move {
            let mut done = 0;
            while Instant::now() < end {
                engine.commit(commit(caller, done)).await.expect("a disk with space");
                done += 1;
            }
            done
        });
    }
    tasks.join_all().await.into_iter().sum()
}

fn commit(caller: u32, number: u32) -> Commit {
    let put = |commit: Commit, key: u32| {
        let key = (number * KEYS + key) % KEYS_OF_A_CALLER;
        commit.put(format!("session/{caller:04}/{key:08}"), vec![b'v'; VALUE_BYTES])
    };
    (0..KEYS).fold(Commit::new(), put)
}

/// The floor: one file, one caller, nothing but the disk.
struct Bare {
    file: File,
    end: u64,
}

impl Bare {
    fn new(path: &Path) -> Self {
        Self { file: File::create(path).expect("a folder that can be written"), end: 0 }
    }

    /// Appends a second.
    fn round(&mut self, round: Duration) -> f64 {
        let (started, mut done) = (Instant::now(), 0_u32);
        while started.elapsed() < round {
            self.file.write_all_at(&[b'v'; FRAME_BYTES], self.end).expect("a disk with space");
            self.file.sync_data().expect("a disk that works");
            self.end += FRAME_BYTES as u64;
            done += 1;
        }
        f64::from(done) / started.elapsed().as_secs_f64()
    }
}
