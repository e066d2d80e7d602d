//! An issuer that publishes bad status lists, and what the resource servers make of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::crypto::{Issuer, KeyPair, sign};
use doorkey::model::{
    Algorithm, Claims, Clock, Role, Roles, SessionId, StatusListId, StatusRef, Timestamp, TokenId,
    UserId,
};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Resource;

/// The name of each case, and how a request with a token whose list it is must end.
const CASES: &[(&str, u16)] = &[
    ("good", 200),
    ("ended", 401),
    ("beyond its end", 401),
    ("not found", 401),
    ("unavailable", 503),
    ("redirect", 503),
    ("of another name", 503),
    ("over", 503),
    ("without an end", 503),
    ("an access token's type", 503),
    ("another key", 503),
    ("two bits", 503),
    ("not compressed", 503),
    ("a bomb", 503),
    ("too long", 503),
    ("cut off", 503),
    ("no text", 503),
    ("no HTTP", 503),
];

/// What the issuer answers to whoever asks for its keys.
#[derive(Clone, Copy)]
pub(super) enum Mood {
    Good,
    /// 503.
    Broken,
    /// Nothing, while anyone waits.
    Silent,
}

/// The issuer: every list at its own place.
pub(super) struct Publisher {
    pub(super) url: String,
    key: KeyPair,
    stranger: KeyPair,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
}

fn list(case: usize) -> StatusListId {
    StatusListId::from_bytes([u8::try_from(case).unwrap(); 8])
}

fn now() -> Timestamp {
    Clock::system().wall()
}

fn compressed(bits: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bits).unwrap();
    URL_SAFE_NO_PAD.encode(encoder.finish().unwrap())
}

fn jwt(key: &KeyPair, typ: &str, claims: &Value) -> String {
    let mut header = Header::new(jsonwebtoken::Algorithm::ES256);
    (header.typ, header.kid) = (Some(typ.to_owned()), Some(key.id().to_string()));
    encode(&header, claims, &EncodingKey::from_ec_der(key.pkcs8())).unwrap()
}

impl Publisher {
    /// Place 9 of every list is what is asked for.
    fn token(&self, case: usize) -> String {
        self.signed(&self.key, case)
    }

    /// A token that is good, and whose list is.
    pub(super) fn good_token(&self) -> String {
        self.token(0)
    }

    /// The same by a key that nobody has.
    pub(super) fn forged_token(&self) -> String {
        self.signed(&KeyPair::generate(Algorithm::Es256).unwrap(), 0)
    }

    /// From now on the keys are had like this.
    pub(super) fn set_mood(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// How many times the keys were asked for.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn signed(&self, key: &KeyPair, case: usize) -> String {
        let index = if CASES[case].0 == "beyond its end" { 9_000_000 } else { 9 };
        let claims = Claims {
            subject: UserId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
            id: TokenId::from_bytes([3; 16]),
            issued_at: now(),
            expires_at: now().plus(Duration::from_mins(10)),
            auth_time: now(),
            epoch: 1,
            roles: Roles::from([Role::user()]),
            status: Some(StatusRef { list: list(case), index }),
        };
        let issuer = Issuer { issuer: self.url.clone(), audience: self.url.clone() };
        sign(key, &issuer, &claims).unwrap().expose().to_owned()
    }

