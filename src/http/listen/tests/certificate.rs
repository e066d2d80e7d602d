//! What is a certificate with its key, and what is none.

use super::*;
use crate::model::Timestamp;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/tls/", $name)).as_slice()
    };
}

pub(super) const ONE: (&[u8], &[u8]) = (fixture!("one.pem"), fixture!("one.key"));
pub(super) const TWO: (&[u8], &[u8]) = (fixture!("two.pem"), fixture!("two.key"));

pub(super) fn certificate((chain, key): (&[u8], &[u8])) -> Certificate {
    Certificate::from_pem(chain, key).unwrap()
}

#[test]
fn keys_of_every_usual_form_are_read() {
    for (chain, key) in [
        ONE,
        (ONE.0, fixture!("one-sec1.key")),
        (fixture!("rsa.pem"), fixture!("rsa.key")),
        (fixture!("rsa.pem"), fixture!("rsa-pkcs1.key")),
    ] {
        certificate((chain, key));
    }
}

#[test]
fn what_is_no_pair_is_refused_by_its_reason() {
    let (pem, key) = ONE;
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &pem[..pem.len() / 2];
    for (chain, key, why) in [
        (&b""[..], key, BadCertificate::NoCertificate),
        (key, pem, BadCertificate::NoCertificate),
        (cut, key, BadCertificate::NoCertificate),
        (broken, key, BadCertificate::Unreadable),
        (pem, b"", BadCertificate::NoKey),
        (pem, pem, BadCertificate::NoKey),
        (pem, fixture!("encrypted.key"), BadCertificate::NoKey),
        (pem, TWO.1, BadCertificate::Mismatch),
        (pem, fixture!("rsa.key"), BadCertificate::Mismatch),
    ] {
        assert_eq!(Certificate::from_pem(chain, key).unwrap_err(), why);
    }
}

#[test]
fn a_certificate_tells_its_time_and_its_hosts() {
    let expired = certificate((fixture!("expired.pem"), fixture!("expired.key")));
    let [from, until] = [1_577_836_800, 1_609_459_200].map(Timestamp::from_seconds);
    let second = Duration::from_secs(1);
    assert_eq!(expired.validity(from.minus(second)), Validity::NotYet(from));
    assert_eq!(expired.validity(from), Validity::Valid);
    assert_eq!(expired.validity(until), Validity::Valid);
    assert_eq!(expired.validity(until.plus(second)), Validity::Expired(until));
    for (host, named) in [
        ("login.example.org", true),
        ("LOGIN.example.org", true),
        ("127.0.0.1", true),
        ("example.org", false),
        ("::1", false),
        ("no name", false),
    ] {
        assert_eq!(expired.names(host), named, "{host}");
    }
}
