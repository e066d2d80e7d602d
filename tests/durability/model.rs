//! What the server has acknowledged, and what must be so because of it. One client at a time
//! changes an account, so each account has exactly one state that is right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::client::Answer;

/// A session and what its browser holds.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub cookie: String,
    pub token: String,
    pub token_from: Instant,
}

impl Session {
    /// Out of the answer of a login or of a change of password.
    pub fn of(answer: &Answer) -> Self {
        Self {
            id: answer.text("/session/id"),
            cookie: answer.cookie.clone().unwrap_or_default(),
            token: answer.text("/access_token"),
            token_from: Instant::now(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub password: String,
    /// The password before; it must never be good again.
    pub former: Option<String>,
    pub is_editor: bool,
    pub disabled: bool,
    pub sessions: Vec<Session>,
    /// The round of the last change.
    pub touched: usize,
    /// Whether its password was tried since it last mattered. Trying is dear.
    pub tried: bool,
}

impl Account {
    /// Its roles, in the order in which the server lists them.
    pub fn roles(&self) -> Vec<&'static str> {
        if self.is_editor { vec!["editor", "user"] } else { vec!["user"] }
    }
}

/// A session that must stay dead, as must its tokens.
#[derive(Debug, Clone)]
pub struct Ended {
    pub session: Session,
    pub why: &'static str,
    pub round: usize,
}

/// A change that a client asks for.
#[derive(Debug, Clone)]
pub enum Change {
    Register { name: String, password: String },
    Login { user: usize },
    Logout { user: usize, session: usize },
    Password { user: usize, session: usize, new: String },
    Disabled { user: usize, to: bool },
    Roles { user: usize, is_editor: bool },
    EndSession { user: usize, session: usize },
    Delete { user: usize },
    RotateKeys,
    RevokeKey { kid: String },
}

impl Change {
    /// The session whose access token a change needs: its account and its place there.
    pub fn by(&self) -> Option<(usize, usize)> {
        if let Self::Password { user, session, .. } | Self::EndSession { user, session } = self {
            Some((*user, *session))
        } else {
            None
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Register { .. } => "register",
            Self::Login { .. } => "login",
            Self::Logout { .. } => "logout",
            Self::Password { .. } => "password change",
            Self::Disabled { to: true, .. } => "disable",
            Self::Disabled { to: false, .. } => "enable",
            Self::Roles { .. } => "role change",
            Self::EndSession { .. } => "delete a session",
            Self::Delete { .. } => "delete a user",
            Self::RotateKeys => "rotate keys",
            Self::RevokeKey { .. } => "revoke a key",
        }
    }
}

/// How many changes of a kind were asked for, by what became of them.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    pub acknowledged: u64,
    /// Cut off by the kill, and found done.
    pub cut_off_done: u64,
    /// Cut off by the kill, and found not done.
    pub cut_off_not_done: u64,
}

pub type Counts = BTreeMap<&'static str, Count>;

#[derive(Debug, Default, Clone)]
pub struct Model {
    pub accounts: Vec<Account>,
    pub ended: Vec<Ended>,
    /// As they were when they were deleted, without sessions.
    pub deleted: Vec<Account>,
    /// The ids of the keys that are served. Only one client changes keys.
    pub keys: BTreeSet<String>,
    /// The key that waits for its time, and since when.
    pub next_key: Option<(String, Instant)>,
    pub round: usize,
}

impl Model {
    pub fn registered(&mut self, id: String, (name, password): (String, String)) -> usize {
        self.accounts.push(Account {
            id,
            name,
            password,
            former: None,
            is_editor: false,
            disabled: false,
            sessions: Vec::new(),
            touched: self.round,
            tried: false,
        });
        self.accounts.len() - 1
    }

    /// The account, which changes now.
    pub fn touch(&mut self, user: usize) -> &mut Account {
        let account = &mut self.accounts[user];
        account.touched = self.round;
        account
    }

    pub fn session_ended(&mut self, (user, session): (usize, usize), why: &'static str) {
        let session = self.touch(user).sessions.swap_remove(session);
        self.ended.push(Ended { session, why, round: self.round });
    }

    pub fn all_sessions_ended(&mut self, user: usize, why: &'static str) {
        while !self.accounts[user].sessions.is_empty() {
            self.session_ended((user, 0), why);
        }
    }

    /// The session that made the change goes on under `renewed`; nobody knows its new cookie
    /// when the answer did not come.
    pub fn password_changed(&mut self, user: usize, new: String, renewed: Option<Session>) {
        self.all_sessions_ended(user, "password change");
        let account = self.touch(user);
        account.tried = false;
        account.former = Some(std::mem::replace(&mut account.password, new));
        account.sessions.extend(renewed);
    }

    pub fn disabled(&mut self, user: usize, to: bool) {
        self.all_sessions_ended(user, if to { "disable" } else { "enable" });
        let account = self.touch(user);
        (account.disabled, account.tried) = (to, false);
    }

    pub fn roles_changed(&mut self, user: usize, is_editor: bool) {
        self.all_sessions_ended(user, "role change");
        self.touch(user).is_editor = is_editor;
    }

    pub fn user_deleted(&mut self, user: usize) {
        self.all_sessions_ended(user, "deletion of the user");
        self.touch(user).tried = false;
        self.deleted.push(self.accounts.swap_remove(user));
    }

    /// The keys that are served now, as `/admin/keys` says it.
    pub fn keys_are(&mut self, answer: &Answer) {
        let body = answer.json();
        let keys = body["keys"].as_array().cloned().unwrap_or_default();
        let kid = |key: &serde_json::Value| key["kid"].as_str().unwrap_or_default().to_owned();
        self.keys = keys.iter().map(kid).collect();
        let next = keys.iter().find(|key| key["state"] == "next").map(kid);
        let known = self.next_key.take().filter(|(kid, _)| Some(kid) == next.as_ref());
        self.next_key = known.or_else(|| Some((next?, Instant::now())));
    }
}
