//! One client of the mixed load: it asks for changes of its own accounts until the server dies.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::client::{Answer, By, Client};
use crate::model::{Change, Counts, Model, Session};

/// Fewer than a user may have, so that a login never puts a session out.
const MOST_SESSIONS: usize = 6;
/// A waiting key is revoked only while it is far from signing, which it does after 7 minutes.
const YOUNG: Duration = Duration::from_mins(5);

/// The administrator of all clients.
pub const ADMIN: &str = "root";
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

pub struct Worker {
    /// The first one has the keys, too.
    pub number: usize,
    pub model: Model,
    pub chance: Chance,
    /// The administrator's session of this client.
    pub admin: Session,
    /// The change that is under way, or was when the server died.
    pub pending: Option<Change>,
    pub counts: Counts,
    pub findings: Vec<String>,
    names: usize,
}

impl Worker {
    /// Logs its administrator in.
    pub fn new(number: usize, chance: Chance, client: &mut Client) -> Self {
        let form = json!({"username": ADMIN, "password": ADMIN_PASSWORD});
        let answer = client.send(("POST", "/auth/login"), By::Nothing, Some(&form)).unwrap();
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        let mut worker = Self {
            number,
            model: Model::default(),
            chance,
            admin: Session::of(&answer),
            pending: None,
            counts: Counts::new(),
            findings: Vec::new(),
            names: 0,
        };
        let keys = client.get("/admin/keys", By::Token(&worker.admin.token)).unwrap();
        worker.model.keys_are(&keys);
        worker
    }

    /// Changes things until the server is gone or wrong.
    pub fn work(&mut self, client: &mut Client) {
        while self.findings.is_empty() && self.step(client).is_ok() {}
    }

    /// One change.
    pub fn step(&mut self, client: &mut Client) -> io::Result<()> {
        let change = self.choose();
        self.make(change, client)
    }

    /// Asks for this change; what the server acknowledges is in the model.
    pub fn make(&mut self, change: Change, client: &mut Client) -> io::Result<()> {
        let token = match change.by() {
            Some(own) => self.fresh_token(own, client)?,
            None => self.admin.token.clone(),
        };
        self.pending = Some(change.clone());
        let answer = self.send(&change, &token, client)?;
        self.pending = None;
        let kind = change.kind();
        if answer.status >= 300 {
            let said = answer.json();
            self.findings.push(format!("{kind}: {} under load: {said} {change:?}", answer.status));
            return Ok(());
        }
        self.counts.entry(kind).or_default().acknowledged += 1;
        self.acknowledged(change, &answer);
        Ok(())
    }

    /// A new access token of a session that must be alive.
    pub fn fresh_token(
        &mut self,
        (user, session): (usize, usize),
        client: &mut Client,
    ) -> io::Result<String> {
        let session = &mut self.model.accounts[user].sessions[session];
        let answer = client.post("/auth/refresh", By::Cookie(&session.cookie))?;
        if answer.status == 200 {
            *session = Session { cookie: session.cookie.clone(), ..Session::of(&answer) };
        } else {
            let found = format!("a live session answers {} to a refresh", answer.status);
            self.findings.push(found);
        }
        Ok(session.token.clone())
    }

    fn choose(&mut self) -> Change {
        if self.number == 0 && self.chance.one_in(12) {
            return self.choose_for_keys();
        }
        if self.model.accounts.len() < 4 || self.chance.one_in(9) {
            return self.new_account();
        }
        let user = self.chance.below(self.model.accounts.len());
        let account = &self.model.accounts[user];
        if account.disabled {
            let to_enable = self.chance.below(10) < 8;
            let enable = Change::Disabled { user, to: false };
            return if to_enable { enable } else { Change::Delete { user } };
        }
        if account.sessions.is_empty() {
            return Change::Login { user };
        }
        let session = self.chance.below(account.sessions.len());
        let is_editor = !account.is_editor;
        match self.chance.below(100) {
            0..40 if account.sessions.len() < MOST_SESSIONS => Change::Login { user },
            0..58 => Change::Logout { user, session },
            58..70 => Change::Password { user, session, new: self.chance.password() },
            70..78 => Change::Disabled { user, to: true },
            78..84 => Change::Roles { user, is_editor },
            84..93 => Change::EndSession { user, session },
            _ => Change::Delete { user },
        }
    }

