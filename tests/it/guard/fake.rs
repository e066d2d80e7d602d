//! An issuer that does what a test wants: it signs whatever it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use doorkey::crypto::{self, Issuer, KeyPair, StatusList, sign_status_list};
use doorkey::model::{
    Algorithm, Claims, Clock, Role, SessionId, StatusListId, StatusRef, Timestamp, TokenId, UserId,
};
use serde_json::json;
use warp::reply::{Reply as _, Response};

use super::socket::Socket;

pub const JWKS: &str = "/.well-known/jwks.json";
/// How long its lists count.
pub const TTL: Duration = Duration::from_mins(1);

/// What is at each path: a body, silence (`None`), or 404.
type Pages = Arc<Mutex<BTreeMap<String, Option<Vec<u8>>>>>;

pub struct FakeIssuer {
    pub socket: Socket,
    pub clock: Clock,
    pages: Pages,
    keys: Vec<KeyPair>,
}

/// The list in which the tokens of [`FakeIssuer::claims`] have the place 5.
pub const LIST: StatusListId = StatusListId::from_bytes([9; 8]);

impl FakeIssuer {
    /// With one key and no list.
    pub async fn start() -> Self {
        Self::behind(Socket::open().await)
    }

    /// The same behind this socket.
    pub fn behind(mut socket: Socket) -> Self {
        let pages = Pages::default();
        let served = pages.clone();
        socket.serve(move |request| {
            let body = served.lock().unwrap().get(request.uri().path()).cloned();
            async move {
                match body {
                    Some(Some(body)) => Response::new(Bytes::from(body).into()),
                    Some(None) => std::future::pending().await,
                    None => warp::http::StatusCode::NOT_FOUND.into_response(),
                }
            }
        });
        let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let mut issuer = Self { socket, clock, pages, keys: Vec::new() };
        issuer.rotate();
        issuer
    }

    /// What is at `path` from now on.
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.pages.lock().unwrap().insert(path.to_owned(), Some(body.into()));
    }

    /// There is nothing at `path` from now on.
    pub fn remove(&self, path: &str) {
        self.pages.lock().unwrap().remove(path);
    }

    /// Who asks for `path` from now on waits in vain.
    pub fn set_silent(&self, path: &str) {
        self.pages.lock().unwrap().insert(path.to_owned(), None);
    }

    /// Signs with a new key from now on, and shows all.
    pub fn rotate(&mut self) {
        self.keys.push(KeyPair::generate(Algorithm::Es256).unwrap());
        self.show(&self.keys.iter().collect::<Vec<_>>());
    }

    /// Shows these keys.
    pub fn show(&self, keys: &[&KeyPair]) {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        self.put(JWKS, json!({ "keys": keys }).to_string());
    }

    pub fn key(&self) -> &KeyPair {
        self.keys.last().unwrap()
    }

    fn name(&self) -> Issuer {
        let origin = self.socket.origin.clone();
        Issuer { audience: origin.clone(), issuer: origin }
    }

    /// The claims of a good token of a plain user.
    pub fn claims(&self) -> Claims {
        let now = self.clock.now();
        Claims {
            subject: UserId::from_bytes([1; 16]),
            session: SessionId::from_bytes([2; 16]),
            id: TokenId::from_bytes([3; 16]),
            issued_at: now,
            expires_at: now.plus(Duration::from_mins(15)),
            auth_time: now,
            epoch: 0,
            roles: [Role::user()].into(),
            status: None,
        }
    }

    /// The claims of a token that names its place in [`LIST`].
    pub fn claims_with_status(&self) -> Claims {
        Claims { status: Some(StatusRef { list: LIST, index: 5 }), ..self.claims() }
    }

    pub fn sign(&self, claims: &Claims) -> String {
        self.sign_as(&self.name(), claims)
    }

    /// Signs in another name.
    pub fn sign_as(&self, issuer: &Issuer, claims: &Claims) -> String {
        crypto::sign(self.key(), issuer, claims).unwrap().expose().to_owned()
    }

    /// The address of [`LIST`].
    pub fn list_path() -> String {
        StatusRef::uri("", LIST)
    }

    /// Publishes [`LIST`] as of now, with these bits.
    pub fn publish(&self, bits: &[u8]) {
        self.put(&Self::list_path(), self.list(self.key(), (LIST, bits)));
    }

    /// A list of this name, signed by `key`.
    pub fn list(&self, key: &KeyPair, (list, bits): (StatusListId, &[u8])) -> String {
        let uri = StatusRef::uri(&self.socket.origin, list);
        let list = StatusList { uri: &uri, bits, issued_at: self.clock.now(), ttl: TTL };
        sign_status_list(key, &list).unwrap()
    }
}
