//! Whatever ends a session, the status lists say so: at once, after a restart, and of no other.

use std::sync::Arc;
use std::time::Duration;

use doorkey::auth::Client;
use doorkey::crypto::Random;
use doorkey::model::{SessionId, StatusListId, StatusRef};
use doorkey::store::engine::Engine;
use flate2::read::ZlibDecoder;
use serde_json::{Value, json};

use super::engines::Gated;
use super::{
    OTHER_PASSWORD, at_once, begin, change_password, claims, hold, on_memory, patch, take, twin,
};
use crate::harness::{Answer, Browser, ORIGIN, PASSWORD, Setup, TestServer};
use crate::security::pw_links::{finish, reset};

const SECOND: Duration = Duration::from_secs(1);

/// The path of the list that a token names, and its place there.
pub(crate) fn place(token: &str) -> (String, usize) {
    let claims = claims(token);
    let list = &claims["status"]["status_list"];
    let path = list["uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
    (path, usize::try_from(list["idx"].as_u64().unwrap()).unwrap())
}

/// The bit at a place of a list, as any verifier reads it.
pub(crate) fn bit(list: &Answer, index: usize) -> bool {
    use base64::Engine as _;
    use std::io::Read as _;
    let claims = claims(&list.text());
    let text = claims["status_list"]["lst"].as_str().unwrap();
    let packed = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    let mut bits = Vec::new();
    ZlibDecoder::new(&*packed).read_to_end(&mut bits).unwrap();
    bits[index / 8] >> (index % 8) & 1 == 1
}

/// Whether a verifier takes the token for dead: by its bit, or because nobody knows its list.
async fn is_dead(server: &TestServer, token: &str) -> bool {
    // As long as a list that changes may be given out as it was.
    server.advance(SECOND);
    let (path, index) = place(token);
    let list = server.anonymous().get(&path).send().await;
    if list.status == 404 {
        return true;
    }
    bit(&list.status(200), index)
}

fn token_of(browser: &Browser<'_>) -> String {
    browser.token.clone().unwrap()
}

/// A user `ann` in two browsers, `bob` in one, and an administrator.
struct People<'a> {
    server: &'a TestServer,
    ann: Browser<'a>,
    anns_other: Browser<'a>,
    bob: Browser<'a>,
    admin: Browser<'a>,
}

