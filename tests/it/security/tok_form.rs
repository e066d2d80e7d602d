//! One token has one text: forms that other parsers take for it, signatures that other
//! verifiers take for right, and tokens of other kinds.

use doorkey::model::Algorithm;
use serde_json::{Value, json};

use super::forge::{Forge, decode, encode, me};
use crate::harness::{PASSWORD, Setup, TestServer};

/// The order of the group of P-256 (SEC 2, 2.4.2), big end first.
const P256_ORDER: &str = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
/// The order of the group of Ed25519 (RFC 8032, 5.1), small end first.
const ED25519_ORDER: &str = "7dP1XBpjEljWnPei3vneFAAAAAAAAAAAAAAAAAAAABA";

/// Signed by the server's own key, so that its length is all that is wrong with it.
#[tokio::test]
async fn tok_16_a_token_longer_than_8_kib_is_refused() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let roles = |n: usize| (0..n).map(|n| format!("role-number-{n:020}")).collect::<Vec<_>>();
    let with = |n: usize| forge.with_claim("roles", Some(json!(roles(n))));
    let (long, too_long) = (with(150), with(190));
    assert!((7_000..=8_192).contains(&long.len()) && too_long.len() > 8_192);
    assert_eq!(me(&server, &long).await, 200);
    assert_eq!(me(&server, &too_long).await, 401);
}

#[tokio::test]
async fn tok_17_what_is_no_compact_signed_jwt_is_refused() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.as_deref().unwrap();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    // 64 bytes end in a character with two bits of its own: the next one differs in the rest.
    let last = char::from(signature.as_bytes()[85] + 1);
    for bad in [
        format!("{header}.{claims}"),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{header}.{claims}.{signature}.a.b"),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{token}="),
        format!("{token}A"),
        format!("+{token}"),
        format!("{header}.{claims}.{}+", &signature[..85]),
        format!("{header}.{claims}.{}/", &signature[..85]),
        format!("{header}.{claims}.{}{last}", &signature[..85]),
        format!("{header}.{claims}.{}", "A".repeat(86)),
    ] {
        assert_eq!(me(&server, &bad).await, 401, "{bad}");
    }
    // What cannot be a token of RFC 6750 at all is a malformed header.
    let json = json!({"protected": header, "payload": claims, "signature": signature});
    let in_the_middle = format!("{header}=.{claims}.{signature}");
    let spaced = format!("{header}. {claims}.{signature}");
    for bad in [json.to_string(), format!("\"{token}\""), spaced, in_the_middle] {
        assert_eq!(me(&server, &bad).await, 400, "{bad}");
    }
    assert_eq!(me(&server, token).await, 200);
}

#[tokio::test]
async fn tok_18_a_member_that_comes_twice_is_refused_in_header_and_claims() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let (header, claims) = (forge.header.to_string(), forge.claims.to_string());
    let twice = |text: &str, object: &Value, name: &str| {
        text.replacen('{', &format!("{{{}:{},", json!(name), object[name]), 1)
    };
    for name in ["alg", "typ", "kid"] {
        let token = forge.sign(&twice(&header, &forge.header, name), &claims);
        assert_eq!(me(&server, &token).await, 401, "{name}");
    }
    for name in ["exp", "aud", "sub", "roles"] {
        let token = forge.sign(&header, &twice(&claims, &forge.claims, name));
        assert_eq!(me(&server, &token).await, 401, "{name}");
    }
}

#[tokio::test]
async fn tok_19_a_degenerate_signature_is_refused() {
    let server = TestServer::start().await;
    let token = server.user("ann").await.token.unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (raw, order) = (decode(signature), decode(P256_ORDER));
    let (r, s, zero) = (&raw[..32], &raw[32..], &[0; 32][..]);
    let der = [&[0x30, 70, 2, 33, 0], r, &[2, 33, 0], s].concat();
    for bad in [
        [zero, zero].concat(),
        [zero, s].concat(),
        [r, zero].concat(),
        [r, &order].concat(),
        [&order, s].concat(),
        [s, r].concat(),
        der,
        raw[..63].to_vec(),
        [&raw[..], &[0]].concat(),
        vec![0],
        vec![0xff; 64],
    ] {
        let token = format!("{message}.{}", encode(&bad));
        assert_eq!(me(&server, &token).await, 401, "{bad:?}");
    }
}

/// `(r, n-s)` for `(r, s)`: another text that verifies under the same key.
fn malleated(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (mut bytes, order) = (decode(signature), decode(P256_ORDER));
    let mut borrow = 0;
    for i in (0..32).rev() {
        let left = i16::from(order[i]) - i16::from(bytes[32 + i]) - borrow;
        borrow = i16::from(left < 0);
        bytes[32 + i] = u8::try_from(left.rem_euclid(256)).unwrap();
    }
    format!("{message}.{}", encode(bytes))
}

#[tokio::test]
async fn tok_20_a_logout_ends_every_text_of_a_token() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    let token = ann.token.clone().unwrap();
    let twin = malleated(&token);
    assert_ne!(token, twin);
    assert_eq!(malleated(&twin), token);
    // ECDSA allows it; should the library refuse it one day, so much the better.
    assert!([200, 401].contains(&me(&server, &twin).await));
    ann.post("/auth/logout").send().await.status(204);
    for token in [token, twin] {
        assert_eq!(me(&server, &token).await, 401);
    }
}

