//! What the operator may not write, and the sentence that says how to mend it.

use std::path::Path;

use doorkey::config::{Config, Flags, Loaded, Registration, Sources};

/// Loads a file of this text, which messages call `auth.toml`.
pub(crate) fn load(text: &str, flags: Flags) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("auth.toml");
    std::fs::write(&file, text).expect("the file is written");
    let loaded = Config::load(Sources { file: Some(file), env: Vec::new(), flags });
    loaded.map_err(|error| relative(&error.to_string(), folder.path()))
}

fn relative(sentence: &str, folder: &Path) -> String {
    sentence.replace(&format!("{}/", folder.display()), "")
}

pub(crate) fn refusal(text: &str) -> String {
    load(text, Flags::default()).map_or_else(|said| said, |_| format!("{text:?}: was taken"))
}

pub(crate) fn dev(listen: Option<&str>) -> Flags {
    Flags {
        dev: true,
        listen: listen.map(|address| address.parse().expect("an address")),
        ..Flags::default()
    }
}

const ARGON2: &str = "argon2 must be at least m = \"19 MiB\" with t = 2, \"46 MiB\" with t = 1 or \
                      \"12 MiB\" with t = 3";
const PUBLIC: &str = "http.listen: is not a loopback address, so http.public_url must be set too, \
                      for example \"https://login.example.org\"";
const LIMIT: &str = "must be a whole number between 0 (off) and 1000000";

