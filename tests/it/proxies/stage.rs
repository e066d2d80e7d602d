//! doorkey, the app, and the proxy with the configuration that is shipped: only ports and paths are
//! put into it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::app::App;
use super::client::Visitor;
use super::{APP, LOGIN};
use crate::cli::harness::{PASSWORD, Place, Server};

/// How long a proxy may take to listen, or to end.
const DEADLINE: Duration = Duration::from_mins(1);

/// Everything but the proxy.
pub struct Stage {
    pub place: Place,
    pub doorkey: Server,
    pub app: App,
    certificate: String,
    /// Where the proxy listens.
    pub address: SocketAddr,
}

impl Stage {
    /// With ann, a user whose address is verified, and eve, an editor.
    pub async fn start(place: Place) -> Self {
        for (name, role) in [("ann", "user"), ("eve", "editor")] {
            let email = format!("{name}@example.org");
            let add = ["user", "add", name, "--password-stdin", "--role", role, "--email", &email];
            place.run_with(&add, &format!("{PASSWORD}\n")).done();
        }
        let doorkey = place.serve(&[]);
        let certificate = certificate(&place);
        Self { doorkey, app: App::start().await, certificate, address: free(), place }
    }

    /// With the rules and settings of the shipped `auth.toml`; `changed` are variables without their
    /// prefix.
    pub async fn with_shipped_rules(changed: &[(&str, &str)]) -> Self {
        let place = Place::new();
        fs::copy("examples/proxies/auth.toml", place.path("auth.toml")).unwrap();
        let set = |place: Place, (name, value): &(&str, &str)| {
            place.env(&format!("DOORKEY_{name}"), value)
        };
        Self::start(changed.iter().fold(place, set)).await
    }

    /// Someone who was never here.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.address, &self.certificate)
    }

    /// The shipped file with the ports and paths of the test, in the place. `more` are those that
    /// only this proxy has. What is not in the file any more fails here.
    pub fn configured(&self, name: &str, more: &[(&str, String)]) -> PathBuf {
        let shipped = Path::new("examples/proxies").join(name);
        let mut text = fs::read_to_string(shipped).unwrap();
        let (doorkey, app) = (self.doorkey.address().to_string(), self.app.address.to_string());
        let here = self.place.path("");
        let common = [
            ("127.0.0.1:8080", doorkey),
            ("127.0.0.1:3000", app),
            ("/etc/ssl/example.org/", here.to_str().unwrap().to_owned()),
        ];
        for (shipped, here) in common.iter().chain(more) {
            assert!(text.contains(shipped), "{name} has no {shipped}");
            text = text.replace(shipped, here);
        }
        self.put(name, &text)
    }

    /// A file of the place.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.place.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts the proxy and waits until it listens.
    pub fn run(&self, program: &str, args: &[&str]) -> Proxy {
        let log = self.place.path(&format!("{program}.log"));
        let file = File::create(&log).unwrap();
        let mut command = Command::new(program);
        let here = self.place.path("");
        command.args(args).current_dir(&here).stdin(Stdio::null());
        // What a proxy keeps for itself goes with the place, too.
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"] {
            command.env(name, &here);
        }
        command.stdout(file.try_clone().unwrap()).stderr(file);
        let mut proxy = Proxy { child: command.spawn().unwrap(), log };
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < DEADLINE, "{}", proxy.log());
            thread::sleep(Duration::from_millis(20));
        }
        proxy
    }
}

/// A running proxy, ended in order when dropped.
pub struct Proxy {
    child: Child,
    log: PathBuf,
}

impl Proxy {
    /// What it wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < DEADLINE {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the program is here; says loudly when a test is skipped because it is not.
pub fn is_here(program: &str) -> bool {
    let is_there = |folder: &str| Path::new(folder).join(program).exists();
    let here = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].into_iter();
    let found = here.into_iter().any(is_there);
    if !found {
        eprintln!("SKIPPED: {program} is not installed; tests/tools.sh installs it");
    }
    found
}

/// Whether this runs as root, whom nginx and Apache would leave.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// A port on an address of its own: no client's port of another test is there.
fn free() -> SocketAddr {
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = SocketAddr::from(([127, 77, high, low], 0));
    TcpListener::bind(address).unwrap().local_addr().unwrap()
}

/// Makes the certificate for both names, with its key, in the forms that the proxies read.
fn certificate(place: &Place) -> String {
    let names = [LOGIN, APP].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = pem("CERTIFICATE", made.cert.der());
    let key = pem("PRIVATE KEY", made.signing_key.serialized_der());
    for (name, text) in [
        ("fullchain.pem", &certificate),
        ("privkey.pem", &key),
        ("haproxy.pem", &format!("{certificate}{key}")),
    ] {
        fs::write(place.path(name), text).unwrap();
    }
    certificate
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap());
    let body = lines.collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}
