//! Accounts that are used over HTTP, and what each of them was told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cut::Dice;
use super::server::{Answer, Client};

/// A change that a server said it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Registered,
    LoggedIn {
        session: String,
    },
    LoggedOut {
        session: String,
    },
    /// The password with this number; the session that asked for it stays.
    NewPassword {
        number: usize,
        session: String,
    },
    Disabled(bool),
    Renamed(String),
    /// The whole store was, which ends all sessions.
    Restored,
}

/// As the id of a request: a restore is one command for everybody.
pub const RESTORE: &str = "restore";

/// What is known of an account: after a change, and in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub exists: bool,
    pub epoch: u64,
    pub password: usize,
    pub disabled: bool,
    pub display_name: Option<String>,
    /// Live or dead.
    pub sessions: BTreeMap<String, bool>,
}

impl Known {
    pub fn after(mut self, effect: &Effect) -> Self {
        match effect {
            Effect::Registered => (self.exists, self.epoch) = (true, 1),
            Effect::LoggedIn { session } => drop(self.sessions.insert(session.clone(), true)),
            Effect::LoggedOut { session } => drop(self.sessions.insert(session.clone(), false)),
            Effect::NewPassword { number, session } => {
                self = self.all_ended();
                self.password = *number;
                self.sessions.insert(session.clone(), true);
            }
            Effect::Disabled(disabled) => {
                self = self.all_ended();
                self.disabled = *disabled;
            }
            Effect::Renamed(name) => self.display_name = Some(name.clone()),
            Effect::Restored => self = self.all_ended(),
        }
        self
    }

    fn all_ended(mut self) -> Self {
        self.epoch += 1;
        self.sessions.values_mut().for_each(|live| *live = false);
        self
    }
}

/// An account and its own client: one request at a time.
#[derive(Debug)]
pub struct Person {
    pub name: String,
    /// What was answered, in order, by request id.
    pub changes: Vec<(String, Effect)>,
    /// Id, cookie and bearer line of the sessions that live.
    sessions: Vec<(String, String, String)>,
    id: String,
    password: usize,
}

/// The text of a password by its number.
pub fn password(name: &str, number: usize) -> String {
    format!("a quiet place for {name}, {number}")
}

impl Person {
    pub fn new(name: String) -> Self {
        Self { name, changes: Vec::new(), sessions: Vec::new(), id: String::new(), password: 0 }
    }

    /// The store of everybody was restored.
    pub fn restored(&mut self) {
        self.sessions.clear();
        self.changes.push((RESTORE.to_owned(), Effect::Restored));
    }

    fn told(&mut self, answer: &Answer, effect: Effect) {
        self.changes.push((answer.request_id(), effect));
    }

    /// The first administrator.
    pub fn set_up(&mut self, client: Client, secret: &str) {
        let form = json!({"secret": secret, "username": self.name, "password": self.secret()});
        let answer = client.send("POST /auth/setup", "", Some(&form)).done();
        self.told(&answer, Effect::Registered);
    }

    pub fn register(&mut self, client: Client) {
        let form = json!({"username": self.name, "password": self.secret()});
        let answer = client.send("POST /auth/register", "", Some(&form)).done();
        self.told(&answer, Effect::Registered);
    }

    fn secret(&self) -> String {
        password(&self.name, self.password)
    }

    pub fn log_in(&mut self, client: Client) {
        let form = json!({"username": self.name, "password": self.secret()});
        let answer = client.send("POST /auth/login", "", Some(&form)).done();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let session = text(&answer.json()["session"]["id"]);
        self.id = text(&answer.json()["user"]["id"]);
        self.sessions.push((session.clone(), answer.cookie(), answer.bearer()));
        self.told(&answer, Effect::LoggedIn { session });
    }

    pub fn log_out(&mut self, client: Client) {
        let (session, cookie, _) = self.sessions.remove(0);
        let answer = client.send("POST /auth/logout", &cookie, None).done();
        self.told(&answer, Effect::LoggedOut { session });
    }

    pub fn change_password(&mut self, client: Client) {
        let (session, _, bearer) = self.sessions.pop().unwrap();
        let old = self.secret();
        self.password += 1;
        let form = json!({"current_password": old, "new_password": self.secret()});
        let answer = client.send("POST /auth/password", &bearer, Some(&form)).done();
        self.sessions = vec![(session.clone(), answer.cookie(), answer.bearer())];
        self.told(&answer, Effect::NewPassword { number: self.password, session });
    }

    fn rename(&mut self, client: Client, number: usize) {
        let name = format!("{} the {number}th", self.name);
        let form = json!({"display_name": name});
        let answer = client.send("PATCH /auth/me", &self.bearer(), Some(&form)).done();
        self.told(&answer, Effect::Renamed(name));
    }

    pub fn disable(&mut self, client: Client, (disabled, admin): (bool, &str)) {
        let start = format!("PATCH /admin/users/{}", self.id);
        let answer = client.send(&start, admin, Some(&json!({"disabled": disabled}))).done();
        self.sessions.clear();
        self.told(&answer, Effect::Disabled(disabled));
    }

    /// The header line of the latest session.
    pub fn bearer(&self) -> String {
        self.sessions.last().unwrap().2.clone()
    }

    /// A few changes, ending with a live session.
    pub fn round(&mut self, client: Client, (admin, dice): (&str, &mut Dice)) {
        if self.changes.is_empty() {
            self.register(client);
        }
        if self.sessions.is_empty() || self.sessions.len() < 5 && dice.below(3) == 0 {
            self.log_in(client);
        }
        match dice.below(6) {
            0 if self.sessions.len() > 1 => self.log_out(client),
            1 => self.change_password(client),
            2 => {
                self.disable(client, (true, admin));
                self.disable(client, (false, admin));
                self.log_in(client);
            }
            _ => (0..4).for_each(|_| self.rename(client, dice.below(1000))),
        }
    }
}