/// `section key`, a bad value, how its sentence begins; the value stands at 2:(key + 4).
#[rustfmt::skip]
const BAD: [(&str, &str, &[&str], &str); 61] = [
    ("", "registration", &["0", "1", "\"\"", "\"Open\"", "true", "{ open = 1 }", "[]"], "must be \"open\" or \"closed\""),
    ("", "services", &["1", "\"wiki\"", "[1]", "[\"wiki\"]", "[{ id = \"wiki\" }]", "[{ id = \"Wiki\", secret_sha256 = \"00\" }]", "[{ id = \"wiki\", secret_sha256 = \"00\" }]", "{ id = \"wiki\" }"], "must be a list of at most 64 tables"),
    ("", "access", &["1", "\"a.org\"", "[1]", "{ host = \"a.org\" }", "[{ host = \"a.org\" }]", "[{ allow = true }]", "[{ host = \"a.org\", allow = true, deny = true }]", "[{ host = \"a.org\", deny = true, roles = [\"user\"] }]"], "must be a list of at most 256 tables"),
    ("forward", "domain", &["\"org\"", "\"Example.org\"", "\".example.org\"", "\"*.example.org\"", "\"example.org:80\"", "\"10.0.0.1\"", "\"https://example.org\"", "1"], "must be empty (no cookie), or a domain"),
    ("forward", "proxy", &["\"\"", "\"caddy\"", "0", "[]"], "must be \"forwarded\", \"nginx\" or"),
    ("forward", "redirect", &["\"\"", "true", "\"302\""], "must be \"redirect\", \"location\" or"),
    ("forward", "user", &["\"\"", "\"X-\"", "\"Auth-User\"", "\"X_Auth_User\"", "\"X-Auth User\"", "\"Cookie\"", "1"], "must be the name of a header"),
    ("forward", "id", &["\"X-Forwarded-User\"", "\"X-Request-Id\"", "\"X-Original-URL\""], "must be the name of a header"),
    ("forward", "roles", &["\"X-Content-Type-Options\"", "\"X-Real-IP\"", "[]"], "must be the name of a header"),
    ("forward", "email", &["\"X-Frame-Options\"", "\"X-Auth-E\u{e4}\""], "must be the name of a header"),
    ("http", "listen", &["8080", "\"8080\"", "\"localhost:80\"", "\"127.0.0.1\"", "\"\""], "must be an IP address and a port"),
    ("http", "plain", &["\"\"", "\"Public\"", "true", "0", "[]"], "must be \"loopback\" or \"public\""),
    ("http", "public_url", &["\"\"", "\"example.org\"", "\"http://example.org\"", "\"https://a.org/x\"", "\"https://a.org//\"", "\"https://a.org?x\"", "\"https://u@a.org\"", "\"https://*.a.org\"", "1"], "must be an origin such as"),
    ("http", "trusted_proxies", &["\"10.0.0.0/8\"", "[1]", "[\"10.0.0.1/8\"]", "[\"::/0\"]", "[\"10.0.0.1\", \"0.0.0.0/0\"]", "[\"::ffff:0:0/96\"]"], "must be a list of at most 64 addresses"),
    ("http", "forwarded_header", &["0", "\"x_forwarded_for\"", "\"X-Forwarded-For\"", "[]"], "must be \"x-forwarded-for\""),
    ("http", "cors_origins", &["[\"*\"]", "[\"null\"]", "[\"https://a.org/\"]", "[\"http://a.org\"]", "[\"https://*.a.org\"]", "\"*\""], "must be a list of at most 64 origins"),
    ("http", "strict_origin", &["1", "\"true\"", "\"yes\""], "must be true or false"),
    ("http", "hsts", &["\"1s\"", "\"364d\"", "\"3651d\"", "0"], "must be \"0s\" (off) or between 365d"),
    ("http", "max_connections", &["0", "65537", "-1", "1.5", "\"9\""], "must be a whole number between 1 and 65536"),
    ("http", "header_timeout", &["\"999ms\"", "\"61s\"", "10", "\"-1s\""], "must be between 1s and 1m"),
    ("http", "idle_timeout", &["\"0s\"", "\"301s\""], "must be between 1s and 5m"),
    ("http", "request_timeout", &["\"0s\"", "\"301s\""], "must be between 1s and 5m"),
    ("http", "shutdown_timeout", &["\"301s\"", "\"\""], "must be between 0s and 5m"),
    ("http", "max_body", &["4095", "\"1025 KiB\"", "\"16 KB\"", "-1"], "must be between 4 KiB and 1 MiB"),
    ("tls", "certificate", &["\"\"", "\" a.pem\"", "true", "[\"a.pem\"]"], "must be \"off\" or the path of a PEM file"),
    ("tls", "key", &["\"\"", "\"a.pem \"", "0"], "must be \"off\" or the path of a PEM file"),
    ("pages", "name", &["\"\"", "\" x\"", "\"x \"", "\"a\\nb\"", "1", "[]"], "must be 1 to 64 characters"),
    ("pages", "logo", &["\"logo.svg \"", "1", "[]"], "must be empty or the path of a PNG or SVG file"),
    ("pages", "accent", &["\"\"", "\"red\"", "\"#fff\"", "\"#2f5d8\"", "\"2f5d8a\"", "0", "[1, 2, 3]"], "must be a colour of # and six"),
    ("pages", "languages", &["[]", "\"en\"", "[\"fr\"]", "[\"EN\"]", "[\"en\", \"de\", \"en\"]", "[0]"], "must be a list of one or more"),
    ("pages", "return_to", &["\"https://a.org/\"", "[\"https://a.org\"]", "[\"/account\"]", "[\"//a.org/\"]", "[\"https://a.org/*#\"]", "[\"http://a.org/\"]", "[\"https://u@a.org/\"]"], "must be a list of at most 64 whole addresses"),
    ("tokens", "algorithm", &["0", "\"none\"", "\"HS256\"", "\"es256\"", "{ ES256 = 1 }"], "must be \"ES256\", \"EdDSA\" or \"RS256\""),
    ("tokens", "access_ttl", &["\"0s\"", "\"299s\"", "\"901s\"", "600", "\"10\"", "\"-10m\"", "\"99999999999999y\""], "must be between 5m and 15m, for example \"10m\""),
    ("tokens", "api_ttl_max", &["\"23h\"", "\"367d\"", "30"], "must be between 1d and 366d"),
    ("tokens", "audience", &["\"\"", "\"a b\"", "\"\u{e4}\"", "\"a\\n\"", "[\"a\"]"], "must be 1 to 255 visible ASCII"),
    ("sessions", "ttl", &["\"599s\"", "\"0s\"", "\"2592001s\""], "must be between tokens.access_ttl and 30d"),
    ("sessions", "max_per_user", &["0", "33"], "must be a whole number between 1 and 32"),
    ("status", "ttl", &["\"9s\"", "\"901s\"", "60"], "must be between 10s and 15m"),
    ("passwords", "memory", &["\"17 GiB\"", "\"64 MB\""], "must be at most 16 GiB"),
    ("passwords", "memory", &["\"18 MiB\"", "0"], "passwords.memory must hold at least one hash"),
    ("passwords", "argon2", &["3", "\"strong\"", "[]"], "must be a table of keys"),
    ("passwords", "profile", &["\"weak\"", "8", "0"], "must be \"standard\" (8 characters)"),
    ("passwords", "queue", &["0", "1025"], "must be a whole number between 1 and 1024"),
    ("passwords", "max_wait", &["\"99ms\"", "\"61s\""], "must be between 100ms and 1m"),
    ("passwords", "max_wait", &["\"30s\"", "\"1m\""], "passwords.max_wait must be shorter than http.request_timeout"),
    ("store", "engine", &["\"etcd\"", "0"], "must be \"sled\" or \"memory\""),
    ("store", "cache", &["\"1023 KiB\"", "\"17 GiB\""], "must be between 1 MiB and 16 GiB"),
    ("store", "journal", &["\"63 KiB\"", "\"2 GiB\""], "must be between 64 KiB and 1 GiB"),
    ("limits", "login_failures", &["-1", "1000001", "\"5\""], LIMIT),
    ("limits", "login_failures_per_account", &["-1", "1000001"], LIMIT),
    ("limits", "login_failures_per_network", &["-1", "1000001"], LIMIT),
    ("limits", "registrations_per_network", &["-1", "1000001"], LIMIT),
    ("limits", "service_failures_per_network", &["-1", "1000001"], LIMIT),
    ("limits", "profile_changes_per_account", &["-1", "1000001"], LIMIT),
    ("limits", "connections_per_address", &["-1", "1000001"], LIMIT),
    ("audit", "keep", &["\"23h\"", "\"36501d\""], "must be between 1d and 36500d"),
    ("clock", "trust_mark", &["1", "\"true\"", "[]"], "must be true or false"),
    ("log", "level", &["\"loud\"", "3"], "must be \"error\", \"warn\""),
    ("metrics", "listen", &["\"\"", "\"on\"", "\"Off\"", "9464", "\":9464\"", "\"localhost:9464\"", "false", "[]"], "must be \"off\" or an IP address and a port"),
    ("metrics", "listen", &["\"0.0.0.0:9464\"", "\"[::]:0\"", "\"192.0.2.1:9464\""], "is not a loopback address"),
    ("metrics", "exposed", &["1", "\"yes\""], "must be true or false"),
];

