//! `HAProxy`, which verifies access tokens itself and asks nobody.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::app::sha256;
use super::client::Visitor;
use super::stage::{Proxy, Stage, is_here};
use super::{FORGED, LARGE, LOGIN, large, nothing_forged};
use crate::cli::harness::Place;

/// The sections that Debian's own file has, without its paths.
const BASE: &str = "\
global
    maxconn 200
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
";

async fn stage() -> Stage {
    let place = Place::new().env("DOORKEY_HTTP__PUBLIC_URL", "https://login.example.org");
    let place = place.env("DOORKEY_HTTP__TRUSTED_PROXIES", "127.0.0.1");
    let stage = Stage::start(place).await;
    keys(&stage, "true");
    stage
}

/// With the shipped file, in which `edits` are made.
fn start(stage: &Stage, program: &[&str], edits: &[(&str, &str)]) -> Proxy {
    let base = stage.put("base.cfg", BASE);
    let edits = edits.iter().map(|(shipped, here)| (*shipped, (*here).to_owned()));
    let ours = [
        ("bind :443 ", format!("bind {} ", stage.address)),
        ("/etc/haproxy/doorkey/", format!("{}/", stage.place.path("keys").display())),
    ];
    let edits: Vec<(&str, String)> = ours.into_iter().chain(edits).collect();
    let shipped = stage.configured("haproxy.cfg", &edits);
    let files = ["-db", "-f", base.to_str().unwrap(), "-f", shipped.to_str().unwrap()];
    stage.run(program[0], &[&program[1..], &files].concat())
}

/// Runs the shipped script as a timer would; `reload` is the command that it calls.
fn keys(stage: &Stage, reload: &str) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_doorkey")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", program.display());
    let mut script = Command::new("sh");
    script.arg(std::path::absolute("examples/proxies/haproxy-keys.sh").unwrap());
    script.arg(stage.place.path("keys")).arg(reload).current_dir(stage.place.path(""));
    let done = script.env_clear().env("PATH", path).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_verifies_tokens_and_lets_nothing_forged_through() {
    if !is_here("haproxy") {
        return;
    }
    let stage = stage().await;
    let _proxy = start(&stage, &["haproxy"], &[]);
    let nobody = stage.visitor();
    let refused = nobody.get("/page").send().await.status(401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"doorkey\"");
    nobody.open("/page").send().await.status(401);
    assert!(nobody.websocket("/live", "hello").await.is_err());
    assert_eq!(stage.app.seen(), [""; 0]);

    let token = nobody.token("ann").await;
    let ann = nobody.with_bearer(&token);
    let told = ann.get("/page?x=1").send().await.status(200);
    assert_eq!(told.json()["target"], "/page?x=1");
    assert_eq!(told.told("x-auth-roles"), ["user"]);
    let me = ann.ask(LOGIN, "GET", "/auth/me").send().await.status(200).json();
    assert_eq!(told.told("x-auth-id"), [me["id"].as_str().unwrap()]);
    assert_eq!(told.told("authorization"), [""; 0], "the key stays here");
    let cookies = ann.get("/page").header("cookie", "a=1; __Secure-forward=x; b=2").send().await;
    assert_eq!(cookies.status(200).told("cookie"), ["a=1; b=2"]);
    let cookies = ann.get("/page").header("cookie", "__Secure-forward=x; b=2").send().await;
    assert_eq!(cookies.status(200).told("cookie"), ["b=2"]);
    ann.get("/editors/page").send().await.status(403);
    ann.get("/editors").send().await.status(403);
    for other in ["//editors/page", "/a/../editors/page", "/%65ditors/page", "/a;/../editors/x"] {
        ann.get(other).send().await.status(400);
    }
    let eve = nobody.with_bearer(&nobody.token("eve").await);
    eve.get("/editors/page").send().await.status(200);

    stage.app.seen();
    for name in FORGED {
        nobody.get("/page").header(name.0, name.1).send().await.status(401);
        let told = ann.get("/page").header(name.0, name.1).send().await.status(200);
        nothing_forged(&told);
        assert_eq!(told.told("x-auth-roles"), ["user"], "{name:?}");
        ann.get("/editors/page").header(name.0, name.1).send().await.status(403);
    }
    assert_eq!(stage.app.seen().len(), FORGED.len());
}

