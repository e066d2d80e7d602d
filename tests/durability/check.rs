//! After a restart: is everything as it was acknowledged?

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{By, Client};
use crate::load::{Worker, login};
use crate::model::{Account, Ended, Session};

/// How many rounds a change is looked at again each time.
const RECENT: usize = 1;
/// How many older things of each kind are looked at in a round.
const SAMPLE: usize = 6;
/// Of the passwords that were tried already, one in so many is tried again.
const TRY_AGAIN: usize = 10;
/// An access token that is younger must be accepted; it lives 10 minutes.
const TOKEN_GOOD: Duration = Duration::from_mins(9);

/// How much to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What changed lately, and a sample of the rest.
    Round,
    /// Everything.
    All,
}

impl Worker {
    /// Compares the server with the model; what is wrong is in the findings.
    pub fn check(&mut self, depth: Depth, client: &mut Client) -> io::Result<()> {
        self.renew_admin(client)?;
        if !self.findings.is_empty() {
            return Ok(());
        }
        self.decide(client)?;
        for index in self.pick(depth, self.model.accounts.len(), |w, i| w.model.accounts[i].touched)
        {
            self.check_account(index, client)?;
            if self.must_try(depth, self.model.accounts[index].tried) {
                self.model.accounts[index].tried = true;
                let account = self.model.accounts[index].clone();
                self.check_passwords(&account, client)?;
            }
        }
        for index in self.pick(depth, self.model.ended.len(), |w, i| w.model.ended[i].round) {
            let ended = self.model.ended[index].clone();
            self.check_ended(&ended, client)?;
        }
        for index in self.pick(depth, self.model.deleted.len(), |w, i| w.model.deleted[i].touched) {
            let account = self.model.deleted[index].clone();
            self.check_deleted(&account, client)?;
            if self.must_try(depth, account.tried) {
                self.model.deleted[index].tried = true;
                let status = login(client, &account.name, &account.password)?.status;
                let what = || format!("login of the deleted user {}", account.name);
                self.expect((status, 401), what);
            }
        }
        if self.number == 0 { self.check_keys(client) } else { Ok(()) }
    }

    /// Which of `count` things to look at: those changed lately, and some others.
    fn pick(&mut self, depth: Depth, count: usize, at: fn(&Self, usize) -> usize) -> Vec<usize> {
        let since = self.model.round.saturating_sub(RECENT);
        let is_recent = |i: &usize| depth == Depth::All || at(self, *i) >= since;
        let (mut picked, old): (Vec<usize>, Vec<usize>) = (0..count).partition(is_recent);
        let sample = if old.is_empty() { 0 } else { SAMPLE };
        picked.extend((0..sample).map(|_| old[self.chance.below(old.len())]));
        picked
    }

    fn must_try(&mut self, depth: Depth, tried: bool) -> bool {
        !tried || depth == Depth::All || self.chance.one_in(TRY_AGAIN)
    }

    fn found(&mut self, what: impl Into<String>) {
        self.findings.push(what.into());
    }

    /// Notes it when the answer is another one.
    fn expect(&mut self, (status, wanted): (u16, u16), what: impl FnOnce() -> String) {
        if status != wanted {
            self.found(format!("{}: {status} and not {wanted}", what()));
        }
    }

    fn renew_admin(&mut self, client: &mut Client) -> io::Result<()> {
        let answer = client.post("/auth/refresh", By::Cookie(&self.admin.cookie))?;
        self.expect((answer.status, 200), || "the session of the administrator".to_owned());
        self.admin = Session { cookie: self.admin.cookie.clone(), ..Session::of(&answer) };
        Ok(())
    }

    /// Looking at everything may take longer than an access token lives.
    fn keep_admin(&mut self, client: &mut Client) -> io::Result<()> {
        let is_old = self.admin.token_from.elapsed() > TOKEN_GOOD / 2;
        if is_old { self.renew_admin(client) } else { Ok(()) }
    }