/// CFG-01, NET-01, PW-07. A bad element of a list is pointed at itself, so the column is no less
/// than that of the value.
#[test]
fn each_wrong_value_is_answered_with_its_place_its_key_and_its_mending() {
    for (section, key, values, sentence) in BAD {
        for value in values {
            let header = if section.is_empty() { String::new() } else { format!("[{section}]") };
            let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
            let said = refusal(&format!("{header}\n{key} = {value}\n"));
            let (place, why) = said.split_once(": ").unwrap();
            let column: usize = place.strip_prefix("auth.toml:2:").unwrap().parse().unwrap();
            let (at, end) = (key.len() + 4, key.len() + 4 + value.len());
            assert!(column == at || (value.starts_with('[') && column < end), "{said}");
            assert!(why.starts_with(&format!("{path}: {sentence}")), "{value}: {said}");
        }
    }
}

#[test]
fn a_whole_sentence_reads_well() {
    assert_eq!(
        refusal("\n[tokens]\naccess_ttl = \"1h\"\n"),
        "auth.toml:3:14: tokens.access_ttl: must be between 5m and 15m, for example \"10m\""
    );
    let env = vec![("DOORKEY_TOKENS__ACCESS_TTL".to_owned(), "1h".to_owned())];
    assert_eq!(
        Config::load(Sources { env, ..Sources::default() }).unwrap_err().to_string(),
        "DOORKEY_TOKENS__ACCESS_TTL: tokens.access_ttl: must be between 5m and 15m, for example \
         \"10m\""
    );
    assert_eq!(refusal("a = 1\na = 2\n"), "auth.toml:2:1: duplicate key");
}

