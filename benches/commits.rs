//! Commits a second through the engine beside what the disk itself can do: an append of a frame
//! of the same size and an `fdatasync`, one after the other.
//! `cargo bench --bench commits [-- --folder DIR] [-- --seconds N]`
//!
//! Rounds of both alternate, because the speed of a shared disk changes from minute to minute;
//! the table shows medians. A commit sets five keys, as a login does. At one caller every
//! commit waits for a sync of its own; more callers share one.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use doorkey::model::Clock;
use doorkey::store::engine::{Commit, Engine as _};
use doorkey::store::{Sled, SledOptions};
use serde_json::{Value, json};
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
    let round = Duration::from_secs_f64(
        argument("--seconds").map_or(SECONDS, |text| text.parse().expect("--seconds: a number")),
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let mut bench = Bench::new(place.path(), round, runtime.expect("a runtime"));
    println!("{ROUNDS} rounds of {round:?} for each number of callers, in {}", folder().display());
    println!(
        "{:>8}{:>14}{:>12}{:>16}{:>18}",
        "callers", "commits/s", "bare/s", "engine/bare", "CPU us a commit"
    );
    let rows: Vec<Row> = CALLERS.into_iter().map(|callers| bench.row(callers)).collect();
    let rows: Vec<Value> = rows.iter().map(Row::json).collect();
    let about = json!({"keys": KEYS, "value_bytes": VALUE_BYTES, "frame_bytes": FRAME_BYTES});
    println!("{}", json!({"bench": "commits", "commit": about, "rows": rows}));
}

/// What follows `name`; cargo adds arguments of its own.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

/// The disk to measure: that of `--folder`, else that of the build, which is rarely in memory.
fn folder() -> PathBuf {
    argument("--folder").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
}

struct Bench {
    engine: Arc<Sled>,
    bare: Bare,
    round: Duration,
    runtime: Runtime,
}

/// The medians for one number of callers.
struct Row {
    callers: u32,
    engine: f64,
    bare: f64,
    cpu_micros: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.engine / self.bare
    }

    fn json(&self) -> Value {
        json!({
            "callers": self.callers,
            "commits_per_second": self.engine.round(),
            "bare_per_second": self.bare.round(),
            "ratio": (self.ratio() * 100.0).round() / 100.0,
            "cpu_micros_per_commit": self.cpu_micros.round(),
        })
    }
}

impl Bench {
    fn new(place: &Path, round: Duration, runtime: Runtime) -> Self {
        let options = SledOptions::new(Clock::system());
        let engine = Sled::open(&place.join("data"), options).expect("an empty store");
        Self { engine: Arc::new(engine), bare: Bare::new(&place.join("bare")), round, runtime }
    }

    fn row(&mut self, callers: u32) -> Row {
        let (mut engine, mut bare) = (Vec::new(), Vec::new());
        let (mut commits, mut cpu) = (0, Duration::ZERO);
        for _ in 0..ROUNDS {
            bare.push(self.bare.round(self.round));
            let (before, started) = (cpu_time(), Instant::now());
            let done = self.runtime.block_on(commits_of(&self.engine, callers, self.round));
            cpu += cpu_time().saturating_sub(before);
            engine.push(f64::from(done) / started.elapsed().as_secs_f64());
            commits += done;
        }
        let cpu_micros = cpu.as_secs_f64() * 1e6 / f64::from(commits.max(1));
        let row = Row { callers, engine: median(engine), bare: median(bare), cpu_micros };
        println!(
            "{callers:>8}{:>14.0}{:>12.0}{:>16.2}{cpu_micros:>18.0}",
            row.engine,
            row.bare,
            row.ratio()
        );
        row
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

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What all threads of this process have used. Linux counts it in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name of the program is in brackets and may hold anything; user and system time are
    // the twelfth and thirteenth field behind it.
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
