//! Three lines to start, act and assert: the real API over a memory engine, with a clock moved
//! by hand, seeded randomness and cheap hashing. Every answer of every test is held against the
//! server's own `/openapi.json`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::openapi::Document;
use crate::trace;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use doorkey::auth::{
    Access, Auth, Client, Keyring, Limits, NewUser, Parts, Settings, Throttle, resume_clock,
};
use doorkey::crypto::{
    Argon2Params, Issuer, MasterKey, PasswordPolicy, Passwords, PoolSettings, Random,
};
use doorkey::http::client_ip::ForwardedHeader;
use doorkey::http::cookie::CookieRule;
use doorkey::http::listen::Peer;
use doorkey::http::{self, Api, Forward, ForwardMode, ForwardProxy, IdentityHeaders, Look};
use doorkey::model::{Algorithm, Clock, Colour, Role, Rule, Secret, Timestamp};
use doorkey::store::engine::Engine;
use doorkey::store::{Memory, Store};
use http_body_util::{BodyExt as _, Full};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warp::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use warp::reply::Response;

/// A password that every policy takes.
pub const PASSWORD: &str = "correct horse battery staple";
/// The media type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";
/// Where the server of the tests is reached.
pub const ORIGIN: &str = "https://auth.example.org";

/// The headers of forward-auth by their default names: user, id, roles, email.
pub const IDENTITY: [&str; 4] = ["x-auth-user", "x-auth-id", "x-auth-roles", "x-auth-email"];

/// What a test may decide before the server starts.
pub struct Setup {
    pub auth: Settings,
    pub http: http::Settings,
    pub limits: Limits,
    pub pool: PoolSettings,
    pub engine: Arc<dyn Engine>,
    /// Whether the status lists of earlier runs are read before the server is there.
    pub reads_lists: bool,
}

impl Default for Setup {
    /// Registration open, no limits, everything else as shipped.
    fn default() -> Self {
        let role = |word: &str| Role::try_from(word.to_owned()).unwrap();
        Self {
            auth: Settings {
                registration_open: true,
                roles: ["admin", "editor", "user"].map(role).into(),
                access_ttl: Duration::from_mins(10),
                session_ttl: Duration::from_hours(12),
                max_api_ttl: Duration::from_hours(366 * 24),
                services: Vec::new(),
                access: Arc::default(),
                max_sessions: 32,
                issuer: Issuer { issuer: ORIGIN.to_owned(), audience: ORIGIN.to_owned() },
                policy: PasswordPolicy { min_chars: 8 },
                public_url: ORIGIN.to_owned(),
                algorithm: Algorithm::Es256,
                keep_events: Duration::from_hours(365 * 24),
                status_ttl: Duration::from_mins(1),
                trust_mark: false,
            },
            http: http::Settings {
                trusted_proxies: Vec::new(),
                forwarded_header: ForwardedHeader::XForwardedFor,
                own_origins: vec![ORIGIN.to_owned()],
                cors_origins: Vec::new(),
                strict_origin: false,
                cookie: CookieRule::HOST,
                hsts: None,
                max_body: 16 * 1024,
                body_timeout: Duration::from_secs(5),
                issuer: ORIGIN.to_owned(),
                forward: forward(),
                pages: Look {
                    name: "Example".to_owned(),
                    logo: None,
                    accent: Colour::rgb(0x2f, 0x5d, 0x8a),
                    languages: http::Language::ALL.to_vec(),
                    return_to: Vec::new(),
                },
                metrics: false,
                demo: false,
            },
            limits: Limits {
                login_failures: 0,
                login_failures_per_account: 0,
                login_failures_per_network: 0,
                registrations_per_network: 0,
                service_failures_per_network: 0,
                profile_changes_per_account: 0,
            },
            pool: PoolSettings {
                params: Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 },
                memory_bytes: 256 * 1024,
                queue: 256,
                max_wait: Duration::from_secs(10),
            },
            engine: Arc::new(Memory::new()),
            reads_lists: true,
        }
    }
}

