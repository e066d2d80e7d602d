//! Who may import whom, and the one home of each third-party crate: the shape of the crate as
//! a table and a walk over the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and what of ours it may name. `server`, `cli` and `main` may name everything.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("crypto", &["model"]),
    ("store", &["model"]),
    ("auth", &["model", "crypto", "store"]),
    ("http", &["model", "auth", "store"]),
    ("config", &["model"]),
    ("guard", &["model", "crypto"]),
];

/// Third-party crates and the only places that may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("warp", &["src/http", "src/server/outside.rs", "src/cli", "src/guard"]),
    ("hyper", &["src/http", "src/server/outside.rs", "src/cli", "src/guard"]),
    ("hyper_util", &["src/http", "src/cli", "src/guard"]),
    ("askama", &["src/http/pages"]),
    (
        "rustls",
        &["src/http/listen/tls.rs", "src/http/listen/tests", "src/cli/healthcheck", "src/guard"],
    ),
    ("tokio_rustls", &["src/http/listen/tls.rs", "src/http/listen/tests", "src/guard"]),
    ("rustls_native_certs", &["src/guard/tls.rs"]),
    ("webpki", &["src/http/listen/tls.rs"]),
    ("rcgen", &["src/server/self_signed.rs"]),
    ("matchit", &["src/http"]),
    ("utoipa", &["src/http"]),
    ("futures_core", &["src/http"]),
    ("prometheus_client", &["src/http/metrics"]),
    ("sled", &["src/store/sled"]),
    ("argon2", &["src/crypto"]),
    ("blowfish", &["src/crypto"]),
    ("scrypt", &["src/crypto"]),
    ("sha_crypt", &["src/crypto"]),
    ("jsonwebtoken", &["src/crypto"]),
    ("aws_lc_rs", &["src/crypto"]),
    ("getrandom", &["src/crypto"]),
    ("unicode_normalization", &["src/crypto"]),
    ("figment", &["src/config"]),
    ("toml", &["src/config"]),
    ("humantime", &["src/config"]),
    ("clap", &["src/cli"]),
    ("tracing_subscriber", &["src/cli"]),
    ("jiff", &["src/model", "src/config"]),
    ("crc32fast", &["src/store/sled"]),
    ("flate2", &["src/crypto/status_list.rs", "src/crypto/verify_status_list.rs"]),
    ("rustix", &["src/store/sled", "src/server/outside.rs", "src/cli"]),
];

/// The most lines of a source file.
const MOST_LINES: usize = 330;

pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 60, "the walk sees the sources");
    found
}

/// The first path element below `src`: `src/http/login.rs` and `src/http.rs` are `http`.
fn module_of(path: &Path) -> String {
    let first = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Code without comments: what a documentation link names is no import.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The words that follow `before` and are followed by `::`, `;`, `{` or a space.
fn names_after(code: &str, before: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(before) {
        let rest = &code[at + before.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(0);
        names.insert(rest[..end].to_owned());
    }
    names
}

#[test]
fn each_module_names_only_what_its_layer_may() {
    let modules: Vec<&str> =
        LAYERS.iter().map(|(name, _)| *name).chain(["server", "cli"]).collect();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else { continue };
        let named = names_after(&code(&text), "crate::");
        for other in named.iter().filter(|name| modules.contains(&name.as_str())) {
            let fine = *other == module || allowed.contains(&other.as_str());
            assert!(fine, "{} names crate::{other}", path.display());
        }
        assert!(
            !code(&text).contains("use crate::{"),
            "{}: one crate module a line",
            path.display()
        );
    }
}

#[test]
fn of_the_store_http_knows_only_its_error() {
    for (path, text) in sources().iter().filter(|(path, _)| module_of(path) == "http") {
        let code = code(text);
        let named = names_after(&code, "store::");
        let only_error = named.iter().all(|name| name == "Error" || name.is_empty());
        assert!(only_error, "{} names {named:?} of the store", path.display());
        let uses = code.contains("crate::store");
        assert!(!uses || path.ends_with("refusal.rs"), "{}", path.display());
    }
}

#[test]
fn each_third_party_crate_has_one_home() {
    for (path, text) in sources() {
        let (code, place) = (code(&text), path.to_string_lossy().into_owned());
        for (name, homes) in HOMES {
            let starts = [format!("use {name}::"), format!(" {name}::"), format!("({name}::")];
            let named = starts.iter().any(|start| code.contains(start.as_str()));
            let at_home = homes.iter().any(|home| place.starts_with(home));
            // Our own module `store::sled` is named `self::sled`.
            assert!(!named || at_home, "{place} names the crate {name}");
        }
    }
}

#[test]
fn every_module_of_src_has_its_place_in_the_table() {
    let known: BTreeSet<String> = LAYERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (path, _) in sources() {
        let module = module_of(&path);
        let rest = ["server", "cli", "main", "lib"].contains(&module.as_str());
        assert!(rest || known.contains(&module), "{} has no layer", path.display());
    }
}

#[test]
fn no_source_file_is_longer_than_can_be_read_at_once() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn nothing_is_unsafe_allowed_or_put_off() {
    for (path, text) in sources() {
        for word in ["unsafe ", "#[allow(", "#![allow(", "TODO", "FIXME", "unimplemented!"] {
            assert!(!text.contains(word), "{} has {word:?}", path.display());
        }
    }
}