#[test]
fn the_edges_of_each_range_are_inside() {
    for text in [
        "[tokens]\naccess_ttl = \"5m\"\n[sessions]\nttl = \"5m\"",
        "[tokens]\naccess_ttl = \"15m\"\n[sessions]\nttl = \"30d\"\nmax_per_user = 1",
        "[http]\nheader_timeout = \"1s\"\nidle_timeout = \"5m\"\nmax_connections = 65536",
        "[http]\nmax_body = \"1 MiB\"\nshutdown_timeout = \"0s\"\nrequest_timeout = \"5001ms\"",
        "[passwords]\nmemory = \"19 MiB\"\nqueue = 1024\nmax_wait = \"100ms\"",
        "[audit]\nkeep = \"1d\"\n[store]\ncache = 1048576\n[limits]\nlogin_failures = 0",
    ] {
        assert!(load(text, Flags::default()).is_ok(), "{text}");
    }
}

#[test]
fn admin_and_user_are_always_roles() {
    let many: Vec<String> = (0..63).map(|n| format!("\"r{n}\"")).collect();
    let many = format!("[\"admin\", \"user\", {}]", many.join(", "));
    for list in ["[]", "[\"admin\"]", "[\"user\"]", "[\"admin\", \"user\", \"Cook\"]", &many] {
        let said = refusal(&format!("roles = {list}"));
        assert!(said.contains(": roles: must be a list of at most 64 roles"), "{said}");
    }
    assert!(load("roles = [\"user\", \"admin\"]", Flags::default()).is_ok());
}

/// PW-07
#[test]
fn argon2_weaker_than_owasp_is_refused() {
    for (good, m, t) in [
        (true, "19456 KiB", 2),
        (true, "46 MiB", 1),
        (true, "12 MiB", 3),
        (true, "64 MiB", 10),
        (false, "19455 KiB", 2),
        (false, "47103 KiB", 1),
        (false, "12287 KiB", 3),
        (false, "19 MiB", 1),
        (false, "1 KiB", 10),
    ] {
        let loaded = load(
            &format!("[passwords]\nargon2 = {{ m = \"{m}\", t = {t}, p = 1 }}"),
            Flags::default(),
        );
        let weak = Err(format!("auth.toml:2:16: passwords.argon2.m: {ARGON2}"));
        assert_eq!(loaded.map(|_| ()), if good { Ok(()) } else { weak }, "{m} {t}");
    }
    let (only_t, said) = ("passwords.argon2.t = 1", "auth.toml:1:22: passwords.argon2.t: ");
    assert_eq!(refusal(only_t), format!("{said}{ARGON2}"));
    for bad in ["m = \"2 GiB\"", "m = 19922945", "t = 0", "t = 11", "p = 0", "p = 5"] {
        assert!(refusal(&format!("passwords.argon2.{bad}")).contains("must be"), "{bad}");
    }
}

const PLAIN: &str = "http.listen: is not a loopback address, and plain HTTP shows passwords to the \
                     network: set tls.certificate and tls.key, or listen on loopback behind a TLS \
                     proxy, or set http.plain = \"public\" if only a TLS proxy can reach this address";
const OUTSIDE: [&str; 4] = ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "[2001:db8::1]:80"];
const FILES: &str = "tls.certificate = \"a.pem\"\ntls.key = \"a.key\"\n";

/// HTTP-10
#[test]
fn plain_http_that_others_reach_needs_a_word() {
    let url = "http.public_url = \"https://a.org\"";
    for address in OUTSIDE {
        let text = format!("http.listen = \"{address}\"\n{url}\n");
        assert_eq!(refusal(&text), format!("auth.toml:1:15: {PLAIN}"));
        let flags = Flags { listen: Some(address.parse().unwrap()), ..Flags::default() };
        assert_eq!(load(url, flags).unwrap_err(), format!("--listen: {PLAIN}"));
        assert!(load(&format!("{text}http.plain = \"public\""), Flags::default()).is_ok());
        assert!(load(&format!("{text}{FILES}"), Flags::default()).is_ok());
    }
    assert!(load("http.plain = \"public\"", Flags::default()).is_ok());
}