/// No rules, no cookie, everything else as shipped.
fn forward() -> Forward {
    Forward {
        site: None,
        proxy: ForwardProxy::Forwarded,
        mode: ForwardMode::Redirect,
        headers: IdentityHeaders::named(IDENTITY),
        access: Arc::default(),
    }
}

impl Setup {
    /// The limits as shipped.
    pub fn with_limits(mut self) -> Self {
        self.limits = Limits {
            login_failures: 5,
            login_failures_per_account: 100,
            login_failures_per_network: 30,
            registrations_per_network: 5,
            service_failures_per_network: 30,
            profile_changes_per_account: 10,
        };
        self
    }

    pub async fn start(self) -> TestServer {
        let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        self.start_at(clock, Random::seeded(42)).await
    }

    /// As [`Setup::start`], for a second server on the same engine.
    pub async fn start_at(self, clock: Clock, random: Random) -> TestServer {
        trace::log();
        let store = Store::new(self.engine.clone());
        resume_clock(&store, &clock).await.unwrap();
        let master = MasterKey::generate(&Random::seeded(7));
        let algorithm = self.auth.algorithm;
        let keyring =
            Keyring::open(&store, master, algorithm, (clock.now(), &random)).await.unwrap();
        let throttle = Arc::new(Throttle::new(self.limits, clock.clone()));
        let passwords = Passwords::start(self.pool, random.clone()).unwrap();
        let parts = Parts {
            store: store.clone(),
            passwords,
            keyring,
            throttle,
            clock: clock.clone(),
            random: random.clone(),
        };
        let auth = Arc::new(Auth::new(parts, self.auth));
        if self.reads_lists {
            auth.rebuild_status_lists().await.unwrap();
        }
        let api = Api::new(auth.clone(), self.http);
        let (engine, addresses) = (self.engine, AtomicU32::new(1));
        let server = TestServer { api, auth, clock, store, random, engine, addresses };
        server.note_keys().await;
        server
    }
}

/// A running server without a socket.
pub struct TestServer {
    pub api: Api,
    pub auth: Arc<Auth>,
    pub clock: Clock,
    pub store: Store,
    pub random: Random,
    engine: Arc<dyn Engine>,
    addresses: AtomicU32,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        trace::records(&*self.engine);
    }
}

impl TestServer {
    /// Notes the private keys of now as secrets of the run.
    async fn note_keys(&self) {
        let keys = if trace::folder().is_some() { self.store.keys().all().await } else { return };
        let master = MasterKey::generate(&Random::seeded(7));
        trace::secret("master_key", master.to_text().expose());
        for key in keys.unwrap_or_default() {
            let context = format!("key/{}", key.id).into_bytes();
            if let Ok(private) = master.open(&context, &key.sealed) {
                trace::secret("private_key", &*private);
            }
        }
    }

    /// The server of most tests.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// A browser that has never been here, at an address of its own.
    pub fn anonymous(&self) -> Browser<'_> {
        let n = self.addresses.fetch_add(1, Ordering::SeqCst);
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n * 256 + 1);
        Browser {
            server: self,
            peer: Peer::Tcp(SocketAddr::from((ip, 40_000))),
            token: None,
            cookie: None,
            basic: None,
            user_id: String::new(),
        }
    }

    /// A service of this name, registered by the operator.
    pub async fn service(&self, name: &str) -> Browser<'_> {
        let operator = (Access::operator(), Client::operator());
        let issued = self.auth.add_service(&operator.0, name, &operator.1).await.unwrap();
        self.anonymous().with_basic(name, issued.secret.expose())
    }

    /// The peer of the control socket.
    pub fn operator(&self) -> Browser<'_> {
        Browser { peer: Peer::Unix { uid: 0 }, ..self.anonymous() }
    }

    /// Makes an account (its password is [`PASSWORD`]) without logging in; its id.
    pub async fn account(&self, username: &str, roles: &[&str]) -> String {
        let new = NewUser {
            username: username.to_owned(),
            password: Some(Secret::new(PASSWORD.to_owned())),
            email: None,
            roles: Some(roles.iter().map(|r| (*r).to_owned()).collect()),
        };
        let made = self.auth.create_user(&Access::operator(), new, &Client::operator()).await;
        made.unwrap().0.id.to_string()
    }

    /// A new account, logged in.
    pub async fn user(&self, username: &str) -> Browser<'_> {
        self.account(username, &["user"]).await;
        self.anonymous().logged_in(username).await
    }

    /// A new administrator `root`, logged in.
    pub async fn admin(&self) -> Browser<'_> {
        self.account("root", &["admin", "user"]).await;
        self.anonymous().logged_in("root").await
    }
}

