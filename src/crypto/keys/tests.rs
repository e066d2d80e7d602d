use super::*;

const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// JWK-02: RFC 7638, 3.1.
#[test]
fn the_thumbprint_of_an_rsa_key_is_the_published_one() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc\
             _BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ\
             R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bF\
             TWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let key =
        VerifyingKey::new(Algorithm::Rs256, Public::Rsa { n: bytes(n), e: bytes("AQAB") }).unwrap();
    assert_eq!(key.id().to_string(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// JWK-02: RFC 8037, A.3.
#[test]
fn the_thumbprint_of_an_ed25519_key_is_the_published_one() {
    let x = bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let key = VerifyingKey::new(Algorithm::EdDsa, Public::Ed { x }).unwrap();
    assert_eq!(key.id().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/// JWK-02: what anybody computes from the served JWK.
#[test]
fn a_kid_is_recomputable_from_the_jwk_alone() {
    for algorithm in ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        let served = serde_json::to_vec(&pair.public_jwk()).unwrap();
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_slice(&served).unwrap();
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, pair.id().to_string());
    }
}

/// JWK-01, KEY-06.
#[test]
fn a_jwk_has_exactly_the_public_members() {
    let members = [
        (Algorithm::Es256, vec!["alg", "crv", "kid", "kty", "use", "x", "y"]),
        (Algorithm::EdDsa, vec!["alg", "crv", "kid", "kty", "use", "x"]),
        (Algorithm::Rs256, vec!["alg", "e", "kid", "kty", "n", "use"]),
    ];
    for (algorithm, expected) in members {
        let pair = KeyPair::generate(algorithm).unwrap();
        let served = serde_json::to_string(&pair.public_jwk()).unwrap();
        let jwk: std::collections::BTreeMap<String, String> =
            serde_json::from_str(&served).unwrap();
        assert_eq!(jwk.keys().collect::<Vec<_>>(), expected);
        assert_eq!((jwk["use"].as_str(), jwk["alg"].as_str()), ("sig", algorithm.name()));
        assert_eq!(jwk["kid"], pair.id().to_string());
        assert_eq!(pair.verifying_key().public_jwk(), pair.public_jwk());
    }
}

#[test]
fn a_key_reads_back_from_its_pkcs8_and_only_as_what_it_is() {
    for algorithm in ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        assert_eq!(pair.algorithm(), algorithm);
        for other in ALL {
            let read = KeyPair::from_pkcs8(other, pair.pkcs8());
            if other == algorithm {
                assert_eq!(read.unwrap().id(), pair.id());
            } else {
                assert_eq!(read.unwrap_err(), Error::BadKey, "{algorithm} as {other}");
            }
        }
    }
}

/// KEY-04.
#[test]
fn a_damaged_key_is_an_error_and_no_panic() {
    for algorithm in ALL {
        let pair = KeyPair::generate(algorithm).unwrap();
        let whole = pair.pkcs8();
        for cut in [0, 1, 2, 10, whole.len() / 2, whole.len() - 1] {
            let read = KeyPair::from_pkcs8(algorithm, &whole[..cut]);
            assert_eq!(read.unwrap_err(), Error::BadKey, "{algorithm} cut at {cut}");
        }
        assert!(KeyPair::from_pkcs8(algorithm, &[0x30; 100]).is_err());
    }
}

/// KEY-01.
#[test]
fn a_short_rsa_key_and_another_curve_are_refused() {
    let short = RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    assert!(KeyPair::from_pkcs8(Algorithm::Rs256, short.as_ref()).is_err());
    let signing = &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
    let p384 = EcdsaKeyPair::generate(signing).unwrap().to_pkcs8v1().unwrap();
    assert!(KeyPair::from_pkcs8(Algorithm::Es256, p384.as_ref()).is_err());
}

/// KEY-06.
#[test]
fn a_key_prints_its_name_and_algorithm_only() {
    let pair = KeyPair::generate(Algorithm::EdDsa).unwrap();
    assert_eq!(format!("{pair:?}"), format!("KeyPair(EdDSA {})", pair.id()));
    let verifying = pair.verifying_key();
    assert_eq!(format!("{verifying:?}"), format!("VerifyingKey(EdDSA {})", pair.id()));
}
