//! SQLite beside us: `benches/peers/sqlite.mjs` under Node, with the better-sqlite3 that
//! `benches/peers/express` names, installed below the build's folder as `benches/load.sh` does.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// What a commit is.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub keys: u32,
    pub value_bytes: usize,
    pub keys_of_a_caller: u32,
}

/// What came of a round.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    pub commits_per_second: f64,
    /// CPU time of its process, in microseconds a commit.
    pub cpu_micros: f64,
}

/// A process that writes when it is asked to; killed when dropped.
pub struct Sqlite {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Sqlite {
    /// Starts it on a new database. `None` where it cannot run, which the error output says.
    pub fn start(database: &Path, shape: Shape) -> Option<Self> {
        Self::try_start(database, shape)
            .inspect_err(|error| eprintln!("LEFT OUT: SQLite is not measured: {error}"))
            .ok()
    }

    fn try_start(database: &Path, shape: Shape) -> io::Result<Self> {
        let program = install()?;
        let Shape { keys, value_bytes, keys_of_a_caller } = shape;
        let mut child = Command::new("node")
            .arg(program)
            .arg(database)
            .args([keys.to_string(), value_bytes.to_string(), keys_of_a_caller.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut sqlite = Self { child, input, output };
        sqlite.ask(1, Duration::ZERO)?;
        Ok(sqlite)
    }

    /// Writes for so long what so many callers would.
    pub fn round(&mut self, callers: u32, length: Duration) -> Done {
        self.ask(callers, length).expect("a peer that goes on as it began")
    }

    fn ask(&mut self, callers: u32, length: Duration) -> io::Result<Done> {
        writeln!(self.input, "{callers} {}", length.as_millis())?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        let number = |name: &str| answer[name].as_f64().unwrap_or_default();
        let commits = number("commits");
        Ok(Done {
            commits_per_second: commits / number("seconds"),
            cpu_micros: number("cpu_micros") / commits,
        })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Gone already if it failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the program beside its library, which comes from the network once.
fn install() -> io::Result<PathBuf> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the build's folder");
    let folder = build.join("peers/express");
    fs::create_dir_all(&folder)?;
    fs::copy(peers.join("express/package.json"), folder.join("package.json"))?;
    let program = folder.join("sqlite.mjs");
    fs::copy(peers.join("sqlite.mjs"), &program)?;
    if !folder.join("node_modules/better-sqlite3").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"]).arg(&folder);
        let status = npm.stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("npm install: {status}")));
        }
    }
    Ok(program)
}
