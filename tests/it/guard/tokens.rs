//! Which tokens open a guarded route, and what everybody else is told.

use std::time::Duration;

use doorkey::crypto::{Issuer, KeyPair};
use doorkey::guard::{BadOptions, Guard, Introspection, Options, Roots};
use doorkey::model::{Algorithm, Claims, Clock, Role, Secret, Timestamp};
use serde_json::{Value, json};

use super::fake::{FakeIssuer, JWKS};
use super::program::Program;

async fn start() -> (FakeIssuer, Program) {
    let issuer = FakeIssuer::start().await;
    let program = Program::new(Options::new(&issuer.socket.origin), issuer.clock.clone());
    (issuer, program)
}

#[tokio::test]
async fn a_good_token_opens_the_route_and_says_who_calls() {
    let (issuer, program) = start().await;
    let claims = issuer.claims();
    let answer = program.get("/notes", &issuer.sign(&claims)).await.status(200);
    let caller = json!({
        "user": claims.subject.to_string(),
        "session": claims.session.to_string(),
        "roles": ["user"],
        "until": claims.expires_at.seconds(),
    });
    assert_eq!(answer.json::<Value>(), caller);
}

#[tokio::test]
async fn without_a_token_the_client_is_asked_for_one_and_the_issuer_for_nothing() {
    let (issuer, program) = start().await;
    program.send("/", &[]).await.status(200);
    for headers in [&[][..], &[("authorization", "Basic YTpi")]] {
        let answer = program.send("/notes", headers).await.status(401);
        assert_eq!(answer.json::<Value>()["code"], "invalid_token");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="doorkey""#));
    }
    assert_eq!(issuer.socket.count(JWKS), 0);
}

#[tokio::test]
async fn a_header_that_can_be_read_in_two_ways_is_refused_and_a_missing_route_is_none_of_ours() {
    let (issuer, program) = start().await;
    let token = format!("Bearer {}", issuer.sign(&issuer.claims()));
    let twice = [("authorization", token.as_str()), ("authorization", token.as_str())];
    let answer = program.send("/notes", &twice).await.status(400);
    assert_eq!(answer.json::<Value>()["code"], "malformed_header");
    program.send("/notes?access_token=x", &twice[..1]).await.status(400);
    program.send("/notes?a=b", &twice[..1]).await.status(200);
    program.send("/nothing", &twice[..1]).await.status(404);
}

#[tokio::test]
async fn a_role_is_asked_for_by_its_name() {
    let (issuer, program) = start().await;
    let refused = program.get("/drafts", &issuer.sign(&issuer.claims())).await.status(403);
    assert_eq!(refused.json::<Value>()["code"], "insufficient_scope");
    let challenge = r#"Bearer realm="doorkey", error="insufficient_scope""#;
    assert_eq!(refused.header("www-authenticate"), Some(challenge));
    let editor = Role::try_from("editor".to_owned()).unwrap();
    let claims = Claims { roles: [editor].into(), ..issuer.claims() };
    program.get("/drafts", &issuer.sign(&claims)).await.status(200);
}

/// Of the same checks as the server's own, which `crypto/jwt` tests one by one: that they are made.
#[tokio::test]
async fn a_token_that_is_not_for_here_and_now_is_refused() {
    let (issuer, program) = start().await;
    let good = issuer.sign(&issuer.claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let origin = issuer.socket.origin.clone();
    let other = || "https://other.example".to_owned();
    let name = |issuer: String, audience: String| Issuer { issuer, audience };
    let mut bad = vec![
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}."),
        "x".to_owned(),
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.x".to_owned(),
        "dk_pat_00000000000000000000000000000000000000000000000000000000000000000000000".to_owned(),
        issuer.sign_as(&name(other(), origin.clone()), &issuer.claims()),
        issuer.sign_as(&name(origin, other()), &issuer.claims()),
    ];
    let late = issuer.clock.now().plus(Duration::from_mins(2));
    bad.push(issuer.sign(&Claims { issued_at: late, ..issuer.claims() }));
    for token in bad {
        let answer = program.get("/notes", &token).await.status(401);
        let challenge = r#"Bearer realm="doorkey", error="invalid_token""#;
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{token}");
    }
    Program::says(&program.opens(&good).await, 200, "");
    issuer.clock.advance(Duration::from_mins(15));
    Program::says(&program.opens(&good).await, 401, "invalid_token");
}

#[tokio::test]
async fn of_a_set_only_public_keys_under_their_own_name_are_taken() {
    let (issuer, program) = start().await;
    let stranger = KeyPair::generate(Algorithm::Es256).unwrap();
    let mut stolen = serde_json::to_value(stranger.public_jwk()).unwrap();
    stolen["kid"] = json!(issuer.key().id().to_string());
    let own = serde_json::to_value(issuer.key().public_jwk()).unwrap();
    let secret = json!({"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "x"});
    issuer.put(JWKS, json!({"keys": [secret, stolen, 5, own]}).to_string());
    Program::says(&program.opens(&issuer.sign(&issuer.claims())).await, 200, "");
}

#[test]
fn options_that_would_verify_nothing_are_refused_with_a_sentence() {
    let good = || Options::new("https://id.example.org");
    let start = |options| Guard::new(options, Clock::manual(Timestamp::from_seconds(0))).err();
    let plain = Options::new("http://id.example.org");
    assert_eq!(start(plain.clone()), Some(BadOptions::PlainHttp(plain.issuer)));
    let slash = Options::new("https://id.example.org/");
    assert_eq!(start(slash.clone()), Some(BadOptions::NotAnOrigin(slash.issuer)));
    let elsewhere = Options { reached_at: Some("http://10.0.0.1:80".to_owned()), ..good() };
    assert!(matches!(start(elsewhere), Some(BadOptions::PlainHttp(_))));
    let short = Options { keep_keys: Duration::from_mins(4), ..good() };
    assert_eq!(start(short), Some(BadOptions::KeysTooShort));
    let no_roots = Options { roots: Roots::Pem(b"none".to_vec()), ..good() };
    assert!(matches!(start(no_roots), Some(BadOptions::NoRoots(_))));
    let mut long = Introspection::new("wiki", Secret::new("x".to_owned()));
    long.keep = Duration::from_secs(31);
    let long = Options { introspection: Some(long), ..good() };
    assert_eq!(start(long).unwrap().to_string(), "introspection.keep must be 30 seconds or less");
}
