//! The real binary on a data folder: started, killed, started again.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Opening takes no longer, also on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// The issuer stays when the port changes, nothing is throttled, and a password costs the least
/// that is allowed.
const CONFIG: &str = r#"
registration = "open"

[http]
listen = "127.0.0.1:0"
public_url = "https://login.example.org"

[passwords]
memory = "64 MiB"
argon2 = { m = "12 MiB", t = 3, p = 1 }

[limits]
login_failures = 0
login_failures_per_account = 0
login_failures_per_network = 0
registrations_per_network = 0
profile_changes_per_account = 0
connections_per_address = 0

[log]
level = "warn"
"#;

/// A folder with the configuration, the data and the log; kept when a test fails.
pub struct Place {
    folder: Option<TempDir>,
    /// Of the last server that did not start.
    exit_code: Cell<Option<i32>>,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("auth.toml"), CONFIG).unwrap();
        Self { folder: Some(folder), exit_code: Cell::new(None) }
    }

    /// Of the last server that did not start; `None` when there was none, or a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code.get()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.as_ref().unwrap().path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Everything that the servers here wrote to standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DOORKEY_") {
                command.env_remove(name);
            }
        }
        command.args(args).arg("--data").arg(self.data());
        command.arg("--config").arg(self.path("auth.toml"));
        command
    }

    /// Makes an administrator from the shell.
    pub fn administrator(&self, name: &str, password: &str) {
        let args = ["user", "add", name, "--role", "admin", "--password-stdin"];
        let mut command = self.command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// What `doorkey audit verify` says of the running server.
    ///
    /// # Errors
    /// Its findings.
    pub fn verify_trail(&self) -> Result<(), String> {
        let output = self.command(&["audit", "verify"]).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("audit verify: {said}")) }
    }

    /// A server that may not be ready yet.
    pub fn spawn(&self) -> Child {
        self.spawn_under(&[])
    }

    fn spawn_under(&self, wrapper: &[String]) -> Child {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let plain = self.command(&["serve"]);
        let mut command = match wrapper {
            [] => plain,
            [tool, options @ ..] => wrapped(tool, options, &plain),
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// A server that takes connections.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start(&self) -> Result<Server, String> {
        self.start_under(&[])
    }

    /// The same, started by the command `wrapper`, which must become the server.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start_under(&self, wrapper: &[String]) -> Result<Server, String> {
        self.start_within(wrapper, DEADLINE)
    }

    /// The same; one that says nothing for so long is killed.
    ///
    /// # Errors
    /// What it said instead.
    pub fn start_within(&self, wrapper: &[String], patience: Duration) -> Result<Server, String> {
        let started = Instant::now();
        let mut child = self.spawn_under(wrapper);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (sender, first) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = out.read_line(&mut line);
            let _ = sender.send(line);
            // To the end, so that the server can say what it likes.
            let _ = std::io::copy(&mut out, &mut std::io::sink());
        });
        let line = first.recv_timeout(patience).unwrap_or_default();
        let address = line.trim().strip_prefix("doorkey is listening on http://");
        let Some(address) = address else {
            let code = server.wait(patience);
            self.exit_code.set(code);
            let (took, log) = (started.elapsed(), self.log());
            return Err(format!("it does not open; after {took:?} it said {line:?}\n{log}"));
        };
        server.address = address.parse().unwrap();
        Ok(server)
    }
}

/// `plain` with another program before it.
fn wrapped(tool: &str, options: &[String], plain: &Command) -> Command {
    let mut command = Command::new(tool);
    command.args(options).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take().filter(|_| thread::panicking()) {
            eprintln!("the folder of the failure is kept: {}", folder.keep().display());
        }
    }
}

/// A running server; killed with SIGKILL at the latest when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends by itself; its exit code.
    pub fn wait(&mut self, patience: Duration) -> Option<i32> {
        let started = Instant::now();
        while started.elapsed() < patience {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    pub fn kill(mut self) {
        // One that died by itself is a finding too.
        assert_eq!(self.child.try_wait().unwrap(), None, "the server ended before it was killed");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `doorkey store verify` finds in a data folder that no server has open; `Ok` when
/// everything is in order.
#[expect(dead_code, reason = "the command is not there yet")]
pub fn verify_store(data: &Path) -> Result<(), String> {
    let config = data.with_file_name("auth.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
    command.args(["store", "verify", "--data"]).arg(data).arg("--config").arg(config);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("store verify: {said}")) }
}
