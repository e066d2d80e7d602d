//! Access tokens taken apart and put together by hand, signed in earnest with the server's own
//! key: what a bug in the server could issue, or an attacker who has found one could.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorkey::auth::{Access, Inspection, Passed, TokenKind};
use doorkey::crypto::{MasterKey, Random};
use doorkey::model::{Denial, Rule, Secret};
use serde_json::Value;

use crate::harness::{Answer, Browser, TestServer};

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Header, claims and signature of a token.
pub(crate) fn parts(token: &str) -> (Value, Value, Vec<u8>) {
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let json = |part: &str| serde_json::from_slice(&decode(part)).unwrap();
    (json(header), json(claims), decode(signature))
}

/// What the server answers to someone who comes with this token: 200 when it is good. The
/// operator who asks about the token is told the same, by the same rule.
pub(crate) async fn me(server: &TestServer, token: &str) -> u16 {
    let answer = server.anonymous().with_token(token).get("/auth/me").send().await;
    let asked = server.auth.inspect(&Access::operator(), &Secret::new(token.to_owned())).await;
    match asked {
        Ok(found) if found.kind == TokenKind::AccessToken => agrees(&found, &answer),
        Ok(_) => assert_eq!(answer.status, 401, "a refresh token is no access token"),
        Err(error) => assert_eq!(answer.status, 503, "{error}"),
    }
    answer.status
}

/// The same verdict, and the checks are in order: passed, failed, not reached.
fn agrees(found: &Inspection, answer: &Answer) {
    let rule = found.refused.as_ref().map(Denial::rule);
    match answer.status {
        // What is no token of RFC 6750 is refused for its form before anything else.
        400 => assert_eq!(rule, Some(Rule::TokenForm)),
        200 | 401 => assert_eq!(rule, answer.rule),
        other => panic!("{other}"),
    }
    let ends: Vec<Passed> = found.checks.iter().map(|checked| checked.passed).collect();
    let passed = ends.iter().take_while(|end| **end == Passed::Ok).count();
    let mut expected = vec![Passed::Ok; passed];
    if rule.is_some() {
        expected.push(Passed::Failed);
        expected.resize(ends.len(), Passed::NotReached);
    }
    assert_eq!(ends, expected, "{found:?}");
}

/// The private key of a server that has one, out of its store.
pub(crate) async fn private_key(server: &TestServer) -> Vec<u8> {
    let record = server.store.keys().all().await.unwrap().remove(0);
    let context = format!("key/{}", record.id).into_bytes();
    let master = MasterKey::generate(&Random::seeded(7));
    master.open(&context, &record.sealed).unwrap().to_vec()
}

/// A good token, and the key that makes others like it.
pub(crate) struct Forge {
    key: EcdsaKeyPair,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Forge {
    /// The forge of a server with one ES256 key; its tokens are those of `token`'s session.
    pub(crate) async fn new(server: &TestServer, token: &str) -> Self {
        let pkcs8 = private_key(server).await;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
        let (header, claims, _) = parts(token);
        Self { key, header, claims }
    }

    /// The forge for the session of this browser, and the proof that its tokens are good:
    /// without it no refusal of a changed one would prove anything.
    pub(crate) async fn of(browser: &Browser<'_>) -> Self {
        let forge = Self::new(browser.server, browser.token.as_deref().unwrap()).await;
        let twin = forge.sign(&forge.header.to_string(), &forge.claims.to_string());
        assert_eq!(me(browser.server, &twin).await, 200);
        forge
    }

    /// A token of any two texts with a true signature.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encode(signature))
    }

    /// The good token with one member of its header changed, or left out.
    pub(crate) fn with_header(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&changed(&self.header, name, value), &self.claims.to_string())
    }

    /// The good token with one claim changed, or left out.
    pub(crate) fn with_claim(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&self.header.to_string(), &changed(&self.claims, name, value))
    }
}

fn changed(object: &Value, name: &str, value: Option<Value>) -> String {
    let mut object = object.as_object().unwrap().clone();
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
    Value::Object(object).to_string()
}
