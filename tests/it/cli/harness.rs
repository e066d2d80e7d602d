//! A folder of its own for each test, commands with their output, a server that is killed in
//! the end, and a small HTTP client.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::trace;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A password that every policy takes.
pub const PASSWORD: &str = "correct horse battery staple";
/// Nothing here takes that long, also on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A working folder, with the data folder in it.
pub struct Place {
    folder: TempDir,
    env: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    /// With registration open and nothing throttled.
    pub fn open() -> Self {
        let open = Self::new().env("DOORKEY_REGISTRATION", "open");
        open.env("DOORKEY_LIMITS__REGISTRATIONS_PER_NETWORK", "0")
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Everything the servers here wrote to standard error.
    pub fn log(&self) -> String {
        self.said(&std::fs::read_to_string(self.path("log")).unwrap_or_default())
    }

    /// What is said at the level that the test runs at, when everything is logged.
    fn said(&self, text: &str) -> String {
        if !self.is_traced() {
            return text.to_owned();
        }
        let fine = ["TRACE", "DEBUG"]
            .map(|level| [format!(" {level} "), format!("\"level\":\"{level}\"")]);
        let is_fine = |line: &&str| fine.iter().flatten().any(|word| line.contains(word.as_str()));
        text.split_inclusive('\n').filter(|line| !is_fine(line)).collect()
    }

    /// Whether the level is the trace's and not the test's own.
    fn is_traced(&self) -> bool {
        trace::folder().is_some() && !self.env.iter().any(|(name, _)| name == "DOORKEY_LOG__LEVEL")
    }

    /// The program with these arguments, in this place and without the variables of the test.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DOORKEY_") {
                command.env_remove(name);
            }
        }
        let env = self.env.iter().map(|(name, value)| (name, value));
        let here = self.folder.path();
        if self.is_traced() {
            command.env("DOORKEY_LOG__LEVEL", "trace");
        }
        // What a killed server leaves behind goes with the folder.
        command.args(args).current_dir(here).env("TMPDIR", here).envs(env);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, "")
    }

    /// Runs a command with `stdin` as its standard input.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Done {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let code = wait(&mut child);
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        if args.contains(&"--password-stdin") {
            trace::secret("password", stdin.trim_end_matches('\n'));
        }
        trace::link(&out);
        trace::keep("outputs", out.as_bytes());
        Done { code, out, err: self.heard(&err) }
    }

    /// What a command wrote to standard error, kept.
    fn heard(&self, err: &str) -> String {
        trace::keep("logs", err.as_bytes());
        self.said(err)
    }

    /// Makes an account from the shell.
    pub fn user(&self, name: &str, roles: &[&str]) {
        let mut args = vec!["user", "add", name, "--password-stdin"];
        args.extend(roles.iter().flat_map(|role| ["--role", role]));
        self.run_with(&args, &format!("{PASSWORD}\n")).done();
    }

    /// Runs a command whose standard output nobody reads.
    pub fn run_unread(&self, args: &[&str]) -> Done {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let code = wait(&mut child);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Done { code, out: String::new(), err: self.heard(&err) }
    }

    /// Runs a command with its standard output in a file.
    pub fn run_into(&self, file: &str, args: &[&str]) -> Done {
        let mut command = self.command(args);
        let out = File::create(self.path(file)).unwrap();
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let code = wait(&mut child);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        Done { code, out: String::new(), err: self.heard(&err) }
    }

    /// Starts a server on a free port and waits for its first line.
    pub fn serve(&self, args: &[&str]) -> Server {
        self.serve_on("127.0.0.1:0", args)
    }

    /// The same on this address.
    pub fn serve_on(&self, listen: &str, args: &[&str]) -> Server {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = self.command(&["serve", "--listen", listen]);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| {
                trace::keep("outputs", line.as_bytes());
                sender.send(line)
            })
        });
        let mut server = Server { child, lines, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let first = server.line();
        let url = first.strip_prefix("doorkey is listening on ");
        let address = url.and_then(|url| Some(url.split_once("://")?.1));
        server.address =
            address.unwrap_or_else(|| panic!("{first}\n{}", self.log())).parse().unwrap();
        server
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        trace::keep_folder(self.folder.path());
    }
}

/// The exit code, by a deadline.
fn wait(child: &mut Child) -> i32 {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("the command does not come to its end");
}

/// What a command left.
#[derive(Debug)]
#[must_use]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Asserts success, and gives the output.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Asserts exit code 1, nothing on standard output and a sentence that holds `said`.
    #[track_caller]
    pub fn failed(self, said: &str) {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        assert!(self.err.contains(said), "{}", self.err);
        let said_once =
            self.err.matches("doorkey: ").count() == 1 && !self.err.contains("panicked");
        assert!(said_once, "{}", self.err);
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    address: SocketAddr,
}

impl Server {
    /// The next line of standard output.
    pub fn line(&mut self) -> String {
        self.lines.recv_timeout(DEADLINE).unwrap_or_else(|_| "there is no line".to_owned())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn send_signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it in order; its exit code.
    pub fn signal(&mut self, signal: Signal) -> i32 {
        self.send_signal(signal);
        wait(&mut self.child)
    }

    pub fn post(&self, path: &str, form: &Value) -> Answer {
        let json = ["Content-Type: application/json"];
        self.send(&format!("POST {path}"), &json, &form.to_string())
    }

    pub fn post_as(&self, token: &str, path: &str, form: &Value) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        self.send(
            &format!("POST {path}"),
            &["Content-Type: application/json", &bearer],
            &form.to_string(),
        )
    }

    pub fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[&format!("Authorization: Bearer {token}")], "")
    }

    /// A request with the refresh cookie.
    pub fn post_with_cookie(&self, cookie: &str, path: &str) -> Answer {
        self.send(&format!("POST {path}"), &[&format!("Cookie: {cookie}")], "")
    }

    pub fn register(&self, username: &str) {
        let form = json!({"username": username, "password": PASSWORD});
        self.post("/auth/register", &form).status(201);
    }

    pub fn login(&self, username: &str, password: &str) -> Answer {
        self.post("/auth/login", &json!({"username": username, "password": password}))
    }

    /// One request on a connection of its own.
    pub fn send(&self, start: &str, headers: &[&str], body: &str) -> Answer {
        send_to(self.address, start, headers, body)
    }
}

/// One request to `address` on a connection of its own.
pub fn send_to(address: SocketAddr, start: &str, headers: &[&str], body: &str) -> Answer {
    trace::sent(body.as_bytes());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let headers = [headers, &[""]].concat().join("\r\n");
    let head = format!(
        "{start} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        address,
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Answer::of(&answer)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    head: String,
    pub body: String,
}

impl Answer {
    /// Of everything that came before the end of its connection.
    pub fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let cookies = head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        trace::answered(body.as_bytes(), cookies.map(str::to_owned));
        Self { head: head.to_owned(), body: body.to_owned() }
    }

    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        assert_eq!(self.code(), expected, "{}\n{}", self.head, self.body);
        self
    }

    /// The status.
    pub fn code(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    pub fn token(&self) -> String {
        self.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The first pair of the `Set-Cookie` line.
    #[track_caller]
    pub fn cookie(&self) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        line.split_once(';').unwrap().0.to_owned()
    }
}

/// The names of what is in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}
