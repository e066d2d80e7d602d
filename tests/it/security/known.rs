//! What went wrong in comparable products, and what holds it here: section 5 of the checklist.

use std::sync::Arc;

use serde_json::{Value, json};

use super::failing::Moody;
use crate::auth::{WRONG_PASSWORD, at, on_memory, patch, visitor};
use crate::harness::{Browser, PASSWORD, Setup, TestServer};

/// What holds a vulnerability of others here.
pub(super) enum Held {
    /// Rows of the checklist.
    Rows(&'static [&'static str]),
    /// A test of this file, named after it, and rows.
    Here(&'static str, &'static [&'static str]),
    /// The feature is not there; in a word, which.
    Absent(&'static str),
}

use Held::{Absent, Here, Rows};

impl Held {
    pub(super) fn rows(&self) -> &'static [&'static str] {
        match self {
            Rows(rows) | Here(_, rows) => rows,
            Absent(_) => &[],
        }
    }

    pub(super) fn test(&self) -> Option<&'static str> {
        match self {
            Here(test, _) => Some(test),
            Rows(_) | Absent(_) => None,
        }
    }

    pub(super) fn reason(&self) -> Option<&'static str> {
        match self {
            Absent(reason) => Some(reason),
            Rows(_) | Here(..) => None,
        }
    }
}

const OAUTH: Held = Absent("no authorization endpoint: doorkey is no OAuth provider yet");
const UPSTREAM: Held = Absent("no login by way of another provider, so no accounts are linked");
const SECOND: Held = Absent("no second factor yet");

/// Product, number, and what holds it.
pub(super) const KNOWN: &[(&str, &str, Held)] = &[
    ("jsonwebtoken", "CVE-2026-25537", Rows(&["TOK-07", "TOK-08", "TOK-09", "TOK-10"])),
    ("Keycloak", "CVE-2026-1035", Absent("a refresh token has no single use to race for: RACE-09")),
    ("Keycloak", "CVE-2026-9802", Rows(&["SES-15"])),
    ("Keycloak", "CVE-2024-4629", Rows(&["THR-04"])),
    (
        "Keycloak",
        "CVE-2024-1722",
        Here(
            "cve_2024_1722_no_name_is_an_address_and_an_address_of_others_locks_nobody_out",
            &["INP-04"],
        ),
    ),
    ("Keycloak", "CVE-2026-9798", Rows(&["THR-06"])),
    ("Keycloak", "CVE-2024-8883", OAUTH),
    ("Keycloak", "CVE-2026-7571", OAUTH),
    ("Keycloak", "CVE-2026-9087", UPSTREAM),
    ("ZITADEL", "CVE-2025-64101", Rows(&["NET-04", "PW-15"])),
    ("ZITADEL", "CVE-2025-57770", Rows(&["ENM-01", "ENM-02", "ENM-05"])),
    ("ZITADEL", "CVE-2023-44399", Rows(&["ENM-04"])),
    ("ZITADEL", "CVE-2025-27507", Rows(&["AZ-01", "AZ-02"])),
    ("ZITADEL", "CVE-2026-27946", Rows(&["INP-01", "INP-06"])),
    ("ZITADEL", "CVE-2025-46815", UPSTREAM),
    ("Authelia", "CVE-2025-24806", Rows(&["THR-03"])),
    ("Authelia", "CVE-2026-47203", Rows(&["THR-03"])),
    ("Dex", "CVE-2022-39222", OAUTH),
    ("Dex", "CVE-2024-23656", Rows(&["HTTP-10"])),
    ("Pocket ID", "CVE-2026-28513", OAUTH),
    ("Pocket ID", "CVE-2026-28512", OAUTH),
    ("tinyauth", "CVE-2026-32245", OAUTH),
    ("PocketBase", "CVE-2024-38351", UPSTREAM),
    ("PocketBase", "CVE-2026-44166", Rows(&["INP-06"])),
    ("better-auth", "CVE-2025-61928", Rows(&["AZ-06"])),
    ("better-auth", "CVE-2026-45364", Rows(&["THR-07", "NET-02"])),
    ("better-auth", "GHSA-x732-6j76-qmhm", Rows(&["HTTP-06", "THR-06"])),
    ("better-auth", "GHSA-xg6x-h9c9-2m83", SECOND),
    ("better-auth", "CVE-2026-45337", Absent("no device flow")),
    ("better-auth", "CVE-2025-27143", Rows(&["INP-09", "FWD-02"])),
    ("oauth2-proxy", "CVE-2026-40575", Rows(&["FWD-02"])),
    ("oauth2-proxy", "CVE-2025-54576", Rows(&["FWD-02"])),
    ("oauth2-proxy", "CVE-2025-64484", Rows(&["NET-03", "AZ-06", "FWD-01"])),
    ("authentik", "CVE-2026-25748", Rows(&["FWD-01"])),
    ("authentik", "CVE-2023-36456", Rows(&["NET-01"])),
    (
        "authentik",
        "CVE-2025-29928",
        Here(
            "cve_2025_29928_a_session_that_is_deleted_from_a_list_is_dead_in_the_store",
            &["SES-13"],
        ),
    ),
    ("Traefik", "GHSA-5m6w-wvh7-57vm", Rows(&["NET-03", "AZ-06", "FWD-01"])),
    ("heimdall", "CVE-2026-42274", Rows(&["HTTP-06", "FWD-02"])),
    ("Casdoor", "CVE-2024-41657", Rows(&["CORS-01"])),
    ("Casdoor", "CVE-2026-9090..9098", Rows(&["TOK-14", "TOK-08", "INP-06"])),
    ("Ory Kratos", "CVE-2024-45042", SECOND),
    ("Ory Oathkeeper", "v26.2.5", Rows(&["HTTP-09"])),
    ("kanidm", "1.10.2", Rows(&["AZ-02", "AZ-03", "AZ-04"])),
    ("kanidm-provision", "CVE-2025-30205", Rows(&["LOG-02"])),
    ("Rauthy", "v0.32.4", Rows(&["AZ-08"])),
    ("Rauthy", "v0.32.1", Rows(&["KEY-07", "INP-11", "RACE-11"])),
    (
        "Rauthy",
        "TRUSTED_PROXIES",
        Here("rauthy_trusted_proxies_nobody_spends_the_attempts_of_another_address", &["NET-01"]),
    ),
    ("Logto", "incident 8 Jan 2026", Rows(&["JWK-03", "RACE-10"])),
    (
        "Vikunja",
        "CVE-2026-35597",
        Here("cve_2026_35597_a_failure_counts_though_the_store_takes_nothing", &["THR-05"]),
    ),
    ("NocoDB", "CVE-2026-47386", Rows(&["RACE-08"])),
    ("totp-rs", "RUSTSEC-2022-0018", Rows(&["KEY-07"])),
    ("SuperTokens, Logto, Rauthy", "none found", Absent("nothing is known")),
];