impl<'a> People<'a> {
    async fn on(server: &'a TestServer) -> People<'a> {
        let admin = server.admin().await;
        let ann = server.user("ann").await;
        let anns_other = server.anonymous().logged_in("ann").await;
        let bob = server.user("bob").await;
        People { server, ann, anns_other, bob, admin }
    }

    fn tokens(&self) -> [String; 4] {
        [&self.ann, &self.anns_other, &self.bob, &self.admin].map(token_of)
    }
}

fn sid(browser: &Browser<'_>) -> String {
    claims(&token_of(browser))["sid"].as_str().unwrap().to_owned()
}

/// Each way in which a session can end.
const WAYS: &[&str] = &[
    "logout",
    "logout by the page, which has the cookie alone",
    "own session by id",
    "own sessions",
    "by an administrator",
    "all by an administrator",
    "login in the same browser",
    "login of somebody else in the same browser",
    "login beyond the most",
    "password change",
    "password reset",
    "disabled",
    "other roles",
    "deleted",
    "clock accepted",
];

/// Ends sessions in this way; the tokens that come of it.
async fn end(way: &str, people: &People<'_>) -> Vec<String> {
    let People { server, ann, anns_other, admin, .. } = people;
    let one = format!("/admin/users/{}", ann.user_id);
    let answer = match way {
        "logout" => ann.post("/auth/logout").send().await,
        "logout by the page, which has the cookie alone" => {
            server.auth.logout(&refresh(ann), &Client::operator()).await.unwrap();
            return vec![];
        }
        "own session by id" => {
            anns_other.delete(&format!("/auth/sessions/{}", sid(ann))).send().await
        }
        "own sessions" => ann.delete("/auth/sessions").send().await,
        "by an administrator" => admin.delete(&format!("{one}/sessions/{}", sid(ann))).send().await,
        "all by an administrator" => admin.delete(&format!("{one}/sessions")).send().await,
        "login in the same browser" => return vec![login(twin(ann), "ann").await],
        "login of somebody else in the same browser" => return vec![login(twin(ann), "bob").await],
        "login beyond the most" => {
            let mut tokens = Vec::new();
            for _ in 0..2 {
                tokens.push(login(server.anonymous(), "ann").await);
            }
            return tokens;
        }
        "password change" => {
            let answer = change_password(anns_other, PASSWORD, OTHER_PASSWORD).await.status(200);
            let mut renewed = twin(anns_other);
            take(&mut renewed, &answer);
            return vec![token_of(&renewed)];
        }
        "password reset" => {
            let token = reset(admin, &ann.user_id).await;
            finish(server, &token, OTHER_PASSWORD).await
        }
        "disabled" => patch(admin, &ann.user_id, &json!({"disabled": true})).await,
        "other roles" => patch(admin, &ann.user_id, &json!({"roles": ["user", "editor"]})).await,
        "deleted" => admin.delete(&one).send().await,
        "clock accepted" => server.operator().post("/admin/clock/accept").send().await,
        other => panic!("{other}"),
    };
    assert!([200, 204].contains(&answer.status), "{way}: {}", answer.text());
    vec![]
}

fn refresh(browser: &Browser<'_>) -> doorkey::model::RefreshToken {
    doorkey::model::RefreshToken::parse(browser.cookie.as_deref().unwrap()).unwrap()
}

async fn login(browser: Browser<'_>, name: &str) -> String {
    token_of(&browser.logged_in(name).await)
}

/// Whether the server itself takes the token.
async fn is_good(server: &TestServer, token: &str) -> bool {
    server.anonymous().with_token(token).get("/auth/me").send().await.status == 200
}

/// The lists and the server agree on each token; how many are dead.
async fn agree(server: &TestServer, tokens: &[String], when: &str) -> usize {
    let mut dead = 0;
    for (number, token) in tokens.iter().enumerate() {
        let is_dead = is_dead(server, token).await;
        assert_eq!(is_dead, !is_good(server, token).await, "token {number} {when}");
        dead += usize::from(is_dead);
    }
    dead
}

/// A server on `engine` that begins when another one was cut off.
async fn restarted(server: &TestServer, engine: Arc<dyn Engine>, reads_lists: bool) -> TestServer {
    let setup = Setup { engine, reads_lists, ..Setup::default() };
    setup.start_at(server.clock.clone(), Random::seeded(server.clock.now().seconds())).await
}

/// STAT-01. What a way of ending must not be forgotten is in `store/ending.rs`.
#[tokio::test]
async fn every_way_to_end_a_session_is_in_the_lists_at_once_and_after_a_restart() {
    for way in WAYS {
        let (mut setup, engine) = on_memory();
        setup.auth.max_sessions = 3;
        let server = setup.start().await;
        let people = People::on(&server).await;
        let mut tokens = people.tokens().to_vec();
        assert_eq!(agree(&server, &tokens, "before").await, 0);
        tokens.extend(end(way, &people).await);
        let dead = agree(&server, &tokens, way).await;
        assert!(dead > 0, "{way} ends nothing");
        let again = restarted(&server, engine.clone(), true).await;
        assert_eq!(agree(&again, &tokens, &format!("restarted after {way}")).await, dead);
        let third = restarted(&again, engine, true).await;
        assert_eq!(agree(&third, &tokens, &format!("restarted twice after {way}")).await, dead);
    }
}

/// Who hung up knows no answer, and the end holds all the same.
#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_dead_session_alive_in_the_lists() {
    let engine = Gated::new();
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    let server = setup.start().await;
    let ann = server.user("ann").await;
    engine.arm("session");
    let logout = ann.post("/auth/logout").send();
    tokio::select! {
        answer = logout => panic!("{}", answer.status),
        () = engine.reached() => {}
    }
    engine.open();
    assert!(is_dead(&server, &token_of(&ann)).await);
}

/// Many logins while all sessions of the account end, again and again: none lives on at the
/// verifiers, and none is dead there alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn logins_that_meet_the_end_of_all_sessions_agree_with_the_lists() {
    let server = hold(TestServer::start().await);
    let admin = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        let logins = (0..8).map(|_| async { login(server.anonymous(), "ann").await });
        let (ann, admin) = (ann.clone(), twin(&admin));
        let end = begin(async move {
            let all = format!("/admin/users/{ann}/sessions");
            for _ in 0..3 {
                admin.delete(&all).send().await.status(204);
            }
        });
        tokens.extend(at_once(logins).await);
        end.await.unwrap();
    }
    let dead = agree(server, &tokens, "after the race").await;
    assert!(dead > 0, "of {}", tokens.len());
}

/// A restore drops all sessions, and nobody knows their lists.
#[tokio::test]
async fn after_a_restore_the_lists_of_before_are_unknown() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let token = token_of(&server.user("ann").await);
    server.store.revive(doorkey::store::SigningKeys::Keep).await.unwrap();
    let again = restarted(&server, engine, true).await;
    again.anonymous().get(&place(&token).0).send().await.status(404);
    let new = login(again.anonymous(), "ann").await;
    assert_ne!(place(&new).0, place(&token).0);
}

/// A refused change leaves the lists alone.
#[tokio::test]
async fn a_change_that_is_refused_ends_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ann = server.user("ann").await;
    change_password(&ann, "a wrong password", OTHER_PASSWORD).await.status(401);
    admin.delete(&format!("/admin/users/{}", admin.user_id)).send().await.status(409);
    patch(&admin, &ann.user_id, &json!({"disabled": false})).await.status(200);
    assert_eq!(agree(&server, &[token_of(&ann), token_of(&admin)], "still").await, 0);
}