/// S plus the order of the group (RFC 8032, 5.1.7).
#[tokio::test]
async fn tok_20_an_ed25519_signature_has_one_text() {
    let mut setup = Setup::default();
    setup.auth.algorithm = Algorithm::EdDsa;
    let server = setup.start().await;
    let token = server.user("ann").await.token.unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (mut raw, mut carry) = (decode(signature), 0);
    for (byte, digit) in raw[32..].iter_mut().zip(decode(ED25519_ORDER)) {
        let sum = u16::from(*byte) + u16::from(digit) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(me(&server, &token).await, 200);
    assert_eq!(me(&server, &format!("{message}.{}", encode(raw))).await, 401);
}

/// Each kind of token opens its own door and no other.
#[tokio::test]
async fn tok_21_no_kind_of_token_is_taken_for_another() {
    let server = TestServer::start().await;
    let (ann, root) = (server.user("ann").await, server.admin().await);
    let (access, refresh) = (ann.token.clone().unwrap(), ann.cookie.clone().unwrap());
    let issue = format!("/admin/users/{}/password-reset", ann.user_id);
    let issued: Value = root.post(&issue).send().await.status(200).json();
    let (_, reset) = issued["link"].as_str().unwrap().split_once("?token=").unwrap();

    for bearer in [&*refresh, reset] {
        let answer = server.anonymous().with_token(bearer).get("/auth/me").send().await;
        answer.status(401).problem("invalid_token");
    }
    for cookie in [&*access, reset] {
        let request = server.anonymous().post("/auth/refresh");
        let answer = request.header("cookie", &format!("__Host-refresh={cookie}")).send().await;
        answer.status(401).problem("session_ended");
    }
    let form = |token: &str| json!({"token": token, "new_password": "another long password"});
    for token in [&access, &refresh] {
        let request = server.anonymous().post("/auth/password-reset").json(&form(token));
        request.send().await.status(401);
    }
    ann.get("/auth/me").send().await.status(200);
    ann.refresh().await.status(200);
    server.anonymous().post("/auth/password-reset").json(&form(reset)).send().await.status(204);
}

/// The secret of the first start opens nothing but its own door either.
#[tokio::test]
async fn tok_21_the_setup_secret_is_no_token() {
    let server = TestServer::start().await;
    let secret = server.auth.prepare_setup(None).await.unwrap().unwrap();
    let secret = secret.expose();
    assert_eq!(me(&server, secret).await, 401);
    let request = server.anonymous().post("/auth/refresh");
    request.header("cookie", &format!("__Host-refresh={secret}")).send().await.status(401);
    let form = json!({"token": secret, "new_password": PASSWORD});
    server.anonymous().post("/auth/password-reset").json(&form).send().await.status(401);
}

/// A member that is not known is not passed over, whatever a later version may mean by it.
#[tokio::test]
async fn tok_24_header_and_claims_are_of_known_members_in_an_object() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    for name in ["role", "admin", "scope", "Sub", ""] {
        let token = forge.with_claim(name, Some(json!("admin")));
        assert_eq!(me(&server, &token).await, 401, "{name}");
    }
    for name in ["ALG", "x5t", "cty", "nonce", ""] {
        let token = forge.with_header(name, Some(json!("x")));
        assert_eq!(me(&server, &token).await, 401, "{name}");
    }
    let (header, claims) = (forge.header.to_string(), forge.claims.to_string());
    let list = |object: &Value| json!(object.as_object().unwrap().values().collect::<Vec<_>>());
    for (header, claims) in [
        (list(&forge.header).to_string(), claims.clone()),
        (header.clone(), list(&forge.claims).to_string()),
        (format!("{header} {header}"), claims.clone()),
        (header.clone(), format!("{claims}x")),
        (format!("\u{feff}{header}"), claims.clone()),
        (header, format!("\u{feff}{claims}")),
    ] {
        assert_eq!(me(&server, &forge.sign(&header, &claims)).await, 401, "{header}.{claims}");
    }
}

/// A form that would have to be decrypted or unpacked before anything is known of it.
#[tokio::test]
async fn tok_25_nothing_of_a_token_is_decrypted_or_unpacked() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    for (name, value) in [
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("p2c", json!(1_000_000_000)),
        ("p2s", json!("c2FsdA")),
        ("alg", json!("PBES2-HS256+A128KW")),
        ("alg", json!("dir")),
    ] {
        assert_eq!(me(&server, &forge.with_header(name, Some(value))).await, 401, "{name}");
    }
    let header = json!({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 1_000_000_000});
    let parts = [header.to_string(), "key".into(), "iv".into(), "text".into(), "tag".into()];
    assert_eq!(me(&server, &parts.map(encode).join(".")).await, 401);
    let lock = include_str!("../../../Cargo.lock");
    for crate_of_jwe in ["josekit", "biscuit", "jwe", "jose-jwe", "aes-kw"] {
        assert!(!lock.contains(&format!("name = \"{crate_of_jwe}\"")), "{crate_of_jwe}");
    }
}
