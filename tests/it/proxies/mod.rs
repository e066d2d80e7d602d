//! The configurations of `examples/proxies`, each by its proxy from Debian's package, between
//! a browser that speaks TLS, the real server, and an app that tells what reached it.

#![expect(clippy::disallowed_methods, reason = "a test owns its tasks")]

mod apache;
mod app;
mod caddy;
mod client;
mod haproxy;
mod nginx;
mod stage;
mod walk;

/// doorkey's name in the shipped files.
const LOGIN: &str = "login.example.org";
/// The app's.
const APP: &str = "app.example.org";
/// What a client must not be able to say: its own name, another path, another address. `FORGED` is
/// found nowhere at the app.
const FORGED: [(&str, &str); 25] = [
    ("X-Auth-User", "forged"),
    ("x-auth-user", "forged"),
    ("X-Auth-Id", "forged"),
    ("X-Auth-Roles", "forged,admin,editor"),
    ("X-Auth-Email", "forged@example.org"),
    ("X_Auth_User", "forged"),
    ("X-Auth_User", "forged"),
    ("x_auth_roles", "forged,admin,editor"),
    ("X-Forwarded-Uri", "/public/forged"),
    ("X-Forwarded-Method", "FORGED"),
    ("X-Forwarded-Host", "forged.example.org"),
    ("X-Forwarded-Proto", "forged"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("X_Forwarded_For", "192.0.2.1"),
    ("X_Forwarded_Uri", "/public/forged"),
    ("X-Forwarded-Prefix", "/forged"),
    ("X-Original-URL", "https://app.example.org/public/forged"),
    ("X-Original-URI", "/public/forged"),
    ("X-Original-Method", "FORGED"),
    ("X-Original-Host", "forged.example.org"),
    ("X-Rewrite-URL", "/public/forged"),
    ("X-Real-IP", "192.0.2.1"),
    ("Forwarded", "for=192.0.2.1;host=forged.example.org;proto=https"),
    ("X-Forwarded-User", "forged"),
    ("X_Original_URL", "https://app.example.org/public/forged"),
];
/// Half a megabyte more than a round number, so that no buffer fits it.
const LARGE: usize = 64 * 1024 * 1024 + 512 * 1024 + 7;

/// Bytes of which no block is like another.
fn large(length: usize) -> bytes::Bytes {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Asserts that nothing of [`FORGED`] is in what the app was told.
#[track_caller]
fn nothing_forged(answer: &client::Answer) {
    let told = answer.json()["headers"].to_string().to_ascii_lowercase();
    assert!(!told.contains("forged") && !told.contains("192.0.2.1"), "{told}");
    assert!(!told.contains("x_") && !told.contains("_user"), "{told}");
}
