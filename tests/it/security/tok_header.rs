//! The header of an access token: one algorithm, one type, one key, and nothing else.

use std::io::ErrorKind;
use std::net::TcpListener;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorkey::model::Algorithm;
use serde_json::{Value, json};

use super::failing;
use super::forge::{Forge, decode, encode, me, parts, private_key};
use crate::harness::{Setup, TestServer};

/// Each of these as this member, in a token that is good but for it, is refused.
async fn refuses(member: &str, values: &[Value]) {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    for value in values {
        let token = forge.with_header(member, Some(value.clone()));
        assert_eq!(me(&server, &token).await, 401, "{member}: {value}");
    }
}

/// Also TOK-05.
#[tokio::test]
async fn tok_03_a_token_is_of_the_algorithm_of_its_key_or_refused() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    for alg in ["none", "NONE", "nOnE", "", "HS256", "es256", "ES384", "RS256", "EdDSA"] {
        let token = forge.with_header("alg", Some(json!(alg)));
        assert_eq!(me(&server, &token).await, 401, "{alg:?}");
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        assert_eq!(me(&server, &format!("{unsigned}.")).await, 401, "{alg:?}");
    }
    assert_eq!(me(&server, &forge.with_header("alg", None)).await, 401);
    assert_eq!(me(&server, &forge.with_header("alg", Some(json!(["ES256"])))).await, 401);
}

/// The public key is no secret, in none of the forms in which it is handed around.
#[tokio::test]
async fn tok_04_the_public_key_makes_no_mac_that_is_taken_for_a_signature() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let jwks: Value = server.anonymous().get("/.well-known/jwks.json").send().await.json();
    let jwk = &jwks["keys"][0];
    let coordinate = |name: &str| decode(jwk[name].as_str().unwrap());
    let (x, y) = (coordinate("x"), coordinate("y"));
    let point = [&[4], &x[..], &y[..]].concat();
    // RFC 5480: what stands before the point of a P-256 key.
    let der = [&decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA")[..], &point].concat();
    let lines = STANDARD.encode(&der);
    let (first, second) = lines.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----");
    let with_end = format!("{pem}\n").into_bytes();
    let texts = [jwk.to_string().into_bytes(), jwks.to_string().into_bytes(), pem.into_bytes()];
    let raw = [with_end, der, point, x.clone(), encode(x).into_bytes(), Vec::new()];
    for (alg, secret) in texts.iter().chain(&raw).flat_map(|s| [("HS256", s), ("ES256", s)]) {
        let header = json!({"alg": alg, "kid": forge.header["kid"], "typ": "at+jwt"});
        let claims = forge.claims.to_string();
        let message = format!("{}.{}", encode(header.to_string()), encode(claims));
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        assert_eq!(me(&server, &format!("{message}.{}", encode(mac))).await, 401, "{alg}");
    }
}