/// NET-04, CFG-03
#[test]
fn a_listener_that_is_reachable_from_outside_needs_a_public_url() {
    for address in OUTSIDE {
        for way in ["http.plain = \"public\"\n", FILES] {
            let text = format!("http.listen = \"{address}\"\n{way}");
            assert_eq!(refusal(&text), format!("auth.toml:1:15: {PUBLIC}"));
            let flags = Flags { listen: Some(address.parse().unwrap()), ..Flags::default() };
            assert_eq!(load(way, flags.clone()).unwrap_err(), format!("--listen: {PUBLIC}"));
            let named = format!("{way}http.public_url = \"https://a.org/\"");
            assert!(load(&named, flags).is_ok());
        }
    }
    assert!(load("http.listen = \"[::1]:0\"", Flags::default()).is_ok());
}

/// HTTP-10
#[test]
fn a_certificate_comes_with_its_key_and_makes_the_public_url_https() {
    let both = "tls.certificate and tls.key must be set together";
    for (text, place) in [
        ("tls.certificate = \"a.pem\"", "auth.toml:1:19: tls.certificate"),
        ("tls.key = \"a.key\"\ntls.certificate = \"off\"", "auth.toml:2:19: tls.certificate"),
        ("tls.key = \"a.key\"", "auth.toml:1:11: tls.key"),
    ] {
        assert_eq!(refusal(text), format!("{place}: {both}"));
    }
    let plain = refusal(&format!("http.public_url = \"http://localhost:1\"\n{FILES}"));
    let said =
        "auth.toml:1:19: http.public_url: must start with https where the listener speaks TLS";
    assert_eq!(plain, said);
    let bound = "127.0.0.1:443".parse().unwrap();
    let config = load(FILES, Flags::default()).unwrap().config;
    assert_eq!(config.public_url(bound), "https://127.0.0.1");
    assert_eq!(
        load("", Flags::default()).unwrap().config.public_url(bound),
        "http://127.0.0.1:443"
    );
}

/// BRW-02
#[test]
fn hsts_is_on_where_doorkey_itself_speaks_tls_to_others() {
    let url = "http.public_url = \"https://a.org\"\n";
    let local = "http.public_url = \"https://localhost:8080\"\n";
    for (text, shown) in [
        (String::new(), "0s"),
        (url.to_owned(), "0s"),
        (format!("{url}{FILES}"), "365d"),
        (format!("{local}{FILES}"), "0s"),
        (format!("{url}{FILES}http.hsts = \"0s\""), "0s"),
        (format!("{url}{FILES}http.hsts = \"730d\""), "730d"),
    ] {
        let loaded = load(&text, Flags::default()).unwrap();
        let setting = loaded.effective().into_iter().find(|s| s.key == "http.hsts").unwrap();
        assert_eq!(setting.value, shown, "{text}");
    }
}

#[test]
fn development_with_tls_has_a_certificate_of_its_own() {
    let flags = Flags { tls: true, ..dev(None) };
    let loaded = load("", flags.clone()).unwrap();
    assert_eq!(loaded.config.public_url("127.0.0.1:1".parse().unwrap()), "https://127.0.0.1:1");
    let files = load(FILES, flags.clone()).unwrap_err();
    assert!(files.starts_with("auth.toml:1:19: tls.certificate: "), "{files}");
    assert!(files.ends_with("must be left out with --tls, which makes a certificate of its own"));
    let text = "http.public_url = \"https://localhost:8080\"";
    assert!(load(text, flags).is_ok());
    let never = Flags { tls: true, ..Flags::default() };
    assert!(!load("", never).unwrap().config.tls.is_on(), "without --dev it is nothing");
    assert!(refusal("tls.self_signed = true").contains("is not a known key"));
}

/// HTTP-08
#[test]
fn metrics_are_off_and_reach_beyond_this_machine_only_when_somebody_says_so() {
    assert_eq!(load("", Flags::default()).unwrap().config.metrics.listen, None);
    let text = |listen: &str, exposed: bool| {
        format!("[metrics]\nexposed = {exposed}\nlisten = \"{listen}\"")
    };
    let why = "metrics.listen: is not a loopback address: whoever reaches it reads it without a \
               login; set metrics.exposed = true if a firewall or a network of its own keeps others \
               out";
    for address in ["0.0.0.0:9464", "[2001:db8::1]:9464"] {
        assert_eq!(refusal(&text(address, false)), format!("auth.toml:3:10: {why}"));
        assert!(load(&text(address, true), Flags::default()).is_ok());
        let said = load(&text(address, true), dev(None)).unwrap_err();
        assert!(said.ends_with("with --dev, for example \"127.0.0.1:9464\""), "{said}");
    }
    for address in ["127.0.0.1:9464", "[::1]:9464", "127.0.0.1:0"] {
        assert!(load(&text(address, false), dev(None)).is_ok());
    }
}

