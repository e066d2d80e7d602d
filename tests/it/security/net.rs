//! Who is calling, and what the headers of a proxy or of a liar may change.

use std::net::SocketAddr;

use doorkey::http::client_ip::ForwardedHeader;
use doorkey::http::listen::Peer;
use doorkey::model::IpNetwork;
use serde_json::Value;

use crate::harness::{Browser, ORIGIN, PASSWORD, Setup, TestServer};

/// The one proxy that is trusted where any is.
const PROXY: &str = "192.0.2.10";

fn behind_proxy(header: ForwardedHeader) -> Setup {
    let mut setup = Setup::default();
    let network = |text: &str| text.parse::<IpNetwork>().unwrap();
    setup.http.trusted_proxies = vec![network("192.0.2.0/24"), network("2001:db8:ffff::/48")];
    setup.http.forwarded_header = header;
    setup
}

fn from<'a>(server: &'a TestServer, ip: &str) -> Browser<'a> {
    let peer = Peer::Tcp(SocketAddr::from((ip.parse::<std::net::IpAddr>().unwrap(), 50_000)));
    Browser { peer, ..server.anonymous() }
}

/// The address under which a login with these headers is kept.
async fn counted(browser: &Browser<'_>, headers: &[(&str, &str)]) -> String {
    let form = serde_json::json!({"username": "ann", "password": PASSWORD});
    let post = headers.iter().fold(browser.post("/auth/login"), |post, (n, v)| post.header(n, v));
    let login: Value = post.json(&form).send().await.status(200).json();
    let seen = browser.with_token(login["access_token"].as_str().unwrap());
    let list: Value = seen.get("/auth/sessions").send().await.status(200).json();
    let sessions = list["sessions"].as_array().unwrap();
    let current = sessions.iter().find(|session| session["current"] == true).unwrap();
    assert_eq!(current["ip"], login["session"]["ip"]);
    current["ip"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn net_01_without_trusted_proxies_the_peer_is_the_client_whatever_it_says() {
    let server = TestServer::start().await;
    server.account("ann", &["user"]).await;
    let ann = from(&server, "198.51.100.7");
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.1"),
        ("forwarded", "for=203.0.113.1"),
        ("x-real-ip", "203.0.113.1"),
        ("true-client-ip", "203.0.113.1"),
        ("cf-connecting-ip", "203.0.113.1"),
        ("x_forwarded_for", "203.0.113.1"),
    ] {
        assert_eq!(counted(&ann, &[(name, value)]).await, "198.51.100.7", "{name}");
    }
}

#[tokio::test]
async fn net_01_a_peer_that_is_no_trusted_proxy_is_not_believed() {
    let server = behind_proxy(ForwardedHeader::XForwardedFor).start().await;
    server.account("ann", &["user"]).await;
    let ann = from(&server, "198.51.100.7");
    for claim in ["203.0.113.1", PROXY, "127.0.0.1"] {
        assert_eq!(counted(&ann, &[("x-forwarded-for", claim)]).await, "198.51.100.7");
    }
}

#[tokio::test]
async fn net_02_behind_a_trusted_proxy_the_last_stranger_from_the_right_counts() {
    let server = behind_proxy(ForwardedHeader::XForwardedFor).start().await;
    server.account("ann", &["user"]).await;
    let proxy = from(&server, PROXY);
    for (chain, client) in [
        ("203.0.113.1", "203.0.113.1"),
        ("6.6.6.6, 203.0.113.1", "203.0.113.1"),
        ("6.6.6.6, 203.0.113.1, 192.0.2.11", "203.0.113.1"),
        ("203.0.113.1, 2001:db8:ffff::1", "203.0.113.1"),
        ("6.6.6.6,2001:db8::5", "2001:db8::5"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
        ("6.6.6.6, unknown, 192.0.2.11", "192.0.2.11"),
        ("6.6.6.6, 203.0.113.1:80", PROXY),
        ("6.6.6.6, fe80::1%eth0", PROXY),
        ("6.6.6.6, garbage", PROXY),
        ("6.6.6.6,", PROXY),
        ("", PROXY),
        ("192.0.2.11, 192.0.2.12", "192.0.2.11"),
    ] {
        assert_eq!(counted(&proxy, &[("x-forwarded-for", chain)]).await, client, "{chain}");
    }
    let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.1, 192.0.2.11")];
    assert_eq!(counted(&proxy, &lines).await, "203.0.113.1");
    assert_eq!(counted(&proxy, &[]).await, PROXY);
}

#[tokio::test]
async fn net_03_only_the_configured_header_counts_even_from_the_proxy() {
    let lines = [
        ("x-forwarded-for", "203.0.113.1"),
        ("forwarded", "for=203.0.113.2"),
        ("x-real-ip", "203.0.113.3"),
        ("x_forwarded_for", "203.0.113.4"),
        ("x_real_ip", "203.0.113.5"),
    ];
    for (header, client) in [
        (ForwardedHeader::XForwardedFor, "203.0.113.1"),
        (ForwardedHeader::Forwarded, "203.0.113.2"),
        (ForwardedHeader::XRealIp, "203.0.113.3"),
    ] {
        let server = behind_proxy(header).start().await;
        server.account("ann", &["user"]).await;
        let proxy = from(&server, PROXY);
        assert_eq!(counted(&proxy, &lines).await, client, "{header:?}");
        assert_eq!(counted(&proxy, &lines[3..]).await, PROXY, "{header:?}");
    }
}

#[tokio::test]
async fn net_01_a_request_id_is_taken_from_a_trusted_proxy_only() {
    let server = behind_proxy(ForwardedHeader::XForwardedFor).start().await;
    let (proxy, stranger) = (from(&server, PROXY), from(&server, "198.51.100.7"));
    let long = "x".repeat(65);
    for path in ["/auth/me", "/healthz", "/nothing"] {
        let taken = proxy.get(path).header("x-request-id", "proxy-made_1").send().await;
        assert_eq!(taken.header("x-request-id"), Some("proxy-made_1"));
        let made = stranger.get(path).header("x-request-id", "forged-1").send().await;
        assert_ne!(made.header("x-request-id"), Some("forged-1"));
        for bad in ["", "a b", "<script>", "a;b", "\u{e4}", &long] {
            let made = proxy.get(path).header("x-request-id", bad).send().await;
            let id = made.header("x-request-id").unwrap();
            assert!(id != bad && (1..=64).contains(&id.len()), "{bad}");
        }
        let two = proxy.get(path).header("x-request-id", "a1").header("x-request-id", "b2");
        let two = two.send().await;
        assert!(!["a1", "b2"].contains(&two.header("x-request-id").unwrap()));
    }
}

const LIES: [(&str, &str); 6] = [
    ("host", "evil.example"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-prefix", "/evil"),
    ("forwarded", "for=203.0.113.1;host=evil.example;proto=http"),
    ("x-original-url", "/admin/users"),
];

/// Also PW-15.
#[tokio::test]
async fn net_04_no_header_changes_where_a_link_leads_or_what_the_metadata_says() {
    let server = behind_proxy(ForwardedHeader::Forwarded).start().await;
    let ann = server.account("ann", &["user"]).await;
    let root = Browser { peer: from(&server, PROXY).peer, ..server.admin().await };
    for (name, value) in LIES {
        let path = format!("/admin/users/{ann}/password-reset");
        let reset = root.post(&path).header(name, value).send().await.status(200);
        let link = reset.json::<Value>()["link"].as_str().unwrap().to_owned();
        assert!(link.starts_with(&format!("{ORIGIN}/")) && !link.contains("evil"), "{name}");
        for path in ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json"] {
            let plain = root.get(path).send().await.status(200);
            let lied = root.get(path).header(name, value).send().await.status(200);
            assert_eq!(plain.body, lied.body, "{name} {path}");
        }
        let missing = root.get("/nothing").header(name, value).send().await.status(404);
        assert!(!missing.text().contains("evil"), "{name}");
    }
}

/// Also CK-03.
#[tokio::test]
async fn net_04_no_header_changes_the_cookie_or_the_issuer_of_a_token() {
    let server = behind_proxy(ForwardedHeader::Forwarded).start().await;
    server.account("ann", &["user"]).await;
    let proxy = from(&server, PROXY);
    for (name, value) in LIES {
        let form = serde_json::json!({"username": "ann", "password": PASSWORD});
        let login = proxy.post("/auth/login").header(name, value).json(&form).send().await;
        let login = login.status(200);
        let cookie = login.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-refresh="), "{name}");
        assert!(cookie.contains("; Secure;") && !cookie.contains("Domain"), "{name}");
        let token = login.json::<Value>()["access_token"].as_str().unwrap().to_owned();
        proxy.with_token(&token).get("/auth/me").header(name, value).send().await.status(200);
    }
}
