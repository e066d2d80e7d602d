//! The walk through every proxy that asks doorkey: the same requests, and the same outcome.

use serde_json::json;

use super::app::sha256;
use super::client::{Answer, Visitor};
use super::stage::Stage;
use super::{APP, FORGED, LARGE, LOGIN, large, nothing_forged};

/// Where a person wants to go.
const PAGE: &str = "/page?x=1&y=a%20b";
/// Paths that a proxy, doorkey and an app could each read as another one. Nothing of them opens
/// what its letters do not.
const CROOKED: [&str; 8] = [
    "/public/../editors/page",
    "/public/%2e%2e/editors/page",
    "/public/..%2feditors/page",
    "//editors/page",
    "/%65ditors/page",
    "/public/..;/editors/page",
    "/editors//page",
    "/public/..\\editors",
];

/// All of it, with somebody who is signed in in the end.
pub async fn walk(stage: &Stage) {
    nobody_gets_in(stage).await;
    let mut ann = signed_in(stage, "ann").await;
    is_known(stage, &ann).await;
    roles_decide(stage, &ann).await;
    nothing_forged_counts(stage, &ann).await;
    crooked_paths_open_nothing(stage, &ann).await;
    tokens_get_in(stage).await;
    websockets_pass(stage, &ann).await;
    no_other_upgrade_passes(stage, &ann).await;
    uploads_pass(stage, &ann).await;
    the_end_is_known_at_once(stage, &mut ann).await;
}

async fn nobody_gets_in(stage: &Stage) {
    let nobody = stage.visitor();
    let here = format!("https://{APP}{PAGE}");
    nobody.open(PAGE).send().await.leads_to_sign_in(&here);
    let refused = nobody.get(PAGE).header("accept", "*/*").send().await.status(401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"doorkey\"");
    nobody.ask(APP, "POST", PAGE).body("a=1").send().await.status(401);
    assert!(nobody.websocket("/live", "hello").await.is_err());
    assert_eq!(stage.app.seen(), [""; 0], "nothing reaches the app");
    let told = nobody.get("/public/page").send().await.status(200);
    for name in ["x-auth-user", "x-auth-id", "x-auth-roles", "x-auth-email"] {
        assert!(told.told(name).iter().all(String::is_empty), "{name} of nobody");
    }
    // The question is the proxy's, not a browser's.
    nobody.ask(LOGIN, "GET", "/forward-auth").send().await.status(404);
    nobody.ask(LOGIN, "GET", "/readyz").send().await.status(200);
}

/// A browser that was sent to the sign-in page, and back.
async fn signed_in(stage: &Stage, name: &str) -> Visitor {
    let mut visitor = stage.visitor();
    let here = format!("https://{APP}{PAGE}");
    let page = visitor.open(PAGE).send().await.leads_to_sign_in(&here);
    assert_eq!(visitor.sign_in(&page, name).await, here);
    assert!(visitor.jar.contains_key("__Secure-forward"), "{:?}", visitor.jar.keys());
    stage.app.seen();
    visitor
}

