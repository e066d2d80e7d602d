//! The use cases through the API: sessions, races, throttling, administration.

mod admin_lists;
mod check;
mod clock;
mod clock_accept;
mod clock_lists;
mod clock_restarts;
pub(crate) mod engines;
mod events;
mod import;
mod seen;
mod session_machine;
pub(crate) mod status_lists;
mod trail;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::http::listen::Peer;
use doorkey::store::Memory;
use doorkey::store::engine::Engine;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};

use crate::harness::{Answer, Browser, Setup, TestServer};

/// Another password that every policy takes.
pub(crate) const OTHER_PASSWORD: &str = "a wholly different passphrase";
/// A password that nobody has.
pub(crate) const WRONG_PASSWORD: &str = "not the password at all";

/// A server that tasks of its test may hold.
pub(crate) type Held = &'static TestServer;

/// Keeps a server to the end of the process, so that spawned tasks may use it.
pub(crate) fn hold(server: TestServer) -> Held {
    Box::leak(Box::new(server))
}

/// Begins a task that goes on beside its test.
#[expect(clippy::disallowed_methods, reason = "the test that begins it owns it")]
pub(crate) fn begin<F, T>(task: F) -> JoinHandle<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    tokio::spawn(task)
}

/// Does all of it at once, on all threads of the runtime; the results in any order.
pub(crate) async fn at_once<F, T>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let set: JoinSet<T> = tasks.into_iter().collect();
    set.join_all().await
}

/// How many answers have this status.
pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Moves a browser to another address.
pub(crate) fn at<'a>(browser: Browser<'a>, ip: &str) -> Browser<'a> {
    let ip: IpAddr = ip.parse().unwrap();
    Browser { peer: Peer::Tcp(SocketAddr::from((ip, 40_000))), ..browser }
}

/// A browser without a cookie at this address.
pub(crate) fn visitor<'a>(server: &'a TestServer, ip: &str) -> Browser<'a> {
    at(server.anonymous(), ip)
}

/// The same person in another task.
pub(crate) fn twin<'a>(browser: &Browser<'a>) -> Browser<'a> {
    browser.with_token(browser.token.as_deref().unwrap_or_default())
}

/// Takes over the tokens of a login or a password change.
pub(crate) fn take(browser: &mut Browser<'_>, answer: &Answer) {
    browser.token = answer.json::<Value>()["access_token"].as_str().map(str::to_owned);
    browser.cookie = answer.cookie("__Host-refresh").or_else(|| browser.cookie.clone());
}

/// The claims of an access token, not verified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The answer as text, without what differs from request to request.
pub(crate) fn anonymous_text(answer: &Answer) -> String {
    let id = answer.header("x-request-id").unwrap();
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id");
    format!("{} {headers:?} {}", answer.status, answer.text().replace(id, "ID"))
}

/// Asks for another password.
pub(crate) async fn change_password(browser: &Browser<'_>, current: &str, new: &str) -> Answer {
    let form = json!({"current_password": current, "new_password": new});
    browser.post("/auth/password").json(&form).send().await
}

/// Changes an account as this administrator.
pub(crate) async fn patch(admin: &Browser<'_>, id: &str, change: &Value) -> Answer {
    admin.patch(&format!("/admin/users/{id}")).json(change).send().await
}

/// Everything that an engine holds.
pub(crate) async fn dump(engine: &dyn Engine) -> Vec<(String, String)> {
    let entries = engine.scan(b"", None, usize::MAX).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    entries.iter().map(|entry| (text(&entry.key), text(&entry.value))).collect()
}

/// A setup on an engine that the test keeps as well.
pub(crate) fn on_memory() -> (Setup, Arc<Memory>) {
    let engine = Arc::new(Memory::new());
    (Setup { engine: engine.clone(), ..Setup::default() }, engine)
}