/// Keycloak: a name in the form of an address took the login of whoever had that address.
#[tokio::test]
async fn cve_2024_1722_no_name_is_an_address_and_an_address_of_others_locks_nobody_out() {
    let server = Setup::default().with_limits().start().await;
    let root = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let address = "ann@example.org";
    patch(&root, &ann, &json!({"email": address})).await.status(200);
    for body in [
        json!({"username": address, "password": PASSWORD}),
        json!({"username": "eve", "password": PASSWORD, "email": "ann"}),
        json!({"username": "eve", "password": PASSWORD, "email": "Ann@Example.org"}),
    ] {
        let answer = visitor(&server, "192.0.2.1").post("/auth/register").json(&body).send().await;
        assert!([409, 422].contains(&answer.status), "{}", answer.text());
        let made = root.post("/admin/users").json(&body).send().await;
        assert!([409, 422].contains(&made.status), "{}", made.text());
    }
    let login: Value = server.anonymous().login(address, PASSWORD).await.status(200).json();
    assert_eq!(login["user"]["id"], ann);
}

/// authentik: the row was deleted and the session went on.
#[tokio::test]
async fn cve_2025_29928_a_session_that_is_deleted_from_a_list_is_dead_in_the_store() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (lost, ann) = (server.user("ann").await, server.anonymous().logged_in("ann").await);
    let id = lost.cookie.as_deref().unwrap().split_once('.').unwrap().0.to_owned();
    ann.delete(&format!("/auth/sessions/{id}")).send().await.status(204);
    let again = Setup { engine, ..Setup::default() };
    let again = again.start_at(server.clock.clone(), server.random.clone()).await;
    for server in [&server, &again] {
        let mut thief = server.anonymous();
        (thief.token, thief.cookie) = (lost.token.clone(), lost.cookie.clone());
        thief.refresh().await.status(401).problem("session_ended");
        thief.get("/auth/me").send().await.status(401).problem("invalid_token");
        thief.get("/auth/sessions").send().await.status(401);
    }
}

/// Rauthy: whoever could choose the address could have another one shut out.
#[tokio::test]
async fn rauthy_trusted_proxies_nobody_spends_the_attempts_of_another_address() {
    let server = Setup::default().with_limits().start().await;
    server.account("ann", &["user"]).await;
    let victim = "198.51.100.7";
    for (n, header) in ["x-forwarded-for", "x-real-ip", "forwarded"].into_iter().enumerate() {
        let eve: Browser<'_> = at(server.anonymous(), &format!("203.0.113.{n}"));
        let value = if header == "forwarded" { format!("for={victim}") } else { victim.to_owned() };
        for guess in 0..35 {
            let form = json!({"username": format!("name{n}-{guess}"), "password": WRONG_PASSWORD});
            let login = eve.post("/auth/login").header(header, &value).json(&form);
            assert_eq!(login.send().await.status, if guess < 30 { 401 } else { 429 });
        }
    }
    visitor(&server, victim).login("ann", PASSWORD).await.status(200);
}

/// Vikunja: the count of failures was rolled back with the login that had failed.
#[tokio::test]
async fn cve_2026_35597_a_failure_counts_though_the_store_takes_nothing() {
    let engine = Arc::new(Moody::default());
    let setup = Setup { engine: engine.clone(), ..Setup::default() };
    let server: TestServer = setup.with_limits().start().await;
    server.account("ann", &["user"]).await;
    let eve = server.anonymous();
    engine.fail(false, true);
    for _ in 0..5 {
        eve.login("ann", WRONG_PASSWORD).await.status(401);
    }
    eve.login("ann", PASSWORD).await.status(429).problem("too_many_attempts");
    server.auth.save(false).await.unwrap_err();
    engine.fail(false, false);
    eve.login("ann", PASSWORD).await.status(429);
}