async fn is_known(stage: &Stage, ann: &Visitor) {
    let mut ann = ann.clone();
    // The app's own, in front of doorkey's and behind it.
    ann.jar.extend([("THEME", "dark"), ("zoom", "2")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    let told = ann.get(PAGE).send().await.status(200);
    assert_eq!(told.told("cookie"), ["THEME=dark; zoom=2"]);
    assert_eq!(told.json()["target"], PAGE, "to the letter");
    assert_eq!(told.told("x-auth-user"), ["ann"]);
    assert_eq!(told.told("x-auth-roles"), ["user"]);
    assert_eq!(told.told("x-auth-email"), ["ann@example.org"]);
    assert_eq!(told.told("x-auth-id").len(), 1);
    assert_eq!(told.told("x-forwarded-for").len(), 1);
    assert_eq!(told.told("x-forwarded-proto"), ["https"]);
    assert_eq!(told.told("host"), [APP]);
    no_key(&told);
    stage.app.seen();
}

/// The app gets the name and not the key.
#[track_caller]
fn no_key(told: &Answer) {
    let cookies = told.told("cookie").concat();
    assert!(!cookies.contains("forward"), "the app could use the cookie elsewhere");
    assert_eq!(told.told("authorization"), [""; 0]);
}

async fn roles_decide(stage: &Stage, ann: &Visitor) {
    ann.open("/editors/page").send().await.status(403);
    ann.get("/editors/page").send().await.status(403);
    ann.ask(APP, "POST", "/editors/page").body("a=1").send().await.status(403);
    assert_eq!(stage.app.seen(), [""; 0]);
    let eve = signed_in(stage, "eve").await;
    let told = eve.open("/editors/page").send().await.status(200);
    assert_eq!((told.told("x-auth-user"), told.told("x-auth-roles")), (one("eve"), one("editor")));
    stage.app.seen();
}

fn one(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

/// What a client says of itself reaches neither the app nor the decision.
async fn nothing_forged_counts(stage: &Stage, ann: &Visitor) {
    let nobody = stage.visitor();
    for (name, value) in FORGED {
        nobody.get("/page").header(name, value).send().await.status(401);
        nobody.get("/status").header(name, value).send().await.status(401);
        ann.get("/editors/page").header(name, value).send().await.status(403);
        assert_eq!(stage.app.seen(), [""; 0], "{name}");
        let told = nobody.get("/public/page").header(name, value).send().await.status(200);
        nothing_forged(&told);
        let told = ann.get("/page").header(name, value).send().await.status(200);
        nothing_forged(&told);
        assert_eq!(
            (told.told("x-auth-user"), told.told("x-auth-roles")),
            (one("ann"), one("user"))
        );
        stage.app.seen();
    }
    let twice = ann.get("/page").header("x-auth-user", "forged").header("X-Auth-User", "forged");
    nothing_forged(&twice.send().await.status(200));
    stage.app.seen();
}

async fn crooked_paths_open_nothing(stage: &Stage, ann: &Visitor) {
    let nobody = stage.visitor();
    for path in CROOKED {
        let status = nobody.get(path).send().await.status;
        assert!(matches!(status, 400 | 401 | 403 | 404), "{path}: {status}");
        let status = ann.get(path).send().await.status;
        assert!(matches!(status, 400 | 401 | 403 | 404), "{path}: {status}");
        assert_eq!(stage.app.seen(), [""; 0], "{path}");
    }
}

async fn tokens_get_in(stage: &Stage) {
    let nobody = stage.visitor();
    let program = nobody.with_bearer(&nobody.token("ann").await);
    let told = program.get("/page").send().await.status(200);
    assert_eq!(told.told("x-auth-user"), ["ann"]);
    no_key(&told);
    program.get("/editors/page").send().await.status(403);
    let wrong = nobody.with_bearer("eyJhbGciOiJub25lIn0.e30.").get("/page").send().await;
    wrong.status(401);
    stage.app.seen();
}

async fn websockets_pass(stage: &Stage, ann: &Visitor) {
    assert_eq!(ann.websocket("/live", "hello").await.unwrap(), "hello");
    assert_eq!(ann.websocket("/editors/live", "hello").await.unwrap_err().status, 403);
    assert_eq!(stage.app.seen(), ["GET /live"]);
}

/// An app that speaks h2c would take requests that nobody was asked about.
pub(super) async fn no_other_upgrade_passes(stage: &Stage, ann: &Visitor) {
    let ask = ann.get("/page").header("connection", "Upgrade, HTTP2-Settings");
    let ask = ask.header("upgrade", "h2c").header("http2-settings", "AAMAAABkAAQAAP__");
    let told = ask.send().await.status(200).json();
    let names =
        told["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap());
    let odd: Vec<&str> =
        names.filter(|name| ["upgrade", "http2-settings"].contains(name)).collect();
    assert_eq!(odd, [""; 0]);
    assert_eq!(stage.app.seen(), ["GET /page"]);
}

async fn uploads_pass(stage: &Stage, ann: &Visitor) {
    let body = large(LARGE);
    let told = ann.ask(APP, "PUT", "/files/large").body(body.clone()).send().await;
    let told = told.status(200).json();
    assert_eq!(told["sha256"], json!(sha256(&body)));
    assert_eq!((&told["length"], &told["method"]), (&json!(LARGE), &json!("PUT")));
    let part = body.slice(..LARGE / 7);
    let chunked = ann.ask(APP, "POST", "/files/chunks").header("transfer-encoding", "chunked");
    let told = chunked.body(part.clone()).send().await.status(200).json();
    assert_eq!((&told["length"], &told["sha256"]), (&json!(part.len()), &json!(sha256(&part))));
    stage.app.seen();
    let small = body.slice(..100_000);
    stage.visitor().ask(APP, "PUT", "/files/large").body(small).send().await.status(401);
    assert_eq!(stage.app.seen(), [""; 0]);
}

/// A sign-out, and an account that is shut out, count at the next request; a doorkey that does not
/// answer lets nobody through.
async fn the_end_is_known_at_once(stage: &Stage, ann: &mut Visitor) {
    let stolen = ann.clone();
    ann.open("/page").send().await.status(200);
    ann.sign_out().await;
    assert!(!ann.jar.contains_key("__Secure-forward"));
    stolen.get("/page").send().await.status(401);
    assert!(stolen.websocket("/live", "hello").await.is_err());
    ann.open("/page").send().await.leads_to_sign_in(&format!("https://{APP}/page"));
    let eve = signed_in(stage, "eve").await;
    stage.app.seen();
    stage.place.run(&["user", "disable", "eve"]).done();
    eve.get("/page").send().await.status(401);
    assert_eq!(stage.app.seen(), [""; 0]);
}

/// With doorkey gone.
pub async fn without_doorkey(stage: Stage) {
    let (nobody, app) = (stage.visitor(), stage.app);
    stage.doorkey.kill();
    for path in ["/page", "/public/page"] {
        let status = nobody.open(path).send().await.status;
        assert!(matches!(status, 500..=504), "{path}: {status}");
    }
    assert_eq!(app.seen(), [""; 0]);
}