/// Someone who sends requests: keeps its cookie and its access token, as a page would.
pub struct Browser<'a> {
    pub server: &'a TestServer,
    pub peer: Peer,
    pub token: Option<String>,
    pub cookie: Option<String>,
    /// Of a service: what it sends instead of a token.
    pub basic: Option<String>,
    pub user_id: String,
}

impl<'a> Browser<'a> {
    /// Logs in with [`PASSWORD`] and keeps what comes of it.
    pub async fn logged_in(mut self, username: &str) -> Browser<'a> {
        let answer = self.login(username, PASSWORD).await.status(200);
        let body: Value = answer.json();
        self.token = body["access_token"].as_str().map(str::to_owned);
        body["user"]["id"].as_str().unwrap().clone_into(&mut self.user_id);
        self.cookie = answer.cookie("__Host-refresh");
        self
    }

    #[must_use]
    pub async fn login(&self, username: &str, password: &str) -> Answer {
        let form = serde_json::json!({"username": username, "password": password});
        self.post("/auth/login").json(&form).send().await
    }

    #[must_use]
    pub async fn refresh(&self) -> Answer {
        self.post("/auth/refresh").send().await
    }

    /// The same browser with another access token in its memory.
    pub fn with_token(&self, token: &str) -> Browser<'a> {
        Browser {
            server: self.server,
            peer: self.peer,
            token: Some(token.to_owned()),
            cookie: self.cookie.clone(),
            basic: None,
            user_id: self.user_id.clone(),
        }
    }

    /// The same, sending this name and secret of a service.
    pub fn with_basic(mut self, name: &str, secret: &str) -> Browser<'a> {
        self.basic = Some(STANDARD.encode(format!("{name}:{secret}")));
        self
    }

    /// Asks about a token, as a service.
    #[must_use]
    pub async fn introspect(&self, token: &str) -> Answer {
        self.post("/oauth/introspect").form(&[("token", token)]).send().await
    }

    /// Revokes a token, as a service.
    #[must_use]
    pub async fn revoke(&self, token: &str) -> Answer {
        self.post("/oauth/revoke").form(&[("token", token)]).send().await
    }

    pub fn get(&self, path: &str) -> RequestBuilder<'a> {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> RequestBuilder<'a> {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> RequestBuilder<'a> {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> RequestBuilder<'a> {
        self.request(Method::DELETE, path)
    }

    /// A request with this browser's token and cookie.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'a> {
        let mut builder = RequestBuilder {
            server: self.server,
            peer: self.peer,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        };
        if let Some(token) = &self.token {
            builder = builder.header("authorization", &format!("Bearer {token}"));
        }
        if let Some(basic) = &self.basic {
            builder = builder.header("authorization", &format!("Basic {basic}"));
        }
        if let Some(cookie) = &self.cookie {
            builder = builder.header("cookie", &format!("__Host-refresh={cookie}"));
        }
        builder
    }
}

