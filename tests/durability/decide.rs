//! After a restart: was the change done whose answer did not come? Either is right, but it is
//! decided once and must be whole; from then on it is in the model like any other.

use std::io;

use crate::client::{By, Client};
use crate::load::{Worker, login, register};
use crate::model::{Change, Session};

impl Worker {
    /// Asks the server what became of the pending change.
    pub fn decide(&mut self, client: &mut Client) -> io::Result<()> {
        let Some(change) = self.pending.take() else { return Ok(()) };
        let kind = change.kind();
        let done = match change {
            Change::Register { name, password } => self.was_registered((name, password), client)?,
            Change::Login { user } => self.end_strangers(user, client)? > 0,
            Change::Logout { user, session } | Change::EndSession { user, session } => {
                self.was_ended((user, session), kind, client)?
            }
            Change::Password { user, new, .. } => self.was_changed(user, new, client)?,
            Change::Disabled { user, to } => {
                let done = self.shown(user, client)?["disabled"] == to;
                if done {
                    self.model.disabled(user, to);
                }
                done
            }
            Change::Roles { user, is_editor } => {
                let roles = self.shown(user, client)?["roles"].clone();
                let done = roles.as_array().is_some_and(|all| all.len() == 2) == is_editor;
                if done {
                    self.model.roles_changed(user, is_editor);
                }
                done
            }
            Change::Delete { user } => {
                let done = self.shown(user, client)?["username"].is_null();
                if done {
                    self.model.user_deleted(user);
                }
                done
            }
            Change::RotateKeys | Change::RevokeKey { .. } => self.keys_changed(&change, client)?,
        };
        let count = self.counts.entry(kind).or_default();
        *(if done { &mut count.cut_off_done } else { &mut count.cut_off_not_done }) += 1;
        Ok(())
    }

    /// The account as an administrator sees it.
    fn shown(&self, user: usize, client: &mut Client) -> io::Result<serde_json::Value> {
        let path = format!("/admin/users/{}", self.model.accounts[user].id);
        Ok(client.get(&path, By::Token(&self.admin.token))?.json())
    }

    /// Who can log in is registered; else the name must still be free.
    fn was_registered(
        &mut self,
        (name, password): (String, String),
        client: &mut Client,
    ) -> io::Result<bool> {
        let answer = login(client, &name, &password)?;
        if answer.status == 200 {
            let user = self.model.registered(answer.text("/user/id"), (name, password));
            self.model.touch(user).sessions.push(Session::of(&answer));
            return Ok(true);
        }
        let answer = register(client, &name, &password)?;
        if answer.status == 201 {
            self.model.registered(answer.text("/user/id"), (name, password));
        } else {
            let found = format!("register: half of {name} is there: {}", answer.json());
            self.findings.push(found);
        }
        Ok(false)
    }

    /// Ends the sessions of an account whose cookie nobody has; how many there were.
    fn end_strangers(&mut self, user: usize, client: &mut Client) -> io::Result<usize> {
        let account = &self.model.accounts[user];
        let path = format!("/admin/users/{}/sessions", account.id);
        let listed = self.listed_sessions(&account.id, client)?;
        let known = |id: &String| account.sessions.iter().any(|session| session.id == *id);
        let strangers: Vec<String> = listed.into_iter().filter(|id| !known(id)).collect();
        let mut findings = Vec::new();
        for id in &strangers {
            let one = format!("{path}/{id}");
            let status = client.send(("DELETE", &one), By::Token(&self.admin.token), None)?.status;
            if status != 204 {
                findings
                    .push(format!("login: the session {id} of nobody cannot be ended: {status}"));
            }
        }
        if strangers.len() > 1 {
            findings.push(format!("login: one answer is missing, but these came: {strangers:?}"));
        }
        self.findings.append(&mut findings);
        Ok(strangers.len())
    }

    fn was_ended(
        &mut self,
        (user, session): (usize, usize),
        kind: &'static str,
        client: &mut Client,
    ) -> io::Result<bool> {
        let cookie = self.model.accounts[user].sessions[session].cookie.clone();
        let done = client.post("/auth/refresh", By::Cookie(&cookie))?.status == 401;
        if done {
            self.model.session_ended((user, session), kind);
        }
        Ok(done)
    }

    /// One of the two passwords must be good. The session that a done change left cannot be
    /// used by anyone: its new cookie was in the answer.
    fn was_changed(&mut self, user: usize, new: String, client: &mut Client) -> io::Result<bool> {
        let answer = login(client, &self.model.accounts[user].name, &new)?;
        let done = answer.status == 200;
        if done {
            self.model.password_changed(user, new, Some(Session::of(&answer)));
            self.end_strangers(user, client)?;
        }
        Ok(done)
    }

    fn keys_changed(&mut self, change: &Change, client: &mut Client) -> io::Result<bool> {
        let before = self.model.keys.clone();
        let answer = client.get("/admin/keys", By::Token(&self.admin.token))?;
        self.model.keys_are(&answer);
        let after = &self.model.keys;
        let (gone, new): (Vec<_>, Vec<_>) =
            (before.difference(after).collect(), after.difference(&before).collect());
        let is_right = if let Change::RevokeKey { kid } = change {
            new.is_empty() && gone.iter().all(|gone| *gone == kid)
        } else {
            gone.is_empty() && new.len() <= 1
        };
        if !is_right {
            self.findings.push(format!("{change:?}: the keys were {before:?} and are {after:?}"));
        }
        Ok(before != self.model.keys)
    }
}
