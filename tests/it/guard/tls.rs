//! The issuer behind TLS: asked only when its certificate is trusted.

use doorkey::guard::{Options, Roots};

use super::fake::{FakeIssuer, JWKS};
use super::program::Program;
use super::socket::Socket;

async fn answer(roots: Roots, certificate: &str, at_other_name: bool) -> (u16, usize) {
    let issuer = FakeIssuer::behind(Socket::open_tls(certificate).await);
    let origin = issuer.socket.origin.clone();
    let other = origin.replace("127.0.0.1", "127.0.0.2");
    let reached_at = at_other_name.then_some(other);
    let options = Options { roots, reached_at, ..Options::new(&origin) };
    let program = Program::new(options, issuer.clock.clone());
    let (status, _) = program.opens(&issuer.sign(&issuer.claims())).await;
    (status, issuer.socket.count(JWKS))
}

fn trusting(name: &str) -> Roots {
    Roots::Pem(std::fs::read(format!("tests/fixtures/tls/{name}.pem")).unwrap())
}

#[tokio::test]
async fn an_issuer_with_a_trusted_certificate_is_asked_and_no_other() {
    assert_eq!(answer(trusting("one"), "one", false).await, (200, 1));
    assert_eq!(answer(trusting("two"), "one", false).await, (503, 0));
    assert_eq!(answer(trusting("expired"), "expired", false).await, (503, 0));
    assert_eq!(answer(Roots::System, "one", false).await, (503, 0));
    // The port is bound on 127.0.0.1 alone, and the certificate names no other address.
    assert_eq!(answer(trusting("one"), "one", true).await, (503, 0));
}
