//! The real binary under strace, and a small HTTP client.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::trace::{self, Call};

/// What the servers run with, and what a disk is opened with again.
pub const ENV: &[(&str, &str)] = &[
    ("DOORKEY_REGISTRATION", "open"),
    ("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org"),
    ("DOORKEY_LIMITS__REGISTRATIONS_PER_NETWORK", "0"),
    ("DOORKEY_LIMITS__PROFILE_CHANGES_PER_ACCOUNT", "0"),
    ("DOORKEY_LIMITS__CONNECTIONS_PER_ADDRESS", "0"),
    // The cheapest hash that is taken.
    ("DOORKEY_PASSWORDS__ARGON2__M", "12 MiB"),
    ("DOORKEY_PASSWORDS__ARGON2__T", "3"),
];
/// More of it for the servers alone: small journals, so that new ones are begun and snapshots
/// are made.
const MORE_ENV: &[(&str, &str)] = &[("DOORKEY_STORE__JOURNAL", "64 KiB")];

const PATIENCE: Duration = Duration::from_mins(1);

/// A running server with the data folder `data` below a root folder.
pub struct Server {
    strace: Child,
    pid: Pid,
    lines: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it answers; strace writes to `trace`.
    pub fn start(root: &Path, trace: &Path) -> Self {
        let log = File::options().create(true).append(true).open(root.join("log")).unwrap();
        let mut command = trace::strace(trace, env!("CARGO_BIN_EXE_doorkey"));
        clean(&mut command);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(root.join("data"));
        command.envs(ENV.iter().chain(MORE_ENV).copied()).env("TMPDIR", root).current_dir(root);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut strace = command.spawn().unwrap();
        let mut lines = BufReader::new(strace.stdout.take().unwrap()).lines();
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let address = first.strip_prefix("doorkey is listening on http://");
        let why = || panic!("{first}\n{}", fs::read_to_string(root.join("log")).unwrap());
        let address = address.unwrap_or_else(why).parse().unwrap();
        let pid = child_of(strace.id());
        Self { strace, pid, lines, address }
    }

    /// The one-time secret of the lines after the first.
    pub fn setup_secret(&mut self) -> String {
        let line = self.lines.next().unwrap().unwrap();
        let text = line.split_once("setup secret is ").unwrap().1;
        text.split(' ').next().unwrap().to_owned()
    }

    /// Ends it and reads what it did.
    pub fn end(mut self, signal: Signal, trace: &Path) -> (Vec<Call>, usize) {
        kill_process(self.pid, signal).unwrap();
        self.strace.wait().unwrap();
        trace::read(trace)
    }

    pub fn client(&self) -> Client {
        Client(self.address)
    }
}

/// Runs a command on the data folder below `root` to its end, and reads what it did.
pub fn command(root: &Path, trace: &Path, args: &[&str]) -> (Vec<Call>, usize) {
    let mut command = trace::strace(trace, env!("CARGO_BIN_EXE_doorkey"));
    clean(&mut command);
    command.args(args).arg("--data").arg(root.join("data")).envs(ENV.iter().copied());
    let done = command.env("TMPDIR", root).current_dir(root).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    trace::read(trace)
}

/// The number of the last commit of a stopped server.
pub fn last_commit(root: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
    clean(&mut command);
    command.args(["store", "history", "--json", "--data"]).arg(root.join("data"));
    let reach: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    reach["to_commit"].to_string()
}

/// No setting of whoever runs the tests.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DOORKEY_") {
            command.env_remove(name);
        }
    }
}

/// The one process that `parent` has started.
fn child_of(parent: u32) -> Pid {
    let is_child = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split(' ').nth(2) == Some(parent.to_string().as_str())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    Pid::from_raw(pids.find(is_child).unwrap()).unwrap()
}

/// Where to send requests to.
#[derive(Debug, Clone, Copy)]
pub struct Client(SocketAddr);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    head: String,
    body: String,
}

impl Client {
    /// One request on a connection of its own. `credential` is a header line, or nothing.
    pub fn send(&self, start: &str, credential: &str, body: Option<&Value>) -> Answer {
        let mut stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut head = format!("{start} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.0);
        if !body.is_empty() {
            head += "Content-Type: application/json\r\n";
        }
        if !credential.is_empty() {
            head += &[credential, "\r\n"].concat();
        }
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer { head: head.to_owned(), body: body.to_owned() }
    }
}

impl Answer {
    /// Asserts success.
    #[track_caller]
    pub fn done(self) -> Self {
        let status = self.head.split(' ').nth(1).unwrap();
        assert!(status.starts_with('2'), "{}\n{}", self.head, self.body);
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> String {
        let start = format!("{name}: ");
        let line = self.head.lines().find_map(|line| line.strip_prefix(start.as_str()));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head)).to_owned()
    }

    pub fn request_id(&self) -> String {
        self.header("x-request-id")
    }

    /// The refresh cookie as a header line.
    pub fn cookie(&self) -> String {
        format!("Cookie: {}", self.header("set-cookie").split(';').next().unwrap())
    }

    /// The access token as a header line.
    pub fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.json()["access_token"].as_str().unwrap())
    }
}
