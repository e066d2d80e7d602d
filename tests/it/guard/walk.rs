//! The guard and a real doorkey, over the network, on one clock.

use std::net::SocketAddr;
use std::time::Duration;

use doorkey::auth::{Access, Client};
use doorkey::crypto::Issuer;
use doorkey::guard::{Introspection, Options, StatusCheck};
use doorkey::http::listen::Peer;
use doorkey::model::Secret;
use serde_json::Value;

use super::fake::JWKS;
use super::program::Program;
use super::socket::Socket;
use crate::harness::{Setup, TestServer};
use crate::http::api_tokens::token;

/// A doorkey behind a loopback port that is its name.
async fn start() -> (TestServer, Socket) {
    let mut socket = Socket::open().await;
    let mut setup = Setup::default();
    let origin = socket.origin.clone();
    setup.auth.issuer = Issuer { issuer: origin.clone(), audience: origin.clone() };
    setup.http.issuer = origin;
    let server = setup.start().await;
    let (api, peer) = (server.api.clone(), Peer::Tcp(SocketAddr::from(([127, 0, 0, 1], 9))));
    socket.serve(move |request| {
        let api = api.clone();
        async move { api.handle(request, peer).await }
    });
    (server, socket)
}

fn guarded(server: &TestServer, socket: &Socket) -> Program {
    Program::new(Options::new(&socket.origin), server.clock.clone())
}

#[tokio::test]
async fn a_login_opens_what_its_roles_allow() {
    let (server, socket) = start().await;
    let program = guarded(&server, &socket);
    let ann = server.user("ann").await;
    server.account("ed", &["editor"]).await;
    let ed = server.anonymous().logged_in("ed").await;
    let [ann_token, ed_token] = [&ann, &ed].map(|user| user.token.clone().unwrap());
    let notes: Value = program.get("/notes", &ann_token).await.status(200).json();
    assert_eq!(notes["user"], ann.user_id.as_str());
    program.get("/drafts", &ann_token).await.status(403);
    program.get("/drafts", &ed_token).await.status(200);
}

#[tokio::test]
async fn keys_are_rotated_and_nobody_notices() {
    let (server, socket) = start().await;
    let program = guarded(&server, &socket);
    let (ann, root) = (server.user("ann").await, server.admin().await);
    Program::says(&program.opens(ann.token.as_deref().unwrap()).await, 200, "");
    root.post("/admin/keys/rotate").send().await.status(200);
    for _ in 0..12 {
        server.advance(Duration::from_mins(2));
        let token = ann.refresh().await.status(200).json::<Value>()["access_token"].clone();
        Program::says(&program.opens(token.as_str().unwrap()).await, 200, "");
    }
    assert!(socket.count(JWKS) >= 2);
}

#[tokio::test]
async fn after_a_logout_the_token_is_refused_when_the_list_is_a_minute_old() {
    let (server, socket) = start().await;
    let options = Options { status: StatusCheck::Required, ..Options::new(&socket.origin) };
    let program = Program::new(options, server.clock.clone());
    let (ann, bob) = (server.user("ann").await, server.user("bob").await);
    let [ended, other] = [&ann, &bob].map(|user| user.token.clone().unwrap());
    for token in [&ended, &other] {
        Program::says(&program.opens(token).await, 200, "");
    }
    ann.post("/auth/logout").send().await.status(204);
    server.advance(Duration::from_mins(1));
    Program::says(&program.opens(&ended).await, 401, "invalid_token");
    Program::says(&program.opens(&other).await, 200, "");
}

#[tokio::test]
async fn an_api_token_is_asked_about_and_the_answer_is_kept_for_thirty_seconds() {
    let (server, socket) = start().await;
    let (operator, shell) = (Access::operator(), Client::operator());
    let wiki = server.auth.add_service(&operator, "wiki", &shell).await.unwrap();
    let secret = Secret::new(wiki.secret.expose().to_owned());
    let introspection = Some(Introspection::new("wiki", secret));
    let options = Options { introspection, ..Options::new(&socket.origin) };
    let program = Program::new(options, server.clock.clone());
    let ann = server.user("ann").await;
    let (id, text) = token(&ann, "ci").await;
    let answer: Value = program.get("/notes", &text).await.status(200).json();
    assert_eq!((&answer["user"], &answer["session"]), (&ann.user_id.as_str().into(), &Value::Null));
    ann.delete(&format!("/auth/tokens/{id}")).send().await.status(204);
    server.advance(Duration::from_secs(29));
    Program::says(&program.opens(&text).await, 200, "");
    server.advance(Duration::from_secs(1));
    Program::says(&program.opens(&text).await, 401, "invalid_token");
    Program::says(&program.opens(&text).await, 401, "invalid_token");
    assert_eq!(socket.count("/oauth/introspect"), 2);
    socket.set_away(true);
    server.advance(Duration::from_secs(30));
    Program::says(&program.opens(&text).await, 503, "unavailable");
}

#[tokio::test]
async fn a_guard_that_is_no_service_takes_no_api_token() {
    let (server, socket) = start().await;
    let program = guarded(&server, &socket);
    let (_, text) = token(&server.user("ann").await, "ci").await;
    Program::says(&program.opens(&text).await, 401, "invalid_token");
    assert_eq!(socket.count("/oauth/introspect"), 0);
}
