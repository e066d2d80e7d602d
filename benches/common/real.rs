//! The real binary, and connections to it, for the benchmarks that count what a client sees.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

pub const PASSWORD: &str = "correct horse battery staple";
/// Hashing as it is by default, and no limit that a benchmark would meet.
const CONFIG: &str = r#"
registration = "open"
[http]
listen = "127.0.0.1:0"
public_url = "https://login.example.org"
[passwords]
memory = "64 MiB"
[limits]
registrations_per_network = 0
connections_per_address = 0
[log]
level = "warn"
"#;

/// The login name of an account.
fn name(user: usize) -> String {
    format!("user-{user}")
}

/// Makes accounts, with the numbers from 0.
pub async fn register(address: SocketAddr, count: usize) {
    let mut client = Client::connect(address).await;
    for user in 0..count {
        let form = json!({"username": name(user), "password": PASSWORD});
        let answer = client.send(("POST", "/auth/register"), &[], Some(&form)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "an account is made");
    }
}

/// One connection.
pub struct Client(SendRequest<Full<Bytes>>);

/// What a request was answered.
pub struct Answer {
    pub status: StatusCode,
    /// Whether it says when to come again.
    pub retry_after: bool,
    /// Name and value of the cookie that it sets.
    pub cookie: Option<String>,
    /// `null` where it is no JSON.
    pub body: Value,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        drive(connection);
        Self(sender)
    }

    /// Signs an account in.
    pub async fn login(&mut self, user: usize) -> Answer {
        let form = json!({"username": name(user), "password": PASSWORD});
        self.send(("POST", "/auth/login"), &[], Some(&form)).await
    }

    /// Sends a request, with a form as JSON, and waits for the whole answer.
    pub async fn send(
        &mut self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        form: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if form.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = form.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body))).expect("a request");
        self.0.ready().await.expect("a connection that is kept");
        let answer = self.0.send_request(request).await.expect("an answer");
        let text = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (status, retry_after) = (answer.status(), text("retry-after").is_some());
        let cookie = text("set-cookie").and_then(|line| Some(line.split(';').next()?.to_owned()));
        let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, retry_after, cookie, body }
    }
}

#[expect(clippy::disallowed_methods, reason = "a load generator owns its tasks")]
fn drive(connection: http1::Connection<TokioIo<TcpStream>, Full<Bytes>>) {
    drop(tokio::spawn(connection));
}

/// The real binary; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it on an empty store below `folder`.
    pub fn start(folder: &Path) -> Self {
        let config = folder.join("auth.toml");
        fs::write(&config, CONFIG).expect("a configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorkey"));
        command.arg("serve").arg("--config").arg(&config).arg("--data").arg(folder.join("data"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        out.read_line(&mut line).expect("its first line");
        let address = line.trim().rsplit("http://").next().and_then(|text| text.parse().ok());
        Self { child, address: address.expect("the address in its first line") }
    }

    /// The number of its process.
    pub fn process(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already if it failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