#[tokio::test]
async fn a_refresh_keeps_the_place_and_a_password_change_takes_another() {
    let server = TestServer::start().await;
    let mut ann = server.user("ann").await;
    let first = place(&token_of(&ann));
    let refreshed = ann.refresh().await.status(200);
    take(&mut ann, &refreshed);
    assert_eq!(place(&token_of(&ann)), first);
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    take(&mut ann, &changed);
    assert_ne!(place(&token_of(&ann)), first);
    assert!(!is_dead(&server, &token_of(&ann)).await);
}

/// A login that met a conflict gives its place back; one that failed for its password took none.
#[tokio::test]
async fn refused_logins_take_no_place() {
    let server = TestServer::start().await;
    server.user("ann").await;
    server.anonymous().login("ann", "wrong").await.status(401);
    server.anonymous().login("nobody", PASSWORD).await.status(401);
    assert_eq!(server.auth.status_lists().load().taken, 1);
}

/// The lists of earlier runs are 503 until they are read; a login waits for nothing.
#[tokio::test]
async fn before_the_lists_are_read_old_tokens_wait_and_new_sessions_have_a_list() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let again = restarted(&server, engine, false).await;
    let (path, _) = place(&token_of(&ann));
    let waiting = again.anonymous().get(&path).send().await.status(503).problem("busy");
    assert_eq!(waiting.header("retry-after"), Some("2"));
    let eve = again.user("eve").await;
    assert!(!is_dead(&again, &token_of(&eve)).await);
    // What ends meanwhile is not forgotten.
    let ended = again.anonymous().with_token(&token_of(&bob));
    ended.delete("/auth/sessions").send().await.status(204);
    again.auth.rebuild_status_lists().await.unwrap();
    let tokens = [&ann, &bob, &eve].map(token_of);
    assert_eq!(agree(&again, &tokens, "read").await, 1);
}

/// A place is another's only after every verifier has dropped the lists that said it was dead, and
/// what ended long ago never speaks of who has it now.
#[tokio::test]
async fn a_place_that_is_used_again_is_its_new_sessions_alone() {
    let (mut setup, engine) = on_memory();
    setup.auth.session_ttl = Duration::from_hours(24 * 30);
    let server = setup.start().await;
    server.admin().await;
    let ann = server.user("ann").await;
    ann.post("/auth/logout").send().await.status(204);
    let taken = || server.auth.status_lists().load().taken;
    server.advance(StatusRef::OUTLIVES + SECOND * 120);
    server.auth.sweep().await.unwrap();
    assert_eq!(taken(), 2, "ann's place is kept for as long as a list may be");
    server.advance(SECOND);
    server.auth.sweep().await.unwrap();
    assert_eq!(taken(), 1);
    // Somebody gets the very place.
    let bob = server.user("bob").await;
    let moved = move_session(&server, &sid(&bob), &sid(&ann)).await;
    // The end of all of ann's sessions is no end of this one.
    patch(&admin_of(&server).await, &ann.user_id, &json!({"disabled": true})).await.status(200);
    assert_eq!(server.auth.status_lists().is_dead(moved), Some(false));
    let again = restarted(&server, engine, true).await;
    assert_eq!(again.auth.status_lists().is_dead(moved), Some(false));
}

async fn admin_of(server: &TestServer) -> Browser<'_> {
    server.anonymous().logged_in("root").await
}

/// Gives a session the place that another one had.
async fn move_session(server: &TestServer, sid: &str, of: &str) -> StatusRef {
    let id = |text: &str| SessionId::try_from(text).unwrap();
    let sessions = server.store.sessions();
    let old = sessions.get(id(of)).await.unwrap().unwrap().value.status.unwrap();
    let before = sessions.get(id(sid)).await.unwrap().unwrap();
    let mut after = before.value.clone();
    after.status = Some(old);
    server.store.commit(sessions.replace(&before, &after)).await.unwrap();
    old
}

#[tokio::test]
async fn a_list_that_nobody_knows_is_not_found() {
    let server = TestServer::start().await;
    let path = format!("/.well-known/status-list/{}", StatusListId::from_bytes([9; 8]));
    let refused = server.anonymous().get(&path).send().await.status(404).problem("not_found");
    refused.rule("status_list_unknown");
    for bad in ["1", "x", "AAAAAAAAAAAA", "AAAAAAAAAA"] {
        let path = format!("/.well-known/status-list/{bad}");
        server.anonymous().get(&path).send().await.status(404).rule("id_form");
    }
}

/// A session that began in a version without lists has no place, and ends as ever.
#[tokio::test]
async fn a_session_of_before_has_no_place_and_its_tokens_say_none() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let id = SessionId::try_from(sid(&ann).as_str()).unwrap();
    let before = server.store.sessions().get(id).await.unwrap().unwrap();
    let mut after = before.value.clone();
    after.status = None;
    let commit = server.store.sessions().replace(&before, &after);
    server.store.commit(commit).await.unwrap();
    let answer: Value = ann.refresh().await.status(200).json();
    let token = answer["access_token"].as_str().unwrap();
    assert!(claims(token)["status"].is_null());
    assert!(is_good(&server, token).await);
    ann.post("/auth/logout").send().await.status(204);
    assert!(!is_good(&server, token).await);
}
