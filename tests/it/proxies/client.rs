//! A browser, or a script, that reaches everything through the proxy and speaks TLS to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HeaderMap;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::app::{accept, masked, read_text};
use super::{APP, LOGIN};
use crate::cli::harness::PASSWORD;
use crate::trace;

/// Nothing here takes that long, also on a busy machine.
const DEADLINE: Duration = Duration::from_mins(2);

/// Who asks.
#[derive(Clone)]
pub struct Visitor {
    proxy: SocketAddr,
    tls: Arc<ClientConfig>,
    /// Cookies by their names.
    pub jar: BTreeMap<String, String>,
    bearer: Option<String>,
}

impl Visitor {
    /// Trusts this certificate and no other.
    pub fn new(proxy: SocketAddr, certificate: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Self { proxy, tls: Arc::new(config), jar: BTreeMap::new(), bearer: None }
    }

    /// The same with a token in place of cookies.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self { jar: BTreeMap::new(), bearer: Some(token.to_owned()), ..self.clone() }
    }

    /// A program that asks the app.
    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(APP, "GET", path)
    }

    /// A person who opens a page of the app.
    pub fn open(&self, path: &str) -> Ask<'_> {
        self.get(path).navigating()
    }

    pub fn ask(&self, host: &str, method: &str, path: &str) -> Ask<'_> {
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        if let Some(token) = &self.bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let is_for = |name: &str| host == LOGIN || !name.starts_with("__Host-");
        let pairs = self.jar.iter().filter(|(name, _)| is_for(name));
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            request = request.header("cookie", pairs.join("; "));
        }
        Ask { visitor: self, host: host.to_owned(), request, body: Bytes::new() }
    }

    /// An access token by the API, as a program gets it.
    pub async fn token(&self, name: &str) -> String {
        let form = serde_json::json!({"username": name, "password": PASSWORD}).to_string();
        let ask = self.ask(LOGIN, "POST", "/auth/login").header("content-type", "application/json");
        let answer = ask.body(form).send().await.status(200).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Signs in where the proxy sent the browser to, and gives where it is sent to then.
    pub async fn sign_in(&mut self, page: &str, name: &str) -> String {
        let path = page.strip_prefix("https://login.example.org").unwrap();
        let page = self.ask(LOGIN, "GET", path).navigating().send().await.status(200);
        self.take(&page);
        let mut fields = page.hidden();
        fields.push(("username".to_owned(), name.to_owned()));
        fields.push(("password".to_owned(), PASSWORD.to_owned()));
        let answer = self.submit("/login", &fields).await.status(303);
        answer.location()
    }

    /// Signs out by the button of the sign-in page, which knows who is there.
    pub async fn sign_out(&mut self) {
        let page = self.ask(LOGIN, "GET", "/login").navigating().send().await.status(200);
        self.submit("/logout", &page.hidden()).await.status(303);
    }

    /// Sends a form of doorkey's pages, as a browser does.
    pub async fn submit(&mut self, path: &str, fields: &[(String, String)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let ask = self.ask(LOGIN, "POST", path).navigating();
        let ask = ask.header("origin", "https://login.example.org");
        let ask = ask.header("content-type", "application/x-www-form-urlencoded");
        let answer = ask.body(body.join("&")).send().await;
        self.take(&answer);
        answer
    }

    /// Takes the cookies of an answer.
    fn take(&mut self, answer: &Answer) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Opens a websocket and has a text echoed; the answer, when it is no websocket.
    pub async fn websocket(&self, path: &str, text: &str) -> Result<String, Answer> {
        let key = "AQIDBAUGBwgJCgsMDQ4PEA==";
        let ask = self.get(path).header("connection", "Upgrade").header("upgrade", "websocket");
        let ask = ask.header("sec-websocket-version", "13").header("sec-websocket-key", key);
        let mut answer = ask.exchange().await;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Answer::of(answer).await);
        }
        assert_eq!(answer.headers()["sec-websocket-accept"], accept(key));
        let mut stream = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
        stream.write_all(&masked(text)).await.unwrap();
        let echoed = timeout(DEADLINE, read_text(&mut stream)).await.unwrap().unwrap();
        Ok(String::from_utf8(echoed).unwrap())
    }
}

/// A request that is being made.
pub struct Ask<'a> {
    visitor: &'a Visitor,
    host: String,
    request: hyper::http::request::Builder,
    body: Bytes,
}

impl Ask<'_> {
    /// As a browser says that a person goes to a page.
    pub fn navigating(self) -> Self {
        let page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let ask = self.header("accept", page).header("sec-fetch-mode", "navigate");
        ask.header("sec-fetch-dest", "document").header("sec-fetch-site", "same-origin")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        Answer::of(self.exchange().await).await
    }

    /// On a connection of its own.
    async fn exchange(self) -> Response<Incoming> {
        let tcp = TcpStream::connect(self.visitor.proxy).await.unwrap();
        let name = ServerName::try_from(self.host).unwrap();
        let tls = TlsConnector::from(self.visitor.tls.clone()).connect(name, tcp).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let request = self.request.body(Full::new(self.body)).unwrap();
        timeout(DEADLINE, sender.send_request(request)).await.unwrap().unwrap()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    async fn of(answer: Response<Incoming>) -> Self {
        let (parts, body) = answer.into_parts();
        // Whoever refuses an upload may close before it is read to its end.
        let body =
            body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let cookies = parts.headers.get_all("set-cookie").iter();
        let cookies = cookies.map(|line| line.to_str().unwrap().to_owned());
        trace::answered(&body, cookies);
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{:?}\n{}", self.headers, self.text());
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    #[track_caller]
    pub fn location(&self) -> String {
        self.headers["location"].to_str().unwrap().to_owned()
    }

    /// Asserts that the browser is sent to the sign-in page, and gives its address.
    #[track_caller]
    pub fn leads_to_sign_in(self, from: &str) -> String {
        assert!(matches!(self.status, 302 | 303), "{self:?}");
        let expected = format!("https://login.example.org/login?rd={}", escaped(from));
        assert_eq!(self.location(), expected);
        expected
    }

    /// What the app was told of a header, each line of it.
    #[track_caller]
    pub fn told(&self, name: &str) -> Vec<String> {
        let told = self.json();
        let lines = told["headers"].as_array().unwrap().iter();
        let lines = lines.filter(|line| line[0] == name).map(|line| line[1].as_str().unwrap());
        lines.map(str::to_owned).collect()
    }

    /// The names and values of a form's unseen fields.
    fn hidden(&self) -> Vec<(String, String)> {
        let text = self.text();
        let value = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
        };
        let tags = text.split("<input type=\"hidden\"").skip(1);
        let tags = tags.map(|rest| rest.split('>').next().unwrap().to_owned());
        tags.map(|tag| (value(&tag, "name"), value(&tag, "value"))).collect()
    }
}

/// As `encodeURIComponent` writes it.
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let each = |byte: u8| {
        if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(each).collect()
}