    fn check_account(&mut self, index: usize, client: &mut Client) -> io::Result<()> {
        self.keep_admin(client)?;
        let account = self.model.accounts[index].clone();
        let path = format!("/admin/users/{}", account.id);
        let shown = client.get(&path, By::Token(&self.admin.token))?.json();
        let wanted = json!([account.name, account.roles(), account.disabled]);
        let shown = json!([shown["username"], sorted(&shown["roles"]), shown["disabled"]]);
        if shown != wanted {
            self.found(format!("account: {shown} and not {wanted}"));
        }
        let mut listed = self.listed_sessions(&account.id, client)?;
        let mut live: Vec<&str> = account.sessions.iter().map(|s| s.id.as_str()).collect();
        listed.sort();
        live.sort_unstable();
        if listed != live {
            self.found(format!("sessions of {}: {listed:?} and not {live:?}", account.name));
        }
        for session in 0..account.sessions.len() {
            self.check_live((index, session), client)?;
        }
        Ok(())
    }

    /// The ids of the live sessions of an account.
    pub fn listed_sessions(&self, user: &str, client: &mut Client) -> io::Result<Vec<String>> {
        let path = format!("/admin/users/{user}/sessions");
        let body = client.get(&path, By::Token(&self.admin.token))?.json();
        let sessions = body["sessions"].as_array().cloned().unwrap_or_default();
        Ok(sessions.iter().filter_map(|s| s["id"].as_str().map(str::to_owned)).collect())
    }

    /// The token from before the restart is still good, and the cookie gives another one.
    fn check_live(&mut self, at: (usize, usize), client: &mut Client) -> io::Result<()> {
        let account = &self.model.accounts[at.0];
        let (name, session) = (account.name.clone(), account.sessions[at.1].clone());
        if session.token_from.elapsed() < TOKEN_GOOD {
            let status = client.get("/auth/me", By::Token(&session.token))?.status;
            self.expect((status, 200), || format!("access token of a live session of {name}"));
        }
        let before = self.findings.len();
        let token = self.fresh_token(at, client)?;
        if self.findings.len() > before {
            return Ok(());
        }
        let me = client.get("/auth/me", By::Token(&token))?.text("/username");
        if me != name {
            self.found(format!("a new access token of {name} is one of {me:?}"));
        }
        Ok(())
    }

    /// Logs in and out again, and does not get in with the password before.
    fn check_passwords(&mut self, account: &Account, client: &mut Client) -> io::Result<()> {
        let (name, disabled) = (&account.name, account.disabled);
        let answer = login(client, name, &account.password)?;
        let wanted = if disabled { 401 } else { 200 };
        self.expect((answer.status, wanted), || format!("password of {name}, {disabled:?}"));
        if answer.status == 200 {
            let session = Session::of(&answer);
            let status = client.post("/auth/logout", By::Cookie(&session.cookie))?.status;
            self.expect((status, 204), || format!("logout of {name}"));
            let round = self.model.round;
            self.model.ended.push(Ended { session, why: "logout after a check", round });
        }
        if let Some(former) = &account.former {
            let status = login(client, name, former)?.status;
            self.expect((status, 401), || format!("former password of {name}"));
        }
        Ok(())
    }

    fn check_ended(&mut self, ended: &Ended, client: &mut Client) -> io::Result<()> {
        let Ended { session, why, .. } = ended;
        let status = client.post("/auth/refresh", By::Cookie(&session.cookie))?.status;
        self.expect((status, 401), || format!("cookie of a session ended by {why}"));
        let status = client.get("/auth/me", By::Token(&session.token))?.status;
        self.expect((status, 401), || format!("access token of a session ended by {why}"));
        Ok(())
    }

    fn check_deleted(&mut self, account: &Account, client: &mut Client) -> io::Result<()> {
        self.keep_admin(client)?;
        let path = format!("/admin/users/{}", account.id);
        let status = client.get(&path, By::Token(&self.admin.token))?.status;
        self.expect((status, 404), || format!("deleted user {}", account.name));
        Ok(())
    }

    fn check_keys(&mut self, client: &mut Client) -> io::Result<()> {
        let body = client.get("/.well-known/jwks.json", By::Nothing)?.json();
        let keys = body["keys"].as_array().cloned().unwrap_or_default();
        let served = keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect();
        if self.model.keys != served {
            let wanted = &self.model.keys;
            let found = format!("signing keys: {served:?} are served and not {wanted:?}");
            self.found(found);
        }
        Ok(())
    }
}

/// The words of a list in their order.
fn sorted(list: &Value) -> Vec<&str> {
    let mut words: Vec<&str> =
        list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    words.sort_unstable();
    words
}
