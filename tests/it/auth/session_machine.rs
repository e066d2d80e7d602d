//! Sessions as a state machine: random acts beside a small model of what must live.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::{OTHER_PASSWORD, change_password, claims, patch, take, twin};
use crate::harness::{Browser, ORIGIN, PASSWORD, TestServer};
use doorkey::model::StatusRef;

#[derive(Debug, Clone, Copy)]
enum Act {
    Login,
    Relogin(usize),
    Refresh(usize),
    Logout(usize),
    ChangePassword(usize),
    Disable,
    Enable,
    Advance(u64),
    Tend,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Login),
        2 => any::<usize>().prop_map(Act::Relogin),
        4 => any::<usize>().prop_map(Act::Refresh),
        2 => any::<usize>().prop_map(Act::Logout),
        2 => any::<usize>().prop_map(Act::ChangePassword),
        1 => Just(Act::Disable),
        2 => Just(Act::Enable),
        3 => (1_u64..20_000).prop_map(Act::Advance),
        1 => Just(Act::Tend),
    ]
}

/// What the model knows of one cookie.
struct Known<'a> {
    browser: Browser<'a>,
    expires_at: u64,
    is_revoked: bool,
}

/// The server, and beside it what must be true.
struct Machine<'a> {
    server: &'a TestServer,
    admin: Browser<'a>,
    ann: String,
    cookies: Vec<Known<'a>>,
    is_disabled: bool,
    password: &'static str,
}

impl<'a> Machine<'a> {
    fn now(&self) -> u64 {
        self.server.clock.now().seconds()
    }

    fn is_live(&self, known: &Known<'_>) -> bool {
        !known.is_revoked && known.expires_at > self.now()
    }

    fn pick(&self, n: usize) -> Option<usize> {
        n.checked_rem(self.cookies.len())
    }

    async fn login(&mut self, mut browser: Browser<'a>) {
        let answer = browser.login("ann", self.password).await;
        let expected = if self.is_disabled { 401 } else { 200 };
        assert_eq!(answer.status, expected);
        if answer.status == 200 {
            for known in &mut self.cookies {
                known.is_revoked |= known.browser.cookie == browser.cookie;
            }
            take(&mut browser, &answer);
            let expires_at = self.now() + 12 * 3_600;
            self.cookies.push(Known { browser, expires_at, is_revoked: false });
        }
    }

    fn revoke_all(&mut self) {
        self.cookies.iter_mut().for_each(|known| known.is_revoked = true);
    }

    async fn change(&mut self, n: usize) {
        let mut browser = twin(&self.cookies[n].browser);
        if !self.is_live(&self.cookies[n]) {
            return;
        }
        let refreshed = browser.refresh().await.status(200);
        take(&mut browser, &refreshed);
        let new = if self.password == PASSWORD { OTHER_PASSWORD } else { PASSWORD };
        let answer = change_password(&browser, self.password, new).await.status(200);
        take(&mut browser, &answer);
        let expires_at = self.cookies[n].expires_at;
        self.revoke_all();
        self.cookies.push(Known { browser, expires_at, is_revoked: false });
        self.password = new;
    }

    async fn set_disabled(&mut self, disabled: bool) {
        patch(&self.admin, &self.ann, &json!({"disabled": disabled})).await.status(200);
        if disabled != self.is_disabled {
            self.revoke_all();
        }
        self.is_disabled = disabled;
    }

    async fn advance(&mut self, seconds: u64) {
        self.server.advance(Duration::from_secs(seconds));
        self.admin = self.server.anonymous().logged_in("root").await;
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Login => self.login(self.server.anonymous()).await,
            Act::Relogin(n) => {
                if let Some(n) = self.pick(n) {
                    self.login(twin(&self.cookies[n].browser)).await;
                }
            }
            Act::Refresh(n) => {
                if let Some(n) = self.pick(n) {
                    let answer = self.cookies[n].browser.refresh().await;
                    assert_eq!(answer.status == 200, self.is_live(&self.cookies[n]));
                }
            }
            Act::Logout(n) => {
                if let Some(n) = self.pick(n) {
                    self.cookies[n].browser.post("/auth/logout").send().await.status(204);
                    self.cookies[n].is_revoked = true;
                }
            }
            Act::ChangePassword(n) => {
                if let Some(n) = self.pick(n) {
                    self.change(n).await;
                }
            }
            Act::Disable => self.set_disabled(true).await,
            Act::Enable => self.set_disabled(false).await,
            Act::Advance(seconds) => self.advance(seconds).await,
            Act::Tend => {
                self.server.auth.save(false).await.unwrap();
                self.server.auth.sweep().await.unwrap();
            }
        }
    }

    async fn assert_as_modelled(&self) {
        for known in &self.cookies {
            let (live, status) = (self.is_live(known), known.browser.refresh().await.status);
            assert_eq!(status, if live { 200 } else { 401 });
            self.assert_listed(known, live);
        }
    }

    /// What verifiers are told of a token that has not expired.
    fn assert_listed(&self, known: &Known<'_>, live: bool) {
        let claims = claims(known.browser.token.as_deref().unwrap());
        if claims["exp"].as_u64().unwrap() <= self.now() {
            return;
        }
        let list = &claims["status"]["status_list"];
        let index = u32::try_from(list["idx"].as_u64().unwrap()).unwrap();
        let place = StatusRef::parse(ORIGIN, list["uri"].as_str().unwrap(), index).unwrap();
        assert_eq!(self.server.auth.status_lists().is_dead(place), Some(!live));
    }
}

async fn run(acts: Vec<Act>) {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let mut machine = Machine {
        server: &server,
        admin,
        ann,
        cookies: Vec::new(),
        is_disabled: false,
        password: PASSWORD,
    };
    for act in acts {
        machine.act(act).await;
        machine.assert_as_modelled().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Section 2.4: there is no path from ended to living.
    #[test]
    fn no_random_act_revives_a_session_or_moves_its_end(acts in proptest::collection::vec(act(), 1..28)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(acts));
    }
}