    /// What is published of the keys; `None` when nothing is said.
    fn publish_keys(&self) -> Option<(u16, Vec<u8>)> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match *self.mood.lock().unwrap() {
            Mood::Good => {
                let keys = json!({"keys": [self.key.public_jwk()]});
                Some((200, keys.to_string().into_bytes()))
            }
            Mood::Broken => Some((503, Vec::new())),
            Mood::Silent => None,
        }
    }

    /// What is published of a case: the status and the text.
    fn publish(&self, case: usize) -> (u16, Vec<u8>) {
        let (name, at) = (CASES[case].0, now().seconds());
        let uri = StatusRef::uri(&self.url, list(case));
        let bits = compressed(&[0; 4096]);
        let mut claims = json!({
            "sub": uri, "iat": at, "exp": at + 60, "ttl": 60,
            "status_list": {"bits": 1, "lst": bits},
        });
        let (mut typ, mut key) = ("statuslist+jwt", &self.key);
        let lst = &mut claims["status_list"]["lst"];
        match name {
            "good" | "beyond its end" => {}
            "ended" => *lst = compressed(&[0xff; 4096]).into(),
            "not found" => return (404, Vec::new()),
            "unavailable" => return (503, Vec::new()),
            "redirect" => return (302, Vec::new()),
            "no text" => return (200, vec![0xff; 100]),
            "no HTTP" => return (0, Vec::new()),
            "of another name" => claims["sub"] = StatusRef::uri(&self.url, list(0)).into(),
            "over" => (claims["iat"], claims["exp"]) = ((at - 120).into(), (at - 60).into()),
            "without an end" => drop(claims.as_object_mut().unwrap().remove("exp")),
            "an access token's type" => typ = "at+jwt",
            "another key" => key = &self.stranger,
            "two bits" => claims["status_list"]["bits"] = 2.into(),
            "not compressed" => *lst = URL_SAFE_NO_PAD.encode([0; 4096]).into(),
            "a bomb" => *lst = compressed(&vec![0; 64 << 20]).into(),
            "too long" => *lst = "A".repeat(3 << 20).into(),
            "cut off" => *lst = bits[..bits.len() - 8].into(),
            other => panic!("{other}"),
        }
        (200, jwt(key, typ, &claims).into_bytes())
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut first = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        reader.read_line(&mut first).unwrap();
        let mut line = String::from("-");
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        let path = first.split(' ').nth(1).unwrap_or_default();
        let case = (0..CASES.len()).find(|case| path.ends_with(&list(*case).to_string()));
        let published = case.map_or_else(|| self.publish_keys(), |case| Some(self.publish(case)));
        let Some((status, body)) = published else {
            // Until whoever asks gives up.
            return drop(reader.read_line(&mut line));
        };
        let good = StatusRef::uri(&self.url, list(0));
        let to = if status == 302 { format!("Location: {good}\r\n") } else { String::new() };
        let length = body.len();
        let protocol = if status == 0 { "-" } else { "HTTP/1.1" };
        let head = format!(
            "{protocol} {status} -\r\n{to}Connection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        // Who was told enough hangs up.
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
    }
}

/// Publishes until the end of the process.
pub(super) fn publisher() -> Arc<Publisher> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let [key, stranger] = [(); 2].map(|()| KeyPair::generate(Algorithm::Es256).unwrap());
    let (mood, asked) = (Mutex::new(Mood::Good), AtomicUsize::new(0));
    let publisher = Arc::new(Publisher { url, key, stranger, mood, asked });
    let shared = publisher.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let shared = shared.clone();
            std::thread::spawn(move || shared.answer(stream.unwrap()));
        }
    });
    publisher
}

/// Only a list that is whole, of its name, of its issuer, not over and not too large lets anyone in.
pub(super) fn takes_no_bad_list(command: Command) {
    let publisher = publisher();
    let resource = Resource::start(command, &publisher.url);
    for (case, (name, expected)) in CASES.iter().enumerate() {
        let answer = resource.get("/notes", Some(&publisher.token(case)));
        assert_eq!(answer.code(), *expected, "{name}");
        let later = answer.header("retry-after").or(answer.header("Retry-After"));
        assert_eq!(later, (*expected == 503).then_some("5"), "{name}");
    }
}

/// What `doorkey::guard` does only when it is told to.
pub(super) fn takes_no_token_without_a_place(command: Command) {
    let publisher = publisher();
    let resource = Resource::start(command, &publisher.url);
    let unchecked = publisher.token_without_a_place();
    resource.get("/notes", Some(&unchecked)).status(401);
}

impl Publisher {
    fn token_without_a_place(&self) -> String {
        let at = now().seconds();
        let claims = json!({
            "iss": self.url, "aud": self.url, "sub": "x", "iat": at, "exp": at + 600, "roles": ["user"],
        });
        jwt(&self.key, "at+jwt", &claims)
    }
}