/// HTTP-08
#[test]
fn metrics_have_another_port_than_the_api() {
    let why = "metrics.listen must have another port than http.listen";
    let said = refusal("metrics.listen = \"[::1]:8080\"");
    assert_eq!(said, format!("auth.toml:1:18: metrics.listen: {why}"));
    let flags = Flags { listen: Some("127.0.0.1:9464".parse().unwrap()), ..Flags::default() };
    let said = load("metrics.listen = \"127.0.0.1:9464\"", flags).unwrap_err();
    assert!(said.ends_with(why), "{said}");
    assert!(
        load("metrics.listen = \"127.0.0.1:0\"\nhttp.listen = \"127.0.0.1:0\"", Flags::default())
            .is_ok()
    );
}

/// BRW-02
#[test]
fn hsts_needs_https() {
    let said = "must be \"0s\" unless http.public_url is set and starts with https";
    assert_eq!(refusal("http.hsts = \"365d\""), format!("auth.toml:1:13: http.hsts: {said}"));
    let good = "[http]\nhsts = \"365d\"\npublic_url = \"https://a.org\"";
    assert!(load(good, Flags::default()).is_ok());
}

#[test]
fn a_long_wait_is_blamed_on_the_key_that_somebody_set() {
    let why = "passwords.max_wait must be shorter than http.request_timeout";
    let said = refusal("http.request_timeout = \"5s\"");
    assert_eq!(said, format!("auth.toml:1:24: http.request_timeout: {why}"));
}

#[test]
fn development_opens_registration_unless_somebody_closed_it() {
    let open = load("", dev(None)).unwrap();
    assert!(open.dev && open.config.registration == Registration::Open);
    let setting = open.effective().into_iter().find(|s| s.key == "registration").unwrap();
    assert_eq!((setting.value.as_str(), setting.source.as_str()), ("open", "--dev"));
    let closed = load("registration = \"closed\"", dev(None)).unwrap();
    assert_eq!(closed.config.registration, Registration::Closed);
}

/// CFG-03
#[test]
fn development_is_not_reachable_from_outside() {
    let loopback = "http.listen: must be a loopback address with --dev, for example \
                    \"127.0.0.1:8080\"";
    let text = "http.public_url = \"http://localhost:1\"";
    let said = load(text, dev(Some("0.0.0.0:80"))).unwrap_err();
    assert_eq!(said, format!("--listen: {loopback}"));
    for url in ["https://a.org", "https://localhost"] {
        let said = load(&format!("http.public_url = \"{url}\""), dev(None)).unwrap_err();
        assert!(said.starts_with("auth.toml:1:19: http.public_url: must be left out with --dev"));
    }
    assert!(load(text, dev(Some("127.0.0.1:0"))).is_ok());
}

/// No list grows without bound.
#[test]
fn lists_and_texts_have_a_last_place() {
    let origins = |n: usize| -> String {
        (0..n).map(|i| format!("\"https://a{i}.org\"")).collect::<Vec<_>>().join(", ")
    };
    let proxies = |n: usize| -> String {
        (0..n).map(|i| format!("\"10.0.0.{i}\"")).collect::<Vec<_>>().join(", ")
    };
    let text = |most: usize, audience: usize| {
        let (origins, proxies) = (origins(most), proxies(most));
        let audience = "a".repeat(audience);
        format!(
            "http.cors_origins = [{origins}]\nhttp.trusted_proxies = [{proxies}]\n\
             tokens.audience = \"{audience}\"\n"
        )
    };
    assert!(load(&text(64, 255), Flags::default()).is_ok());
    assert!(refusal(&text(64, 256)).starts_with("auth.toml:3:19: tokens.audience: "));
    let proxies = format!("http.trusted_proxies = [{}]", proxies(65));
    assert!(refusal(&proxies).starts_with("auth.toml:1:24: http.trusted_proxies: "));
    let origins = format!("http.cors_origins = [{}]", origins(65));
    assert!(refusal(&origins).starts_with("auth.toml:1:21: http.cors_origins: "));
}
