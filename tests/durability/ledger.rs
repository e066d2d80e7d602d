//! What a server that fails now and then has acknowledged. Other than the load of the kill test
//! it takes a refusal for an answer.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Answer, By, Client};
use crate::load::{login, register};
use crate::model::Session;

const PASSWORD: &str = "correct horse battery staple";

/// What one change came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// 503. It may have happened nevertheless.
    Refused,
}

use Outcome::{Done, Refused};

pub struct Ledger {
    client: Client,
    prefix: String,
    names: usize,
    users: Vec<String>,
    live: Vec<Session>,
    ended: Vec<String>,
    /// How many changes were acknowledged.
    pub acknowledged: usize,
    /// The code of a refusal.
    pub refusal: &'static str,
}

impl Ledger {
    pub fn new(address: SocketAddr, prefix: &str) -> Self {
        let (client, prefix) = (Client::new(address), prefix.to_owned());
        let (users, live, ended) = (Vec::new(), Vec::new(), Vec::new());
        let refusal = "unavailable";
        Self { client, prefix, names: 0, users, live, ended, acknowledged: 0, refusal }
    }

    /// The server was started again.
    pub fn moved(&mut self, address: SocketAddr) {
        self.client = Client::new(address);
    }

    /// One change of each kind, as far as there is something to change.
    pub fn round(&mut self) -> Vec<Outcome> {
        let mut outcomes = vec![self.register()];
        if !self.users.is_empty() {
            outcomes.push(self.login());
        }
        if self.live.len() > 2 {
            outcomes.push(self.logout());
        }
        outcomes
    }

    pub fn register(&mut self) -> Outcome {
        self.names += 1;
        let name = format!("{}-{}", self.prefix, self.names);
        let answer = register(&mut self.client, &name, PASSWORD).unwrap();
        let outcome = self.outcome(&answer, 201);
        if outcome == Done {
            self.users.push(name);
        }
        outcome
    }

    pub fn login(&mut self) -> Outcome {
        let name = self.users.last().unwrap();
        let answer = login(&mut self.client, name, PASSWORD).unwrap();
        let outcome = self.outcome(&answer, 200);
        if outcome == Done {
            self.live.push(Session::of(&answer));
        }
        outcome
    }

    /// Of a refused one nobody knows, but its cookie must not be cleared.
    pub fn logout(&mut self) -> Outcome {
        let session = self.live.remove(0);
        let answer = self.client.post("/auth/logout", By::Cookie(&session.cookie)).unwrap();
        let outcome = self.outcome(&answer, 204);
        if outcome == Done {
            self.ended.push(session.cookie);
        } else {
            assert_eq!(answer.cookie, None, "the cookie of a live session is cleared");
        }
        outcome
    }

    /// A logout that cannot happen, and must not look as if it did.
    pub fn logout_is_refused(&mut self) {
        let cookie = self.live[0].cookie.clone();
        let answer = self.client.post("/auth/logout", By::Cookie(&cookie)).unwrap();
        assert_eq!(self.outcome(&answer, 204), Refused);
        assert_eq!(answer.cookie, None, "the cookie of a live session is cleared");
    }

    fn outcome(&mut self, answer: &Answer, done: u16) -> Outcome {
        if answer.status == done {
            self.acknowledged += 1;
            return Done;
        }
        let said = (answer.status, answer.text("/code"));
        assert_eq!(said, (503, self.refusal.to_owned()), "{:?}", answer.json());
        Refused
    }

    /// Waits until reads are answered again. A fault is counted for each thread by itself, so it
    /// can hit the mending of the index, too, which is tried anew after pauses of 1 to 8 s.
    pub fn until_mended(&mut self) {
        let end = Instant::now() + Duration::from_secs(40);
        while let Some(Session { token, .. }) = self.live.first() {
            let status = self.client.get("/auth/me", By::Token(token)).unwrap().status;
            if status != 503 || Instant::now() > end {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What needs no write is answered whatever the disk does.
    pub fn reads(&mut self) {
        self.status("/healthz", 200);
        self.status("/.well-known/jwks.json", 200);
        for Session { token, cookie, .. } in &self.live {
            let me = self.client.get("/auth/me", By::Token(token)).unwrap();
            assert_eq!(me.status, 200, "{:?}", me.json());
            let refresh = self.client.post("/auth/refresh", By::Cookie(cookie)).unwrap();
            assert_eq!(refresh.status, 200, "{:?}", refresh.json());
        }
        self.ended_stay_ended();
    }

    fn ended_stay_ended(&mut self) {
        for cookie in &self.ended {
            let refresh = self.client.post("/auth/refresh", By::Cookie(cookie)).unwrap();
            assert_eq!(refresh.status, 401, "a logout was undone: {:?}", refresh.json());
        }
    }

    /// Whether the server is there and well. One that has gone is like one that was killed.
    pub fn answers(&mut self, path: &str) -> bool {
        self.client.get(path, By::Nothing).is_ok_and(|answer| answer.status == 200)
    }

    pub fn status(&mut self, path: &str, wanted: u16) {
        let answer = self.client.get(path, By::Nothing).unwrap();
        assert_eq!(answer.status, wanted, "{path}: {:?}", answer.json());
    }

    /// Everything acknowledged is there. The server must take writes.
    pub fn check(&mut self) {
        self.reads();
        for name in &self.users {
            let answer = login(&mut self.client, name, PASSWORD).unwrap();
            assert_eq!(answer.status, 200, "{name} is lost: {:?}", answer.json());
        }
    }
}
