//! The rules of configuration, as tables: what somebody wrote, and the sentence that answers.

use std::collections::BTreeSet;

use super::*;
use crate::model::Role;

/// The shipped file, which is the documentation.
const SHIPPED: &str = include_str!("../../auth.toml");

/// Loads a file of this text, which messages call `auth.toml`.
fn load(text: &str, env: &[(&str, &str)], flags: Flags) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth.toml");
    std::fs::write(&file, text).unwrap();
    let env = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let prefix = format!("{}/", folder.path().display());
    let loaded = Config::load(Sources { file: Some(file), env, flags });
    loaded.map_err(|error| error.to_string().replace(&prefix, ""))
}

fn from_file(text: &str) -> Result<Config, String> {
    load(text, &[], Flags::default()).map(|loaded| loaded.config)
}

fn from_env(name: &str, value: &str) -> Result<Config, String> {
    load("", &[(name, value)], Flags::default()).map(|loaded| loaded.config)
}

fn source(loaded: &Loaded, key: &str) -> (String, String) {
    let found = loaded.effective().into_iter().find(|setting| setting.key == key).unwrap();
    (found.value, found.source)
}

fn listen(address: &str) -> Flags {
    Flags { listen: Some(address.parse().unwrap()), ..Flags::default() }
}

/// The shipped file with the `#` of its keys removed.
fn uncommented() -> String {
    let key = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    SHIPPED.lines().map(key).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_file_says_nothing_but_the_defaults() {
    assert_eq!(from_file(SHIPPED), Ok(Config::default()));
    let plain = load("", &[], Flags::default()).unwrap();
    let shown = load(&uncommented(), &[], Flags::default()).unwrap();
    let values = |loaded: &Loaded| -> Vec<(String, String)> {
        loaded.effective().into_iter().map(|s| (s.key, s.value)).collect()
    };
    assert_eq!(values(&shown), values(&plain));
    for setting in shown.effective() {
        assert!(setting.source.contains("auth.toml:"), "{} is not in auth.toml", setting.key);
    }
}

#[test]
fn the_shipped_file_names_every_variable_and_no_other() {
    let keys = keys::leaves(&Config::default()).into_iter().map(|(key, _)| keys::variable(&key));
    let reserved = [keys::CONFIG, keys::DATA, keys::MASTER_KEY_FILE].map(str::to_owned);
    let known: BTreeSet<String> = keys.chain(reserved).collect();
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = SHIPPED.split(|c: char| !is_part(c));
    let named = words.filter(|w| w.starts_with(keys::PREFIX)).map(str::to_owned).collect();
    assert_eq!(known, named);
}

#[test]
fn every_key_has_its_sentence_and_no_sentence_is_left_over() {
    let keys: BTreeSet<String> =
        keys::leaves(&Config::default()).into_iter().map(|(key, _)| key).collect();
    let said = check::SENTENCES.iter().map(|(key, _)| (*key).to_owned());
    assert_eq!(said.filter(|key| !key.is_empty()).collect::<BTreeSet<_>>(), keys);
}

/// CFG-03
#[test]
fn without_any_configuration_nothing_is_open() {
    let config = from_file("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.http.listen.ip().is_loopback());
    assert!(config.http.cors_origins.is_empty() && config.http.trusted_proxies.is_empty());
    assert_eq!(config.registration, Registration::Closed);
}

#[test]
fn flags_are_stronger_than_variables_than_the_file_than_the_defaults() {
    let text = "[http]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n[log]\nlevel = \"warn\"\n";
    let env = [("DOORKEY_HTTP__LISTEN", "127.0.0.1:2"), ("DOORKEY_LOG__LEVEL", "debug")];
    let loaded = load(text, &env, listen("127.0.0.1:3")).unwrap();
    for (key, value, from) in [
        ("http.listen", "127.0.0.1:3", "--listen"),
        ("log.level", "debug", "DOORKEY_LOG__LEVEL"),
        ("tokens.access_ttl", "10m", "default"),
        ("http.public_url", "http://127.0.0.1:3", "default"),
        ("roles", "admin,editor,user", "default"),
    ] {
        assert_eq!(source(&loaded, key), (value.to_owned(), from.to_owned()), "{key}");
    }
    let (value, from) = source(&loaded, "http.max_connections");
    assert!(value == "7" && from.ends_with("auth.toml:3"), "{value} {from}");
    let serialized = toml::Value::try_from(&loaded.effective()[0]).unwrap();
    assert!(serialized.get("source").is_some());
}

#[test]
fn variables_keep_their_text_and_lists_have_two_forms() {
    for text in ["0123", "true", "[x]", "{a=1}", "\"quoted\""] {
        let config = from_env("DOORKEY_TOKENS__AUDIENCE", text).unwrap();
        assert_eq!(config.tokens.audience.as_deref(), Some(text));
    }
    for text in ["admin, user,cook", r#"["admin", "user", "cook"]"#] {
        let config = from_env("DOORKEY_ROLES", text).unwrap();
        assert_eq!(
            config.roles.iter().map(Role::as_str).collect::<Vec<_>>(),
            ["admin", "cook", "user"]
        );
    }
    assert!(from_env("DOORKEY_HTTP__CORS_ORIGINS", "").unwrap().http.cors_origins.is_empty());
    assert!(from_env("DOORKEY_HTTP__STRICT_ORIGIN", "true").unwrap().http.strict_origin);
    let argon2 = from_env("DOORKEY_PASSWORDS__ARGON2__T", "3").unwrap().passwords.argon2;
    assert_eq!((argon2.m, argon2.t), (ByteSize::mib(19), 3));
    assert_eq!(from_env("DOORKEY_HTTP__MAX_BODY", "8192").unwrap().http.max_body, ByteSize::kib(8));
    assert!(from_env("PATH", "/bin").is_ok());
}

#[test]
fn reserved_variables_are_paths_and_a_flag_is_stronger() {
    let env = [("DOORKEY_DATA", "/a"), ("DOORKEY_MASTER_KEY_FILE", "/k")];
    let loaded = load("", &env, Flags::default()).unwrap();
    assert_eq!(loaded.data, Some("/a".into()));
    assert_eq!(loaded.master_key_file, Some("/k".into()));
    let flags = Flags { data: Some("/b".into()), ..Flags::default() };
    assert_eq!(load("", &env, flags).unwrap().data, Some("/b".into()));
    let empty = from_env("DOORKEY_DATA", "").unwrap_err();
    assert_eq!(empty, "DOORKEY_DATA: must be a path; unset it to use the default");
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let env = vec![("DOORKEY_CONFIG".to_owned(), "no/such.toml".to_owned())];
    let by_env = Config::load(Sources { env, ..Sources::default() }).unwrap_err().to_string();
    assert!(by_env.starts_with("no/such.toml: cannot be read: "), "{by_env}");
    let file = Some("no/other.toml".into());
    let by_flag = Config::load(Sources { file, ..Sources::default() }).unwrap_err().to_string();
    assert!(by_flag.starts_with("no/other.toml: cannot be read: "), "{by_flag}");
}

#[test]
fn a_file_is_of_bounded_size() {
    let sentence = from_file(&" ".repeat((1 << 20) + 1)).unwrap_err();
    assert_eq!(sentence, "auth.toml: cannot be read: it is larger than 1 MiB");
    assert!(from_file(&" ".repeat(1 << 20)).is_ok());
}

/// CFG-01
#[test]
fn unknown_keys_and_variables_stop_the_start_and_the_likely_name_is_told() {
    for (text, sentence) in [
        (
            "[tokens]\n  acess_ttl = \"10m\"\n",
            "auth.toml:2:3: tokens.acess_ttl: is not a known key; did you mean tokens.access_ttl?",
        ),
        (
            "\nlisten = \"127.0.0.1:1\"\n",
            "auth.toml:2:1: listen: is not a known key; did you mean http.listen?",
        ),
        ("[token]\n", "auth.toml:1:2: token: is not a known key; did you mean tokens?"),
        (
            "passwords.argon2 = { x = 1, m = \"19 MiB\" }",
            "auth.toml:1:22: passwords.argon2.x: is not a known key; did you mean passwords.argon2.m?",
        ),
        (
            "dev = true",
            "auth.toml:1:1: dev: is not a known key; auth.toml as shipped shows them all",
        ),
    ] {
        assert_eq!(from_file(text), Err(sentence.to_owned()), "{text}");
    }
    for (name, sentence) in [
        ("DOORKEY_HTTP_LISTEN", "is not a known variable; did you mean DOORKEY_HTTP__LISTEN?"),
        ("DOORKEY_MASTER_KEY", "is not a known variable; did you mean DOORKEY_MASTER_KEY_FILE?"),
        ("DOORKEY_ROLES_FILE", "is not a known variable; did you mean DOORKEY_ROLES?"),
        ("DOORKEY_DEV", "is not a known variable; auth.toml as shipped shows them all"),
    ] {
        assert_eq!(from_env(name, "x"), Err(format!("{name}: {sentence}")), "{name}");
    }
}

/// A key or a name of a megabyte would drown the sentence.
#[test]
fn of_a_long_name_only_the_beginning_is_told() {
    let (long, told) = ("k".repeat(5_000), format!("{}…", "k".repeat(100)));
    let said = from_file(&format!("{long} = 1")).unwrap_err();
    assert!(said.starts_with(&format!("auth.toml:1:1: {told}: is not a known key")), "{said}");
    let said = from_env(&format!("DOORKEY_{long}"), "x").unwrap_err();
    assert!(said.starts_with("DOORKEY_kkk") && said.contains("k…: is not a known"), "{said}");
    assert!(said.len() < 250, "{}", said.len());
}

#[test]
fn a_mistake_is_found_even_where_a_stronger_source_covers_it() {
    let env = [("DOORKEY_HTTP__LISTEN", "127.0.0.1:2"), ("DOORKEY_LOG__LEVEL", "info")];
    for (text, sentence) in [
        ("http = 3", "auth.toml:1:8: http: must be a table of keys, as auth.toml shows"),
        ("http = []", "auth.toml:1:8: http: must be a table of keys, as auth.toml shows"),
        (
            "log.level = \"loud\"",
            "auth.toml:1:13: log.level: must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        ),
    ] {
        assert_eq!(load(text, &env, Flags::default()).unwrap_err(), sentence, "{text}");
    }
}

/// CFG-02
#[test]
fn no_message_repeats_what_was_written() {
    const SECRET: &str = "hunter22-correct-horse";
    for key in keys::leaves(&Config::default()).into_iter().map(|(key, _)| key) {
        let texts = [format!("{key} = \"{SECRET} \"\n"), format!("{key} = [\"{SECRET} \"]\n")];
        for text in texts {
            let sentence = from_file(&text).unwrap_err();
            assert!(!sentence.contains("hunter22"), "{sentence}");
            assert!(sentence.starts_with("auth.toml:1:"), "{sentence}");
        }
        let sentence = from_env(&keys::variable(&key), &format!("{SECRET} \u{1}")).unwrap_err();
        assert!(!sentence.contains("hunter22"), "{sentence}");
    }
    for text in [
        format!("registration = {SECRET}\n"),
        format!("registration = \"{SECRET}\n"),
        format!("registration = \"open\" {SECRET}\n"),
        format!("[http]\npublic_url = \"https://ann:{SECRET}@example.org\"\n"),
    ] {
        let sentence = from_file(&text).unwrap_err();
        assert!(!sentence.contains("hunter22"), "{sentence}");
    }
    let sentence = from_env("DOORKEY_MASTER_KEY", SECRET).unwrap_err();
    assert!(!sentence.contains("hunter22"), "{sentence}");
}

#[test]
fn the_public_url_and_what_follows_from_it() {
    let bound: SocketAddr = "127.0.0.1:4711".parse().unwrap();
    let config = Config::default();
    assert_eq!(config.public_url(bound), "http://127.0.0.1:4711");
    assert_eq!(
        (config.issuer(bound), config.audience(bound)),
        (config.public_url(bound), config.public_url(bound))
    );
    let text =
        "[http]\npublic_url = \"https://Login.example.org/\"\n[tokens]\naudience = \"api\"\n";
    let config = from_file(text).unwrap();
    assert_eq!(config.issuer(bound), "https://login.example.org");
    assert_eq!(config.audience(bound), "api");
}