    pub fn new_account(&mut self) -> Change {
        self.names += 1;
        let name = format!("client{}-{}", self.number, self.names);
        Change::Register { name, password: self.chance.password() }
    }

    fn choose_for_keys(&self) -> Change {
        match &self.model.next_key {
            Some((kid, since)) if since.elapsed() < YOUNG => Change::RevokeKey { kid: kid.clone() },
            Some(_) | None => Change::RotateKeys,
        }
    }

    fn send(&self, change: &Change, token: &str, client: &mut Client) -> io::Result<Answer> {
        let user = |user: usize| &self.model.accounts[user];
        let (bearer, of_user) = (By::Token(token), |i| format!("/admin/users/{}", user(i).id));
        match change {
            Change::Register { name, password } => register(client, name, password),
            Change::Login { user: u } => login(client, &user(*u).name, &user(*u).password),
            Change::Logout { user: u, session } => {
                client.post("/auth/logout", By::Cookie(&user(*u).sessions[*session].cookie))
            }
            Change::Password { user: u, new, .. } => {
                let form = json!({"current_password": user(*u).password, "new_password": new});
                client.send(("POST", "/auth/password"), bearer, Some(&form))
            }
            Change::Disabled { user, to } => {
                client.send(("PATCH", &of_user(*user)), bearer, Some(&json!({"disabled": to})))
            }
            Change::Roles { user, is_editor } => {
                let roles: Value =
                    if *is_editor { json!(["editor", "user"]) } else { json!(["user"]) };
                client.send(("PATCH", &of_user(*user)), bearer, Some(&json!({"roles": roles})))
            }
            Change::EndSession { user: u, session } => {
                let path = format!("/auth/sessions/{}", user(*u).sessions[*session].id);
                client.send(("DELETE", &path), bearer, None)
            }
            Change::Delete { user } => client.send(("DELETE", &of_user(*user)), bearer, None),
            Change::RotateKeys => client.post("/admin/keys/rotate", bearer),
            Change::RevokeKey { kid } => {
                let form = json!({"revoke": kid});
                client.send(("POST", "/admin/keys/rotate"), bearer, Some(&form))
            }
        }
    }

    fn acknowledged(&mut self, change: Change, answer: &Answer) {
        let model = &mut self.model;
        match change {
            Change::Register { name, password } => {
                model.registered(answer.text("/user/id"), (name, password));
            }
            Change::Login { user } => model.touch(user).sessions.push(Session::of(answer)),
            Change::Logout { user, session } => model.session_ended((user, session), "logout"),
            Change::Password { user, new, .. } => {
                model.password_changed(user, new, Some(Session::of(answer)));
            }
            Change::Disabled { user, to } => model.disabled(user, to),
            Change::Roles { user, is_editor } => model.roles_changed(user, is_editor),
            Change::EndSession { user, session } => {
                model.session_ended((user, session), "deletion of the session");
            }
            Change::Delete { user } => model.user_deleted(user),
            Change::RotateKeys | Change::RevokeKey { .. } => model.keys_are(answer),
        }
    }
}

pub fn register(client: &mut Client, name: &str, password: &str) -> io::Result<Answer> {
    let form = json!({"username": name, "password": password});
    client.send(("POST", "/auth/register"), By::Nothing, Some(&form))
}

pub fn login(client: &mut Client, name: &str, password: &str) -> io::Result<Answer> {
    let form = json!({"username": name, "password": password});
    client.send(("POST", "/auth/login"), By::Nothing, Some(&form))
}
