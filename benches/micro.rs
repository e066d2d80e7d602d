//! Single steps of a request, by criterion: `cargo bench --bench micro`. Instructions of the same
//! work: `benches/instructions.sh`.

#[expect(dead_code, reason = "memory is not measured here")]
mod common;
#[path = "common/outside.rs"]
mod outside;
#[path = "common/signed_in.rs"]
mod signed_in;

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use doorkey::crypto::{Issuer, KeyPair, sign, verify};
use doorkey::http::Api;
use doorkey::http::kind::Kind;
use doorkey::http::listen::Peer;
use doorkey::http::problem::Problem;
use doorkey::model::{
    Algorithm, Claims, Clock, KeyId, Role, Rule, SessionId, Timestamp, TokenId, UserId,
};
use http_body_util::Empty;
use signed_in::SignedIn;
use tokio::runtime::Runtime;
use warp::http::Request;

const NOW: u64 = 1_800_000_000;

fn clock() -> Clock {
    Clock::manual(Timestamp::from_seconds(NOW))
}

fn issuer() -> Issuer {
    let name = "https://auth.example.org".to_owned();
    Issuer { issuer: name.clone(), audience: name }
}

fn claims() -> Claims {
    let now = Timestamp::from_seconds(NOW);
    Claims {
        subject: UserId::from_bytes([1; 16]),
        session: SessionId::from_bytes([2; 16]),
        id: TokenId::from_bytes([3; 16]),
        issued_at: now,
        expires_at: Timestamp::from_seconds(NOW + 600),
        auth_time: now,
        epoch: 0,
        roles: [Role::user()].into(),
        status: None,
    }
}

/// Signing and verifying a whole token.
fn tokens(c: &mut Criterion) {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let key = KeyPair::generate(algorithm).expect("a key");
        let (issuer, claims) = (issuer(), claims());
        let token = sign(&key, &issuer, &claims).expect("a token");
        let known = Arc::new(key.verifying_key());
        let find = |_: &KeyId| Some(Arc::clone(&known));
        let now = Timestamp::from_seconds(NOW);
        c.bench_function(&format!("sign {algorithm}"), |b| {
            b.iter(|| sign(&key, black_box(&issuer), &claims));
        });
        c.bench_function(&format!("verify {algorithm}"), |b| {
            b.iter(|| verify(black_box(token.expose()), find, &issuer, now));
        });
    }
}

/// What a request costs behind HTTP.
fn use_cases(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let SignedIn { auth, store, refresh, access } =
        runtime.block_on(SignedIn::begin(&data, clock()));
    c.bench_function("refresh", |b| b.iter(|| runtime.block_on(auth.refresh(&refresh))));
    c.bench_function("authenticate, token seen", |b| {
        b.iter(|| runtime.block_on(auth.authenticate(black_box(&access))));
    });
    c.bench_function("session lookup", |b| {
        b.iter(|| runtime.block_on(store.sessions().get(black_box(refresh.session))));
    });
}

/// The table's paths as the gate looks them up, and a whole request for the one that has least to do.
fn routes(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let SignedIn { auth, .. } =
        runtime.block_on(SignedIn::begin(&folder.path().join("data"), clock()));
    let api = Api::new(Arc::new(auth), outside::settings("https://auth.example.org"));
    let mut paths = matchit::Router::new();
    // A path stands there once for each method.
    for (row, route) in api.routes().iter().enumerate() {
        let _ = paths.insert(route.path, row);
    }
    for path in ["/auth/refresh", "/admin/users/0123456789abcdef/sessions", "/nothing/here"] {
        c.bench_function(&format!("route match {path}"), |b| {
            b.iter(|| paths.at(black_box(path)).map(|found| *found.value).ok());
        });
    }
    let peer = Peer::Tcp(([127, 0, 0, 1], 9).into());
    let healthz = || {
        let request = Request::get("/healthz").header("host", "auth.example.org");
        request.body(Empty::<Bytes>::new()).expect("a request")
    };
    c.bench_function("route, gate and answer of /healthz", |b| {
        b.iter(|| runtime.block_on(api.handle(healthz(), peer)));
    });
}

/// The answer to what is refused.
fn problem(c: &mut Criterion) {
    c.bench_function("problem answer", |b| {
        b.iter(|| {
            let problem = Problem::new(Kind::InvalidToken, Rule::RouteUnknown);
            problem.into_response(black_box("0123456789abcdef"))
        });
    });
}

criterion_group!(benches, tokens, use_cases, routes, problem);
criterion_main!(benches);