/// The token's message under this algorithm, signed by the server's own RSA key.
fn rsa_signed(
    key: &RsaKeyPair,
    token: &str,
    (alg, how): (&str, &'static dyn RsaEncoding),
) -> String {
    let (mut header, claims, _) = parts(token);
    header["alg"] = json!(alg);
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(how, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", encode(signature))
}

#[tokio::test]
async fn tok_05_an_rsa_key_signs_by_the_one_algorithm_it_was_made_for() {
    let mut setup = Setup::default();
    setup.auth.algorithm = Algorithm::Rs256;
    let server = setup.start().await;
    let token = server.user("ann").await.token.unwrap();
    let key = RsaKeyPair::from_pkcs8(&private_key(&server).await).unwrap();
    for (alg, how, status) in [
        ("RS256", &RSA_PKCS1_SHA256 as &'static dyn RsaEncoding, 200),
        ("PS256", &RSA_PSS_SHA256, 401),
        ("RS256", &RSA_PSS_SHA256, 401),
        ("PS256", &RSA_PKCS1_SHA256, 401),
        ("RS512", &RSA_PKCS1_SHA256, 401),
    ] {
        assert_eq!(me(&server, &rsa_signed(&key, &token, (alg, how))).await, status, "{alg}");
    }
}

#[tokio::test]
async fn tok_06_only_the_type_of_an_access_token_is_accepted() {
    let others = ["JWT", "id+jwt", "logout+jwt", "dpop+jwt", "at+jwt ", "at", ""];
    let mut values = others.map(|typ| json!(typ)).to_vec();
    values.extend([json!(1), Value::Null, json!(["at+jwt"])]);
    refuses("typ", &values).await;
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    assert_eq!(me(&server, &forge.with_header("typ", None)).await, 401);
    for typ in ["AT+JWT", "application/at+jwt"] {
        let token = forge.with_header("typ", Some(json!(typ)));
        assert_eq!(me(&server, &token).await, 200, "{typ}");
    }
}

#[tokio::test]
async fn tok_13_no_critical_extension_is_understood_and_so_none_accepted() {
    let values = [json!([]), json!(["exp"]), json!(["b64"]), json!(["x"]), json!("exp"), json!({})];
    refuses("crit", &values).await;
    refuses("b64", &[json!(true), json!(false)]).await;
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let mut header = forge.header.clone();
    (header["crit"], header["b64"]) = (json!(["b64"]), json!(true));
    let token = forge.sign(&header.to_string(), &forge.claims.to_string());
    assert_eq!(me(&server, &token).await, 401);
}

/// A key of the attacker's own, in the token or behind an address in it, with a signature that
/// is right for that key.
#[tokio::test]
async fn tok_14_a_key_that_the_token_brings_along_is_not_used_and_no_address_is_called() {
    let server = TestServer::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let bait = TcpListener::bind("127.0.0.1:0").unwrap();
    bait.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", bait.local_addr().unwrap());
    let own = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = own.public_key().as_ref();
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "kid": forge.header["kid"],
        "x": encode(&point[1..33]), "y": encode(&point[33..]),
    });
    for (member, value) in [
        ("jwk", jwk),
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!([STANDARD.encode("a certificate")])),
    ] {
        let mut header = forge.header.clone();
        header[member] = value.clone();
        let message =
            format!("{}.{}", encode(header.to_string()), encode(forge.claims.to_string()));
        let signature = own.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let theirs = format!("{message}.{}", encode(signature));
        assert_eq!(me(&server, &theirs).await, 401, "{member}");
        let ours = forge.with_header(member, Some(value));
        assert_eq!(me(&server, &ours).await, 401, "{member}, signed by the server's key");
    }
    let called = bait.accept().map(|(_, who)| who).map_err(|error| error.kind());
    assert_eq!(called, Err(ErrorKind::WouldBlock));
}

#[tokio::test]
async fn tok_15_a_key_id_is_looked_up_in_memory_exactly_or_not_at_all() {
    let (server, engine) = failing::start().await;
    let forge = Forge::of(&server.user("ann").await).await;
    let own = forge.header["kid"].as_str().unwrap();
    let near = [&own.to_lowercase(), &own[1..], &format!("{own}="), &format!("{own}A")];
    let strange = ["../../dev/null", "' OR 1=1--", "\0", "", "q1w2e3r4t5y6u7i8o9p0aA"];
    let mut values: Vec<Value> = near.map(|kid| json!(kid)).to_vec();
    values.extend(strange.map(|kid| json!(kid)));
    values.extend([json!(7), json!(null), json!([own]), json!("k".repeat(1 << 20))]);
    // With the store gone, anything that asked it would be 503.
    engine.fail(true, true);
    for kid in values {
        let token = forge.with_header("kid", Some(kid.clone()));
        assert_eq!(me(&server, &token).await, 401, "{:.60}", kid.to_string());
    }
    assert_eq!(me(&server, &forge.with_header("kid", None)).await, 401);
}