/// TOK, RFC 8725: what a verifier must refuse, by the shipped rules.
#[tokio::test(flavor = "multi_thread")]
async fn haproxy_refuses_what_is_no_good_access_token() {
    if !is_here("haproxy") {
        return;
    }
    let stage = stage().await;
    let _proxy = start(&stage, &["haproxy"], &[]);
    let nobody = stage.visitor();
    let token = nobody.token("ann").await;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { panic!() };
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let hmac = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";
    let mut other = signature.chars().rev().collect::<String>();
    other.truncate(signature.len());
    for bad in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{hmac}.{payload}.{signature}"),
        format!("{header}.{payload}.{other}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        "dk_pat_nothing".to_owned(),
    ] {
        nobody.with_bearer(&bad).get("/page").send().await.status(401);
    }
    let twice = nobody.with_bearer(&token);
    let twice = twice.get("/page").header("authorization", "Bearer another");
    twice.send().await.status(400);
    nobody.ask(LOGIN, "GET", "/forward-auth").send().await.status(404);
    assert_eq!(stage.app.seen(), [""; 0]);
}

/// What is signed by a known key is not good for that alone.
#[tokio::test(flavor = "multi_thread")]
async fn haproxy_looks_at_issuer_audience_type_and_end() {
    if !is_here("haproxy") {
        return;
    }
    let stage = stage().await;
    let proxy = start(&stage, &["haproxy"], &[]);
    let ann = stage.visitor().with_bearer(&stage.visitor().token("ann").await);
    ann.get("/page").send().await.status(200);
    drop(proxy);
    for (shipped, other) in [
        ("var(txn.iss) -m str https://login", "var(txn.iss) -m str https://other"),
        ("var(txn.aud) -m str https://login", "var(txn.aud) -m str https://other"),
        ("var(txn.typ) -m str at+jwt", "var(txn.typ) -m str jwt"),
    ] {
        let _proxy = start(&stage, &["haproxy"], &[(shipped, other)]);
        ann.get("/page").send().await.status(401);
    }
    if is_here("faketime") {
        let _late = start(&stage, &["faketime", "-f", "+11m", "haproxy"], &[]);
        ann.get("/page").send().await.status(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_passes_websockets_and_large_uploads() {
    if !is_here("haproxy") {
        return;
    }
    let stage = stage().await;
    let _proxy = start(&stage, &["haproxy"], &[]);
    let nobody = stage.visitor();
    let ann = nobody.with_bearer(&nobody.token("ann").await);
    assert_eq!(ann.websocket("/live", "hello").await.unwrap(), "hello");
    stage.app.seen();
    super::walk::no_other_upgrade_passes(&stage, &ann).await;
    upload(&stage, &ann).await;
}

async fn upload(stage: &Stage, ann: &Visitor) {
    let body = large(LARGE);
    let told = ann.ask(super::APP, "PUT", "/files/large").body(body.clone()).send().await;
    let told = told.status(200).json();
    assert_eq!((&told["length"], &told["sha256"]), (&LARGE.into(), &sha256(&body).into()));
    let _ = stage.app.seen();
}

/// What the file says of itself: a logout is not known here, a revoked key is after the script.
#[tokio::test(flavor = "multi_thread")]
async fn haproxy_knows_of_no_logout_and_follows_the_keys_by_the_script() {
    if !is_here("haproxy") {
        return;
    }
    let stage = stage().await;
    let proxy = start(&stage, &["haproxy", "-W"], &[]);
    let nobody = stage.visitor();
    let token = nobody.token("ann").await;
    let ann = nobody.with_bearer(&token);
    stage.place.run(&["session", "revoke", "ann", "--all"]).done();
    ann.ask(LOGIN, "GET", "/auth/me").send().await.status(401);
    ann.get("/page").send().await.status(200);

    let keys_of = || stage.place.run(&["key", "list", "--json"]).json()["keys"].clone();
    let kid = keys_of()[0]["kid"].as_str().unwrap().to_owned();
    stage.place.run(&["key", "rotate", "--revoke", &kid]).done();
    let new = nobody.with_bearer(&nobody.token("ann").await);
    new.get("/page").send().await.status(401);
    keys(&stage, "touch reloaded");
    assert!(stage.place.path("reloaded").exists());
    proxy.signal(Signal::USR2);
    let start = Instant::now();
    while new.get("/page").send().await.status != 200 {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", proxy.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let start = Instant::now();
    while ann.get("/page").send().await.status != 401 {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", proxy.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::fs::remove_file(stage.place.path("reloaded")).unwrap();
    keys(&stage, "touch reloaded");
    assert!(!stage.place.path("reloaded").exists(), "nothing has changed");
}