/// A request in the making.
pub struct RequestBuilder<'a> {
    server: &'a TestServer,
    peer: Peer,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl RequestBuilder<'_> {
    /// Adds a header line; a second one of the same name stays beside the first.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// With this behind the `?`.
    pub fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    /// Without a header that the browser would send.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// The fields of a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let encode = |text: &str| {
            text.bytes().fold(String::new(), |out, byte| {
                if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                    out + &char::from(byte).to_string()
                } else {
                    out + &format!("%{byte:02X}")
                }
            })
        };
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.header("content-type", FORM).body(pairs.join("&"))
    }

    /// A body as it is, without a Content-Type.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    #[must_use]
    pub async fn send(self) -> Answer {
        let (method, path) = (self.method.clone(), self.path.clone());
        trace::sent(&self.body);
        let mut request = Request::builder().method(self.method).uri(self.path);
        *request.headers_mut().unwrap() = self.headers;
        let request = request.body(Full::new(Bytes::from(self.body))).unwrap();
        let mut answer = Answer::of(self.server.api.handle(request, self.peer).await).await;
        trace::answered(&answer.body, answer.lines("set-cookie").map(str::to_owned));
        if path.ends_with("/rotate") {
            self.server.note_keys().await;
        }
        answer.rule = explained(self.server, &answer);
        // The document is about the network; the control socket has answers of its own.
        if let Peer::Tcp(_) = self.peer {
            let document = Document::of(self.server).await;
            answer.documented = document.place_of(&method, &path, &answer);
        }
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Where `/openapi.json` has it: the row, and the status or the problem's code. `None` for
    /// paths and methods that do not exist.
    pub documented: Option<String>,
    /// The exact rule of a refusal, which the client is not told.
    pub rule: Option<Rule>,
}

/// What the server says to administrators of an answer: nothing of a success, and of a refusal
/// the rule, which always leads to the same answer.
fn explained(server: &TestServer, answer: &Answer) -> Option<Rule> {
    static CODES: Mutex<BTreeMap<&str, &str>> = Mutex::new(BTreeMap::new());
    if answer.status < 400 {
        return None;
    }
    let known = server.api.refusals().of(answer.header("x-request-id").unwrap());
    let refusal = known.first().expect("a refusal that is not kept");
    let (rule, row) = (refusal.why.rule(), refusal.kind.unwrap().row());
    assert_eq!(answer.status, row.status.as_u16(), "{refusal:?}");
    let code = *CODES.lock().unwrap().entry(rule.word()).or_insert(row.code);
    assert_eq!(code, row.code, "{rule} has two answers");
    Some(rule)
}

impl Answer {
    /// An answer, read to its end.
    pub async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            documented: None,
            rule: None,
        }
    }

    /// Asserts the status.
    #[track_caller]
    pub fn status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{}", self.text());
        self
    }

    /// Asserts by which rule it was refused.
    #[track_caller]
    pub fn rule(self, word: &str) -> Self {
        assert_eq!(self.rule.map(Rule::word), Some(word), "{}", self.text());
        self
    }

    /// Asserts an RFC 9457 problem with this code, and that it is well made.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        let body: Value = self.json();
        assert_eq!(body["code"], code, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["status"], self.status);
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        self
    }

    /// Asserts an error as OAuth writes it (RFC 6749, 5.2), of the problem with this code.
    #[track_caller]
    pub fn oauth(self, error: &str, code: &str) -> Self {
        let body: Value = self.json();
        assert_eq!(
            (&body["error"], self.code().as_str()),
            (&error.into(), code),
            "{}",
            self.text()
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self
    }

    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The code of a problem: in its document, in what a service is told, or in the root of the
    /// page that says it.
    #[track_caller]
    pub fn code(&self) -> String {
        if self.header("content-type") == Some("text/html; charset=utf-8") {
            let text = self.text();
            let (_, rest) = text.split_once("data-code=\"").expect("a refusal has its code");
            return rest.split('"').next().unwrap().to_owned();
        }
        let body: Value = self.json();
        let page = body["error_uri"].as_str().and_then(|page| page.strip_prefix("/problems/"));
        page.or(body["code"].as_str()).unwrap_or_else(|| panic!("{}", self.text())).to_owned()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn lines(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap())
    }

    /// The value of a cookie that the answer sets; `None` when it sets none of this name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.lines("set-cookie").find_map(|line| {
            let (pair, _) = line.split_once(';').unwrap();
            pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned)
        })
    }
}
