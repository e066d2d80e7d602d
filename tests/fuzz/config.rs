//! Configuration: what is taken can be written down and read again; what is not has its place.

use std::fs;

use doorkey::config::{Config, Flags, Loaded, Sources};
use tempfile::TempDir;

use crate::mutate::Stock;
use crate::run::{Target, Verdict};

const SHIPPED: &str = include_str!("../../auth.toml");
const WORDS: &[&str] = &[
    "[http]",
    "[[http]]",
    "[passwords.argon2]",
    "http.",
    "= ",
    "\n",
    "\"",
    "'''",
    "{",
    "}",
    "[",
    "]",
    "true",
    "\"0s\"",
    "\"10m\"",
    "\"999999999999d\"",
    "\"16 KiB\"",
    "\"17179869184 GiB\"",
    "-0",
    "0x10",
    "inf",
    "nan",
    "1979-05-27T07:32:00Z",
    "\"https://a.example\"",
    "\"0.0.0.0:1\"",
    "\"[::]:0\"",
    "\"off\"",
    "#",
    "\\u0000",
    "\u{feff}",
    "\u{2028}",
    "secret",
    "listen",
    "\"\"",
];

fn load(file: Option<(&TempDir, &[u8])>, env: &[(&str, &str)]) -> Result<Loaded, String> {
    let file = file.map(|(folder, text)| {
        let path = folder.path().join("auth.toml");
        fs::write(&path, text).unwrap();
        path
    });
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let loaded = Config::load(Sources { file, env, flags: Flags::default() });
    loaded.map_err(|error| error.to_string())
}

/// The shipped file with every setting in force, and small ones.
fn seeds() -> Vec<Vec<u8>> {
    let is_setting =
        |line: &&str| line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
    let plain = |line: &str| if is_setting(&line) { line[1..].to_owned() } else { line.to_owned() };
    let all: Vec<String> = SHIPPED.lines().map(plain).collect();
    vec![
        all.join("\n").into_bytes(),
        b"registration = \"open\"\n[http]\nlisten = \"127.0.0.1:0\"\nmax_body = 8192\n".to_vec(),
        b"roles = [\"admin\", \"user\", \"x\"]\npasswords = { argon2 = { m = \"46 MiB\", t = 1 } }\n".to_vec(),
        b"[http]\npublic_url = \"https://a.example\"\ncors_origins = [\"https://b.example\"]\n\
          trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n[tokens]\naccess_ttl = \"5m\"\n".to_vec(),
    ]
}

#[test]
fn a_file_is_taken_and_written_down_the_same_or_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let again = tempfile::tempdir().unwrap();
    let place = folder.path().join("auth.toml").display().to_string();
    let name = "a_file_is_taken_and_written_down_the_same_or_refused_with_its_place";
    let stock = Stock { seeds: seeds(), words: WORDS };
    Target { name, stock, smoke: 10_000 }.run(|bytes| {
        let loaded = load(Some((&folder, bytes)), &[]);
        match &loaded {
            Ok(loaded) => {
                let text = toml::to_string(&loaded.config).unwrap();
                let same = load(Some((&again, text.as_bytes())), &[]);
                assert_eq!(same.unwrap().config, loaded.config, "{text}");
            }
            Err(said) => assert!(has_place(said, &place), "{said}"),
        }
        Verdict::of(&loaded)
    });
}

/// `FILE: why` for the whole file, `FILE:LINE:COLUMN: why` for a setting, or the key of a rule
/// over two of them, one of which is a default.
fn has_place(said: &str, place: &str) -> bool {
    let is_one_line = !said.chars().any(char::is_control) && said.len() < 1_500;
    let in_file = said.strip_prefix(place).is_some_and(|rest| {
        let mut parts = rest.splitn(4, ':');
        let (first, line, column) = (parts.next(), parts.next(), parts.next());
        let number =
            |part: Option<&str>| part.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0));
        first == Some("")
            && (number(line) && number(column) || rest.starts_with(": cannot be read"))
    });
    is_one_line && (in_file || said.starts_with("default: "))
}

#[test]
fn a_variable_is_taken_and_shown_the_same_or_refused_by_its_name() {
    let shown = load(None, &[]).unwrap().effective();
    let seeds = shown
        .iter()
        .filter(|setting| !["http.public_url", "tokens.audience"].contains(&setting.key.as_str()));
    let seeds = seeds.map(|setting| {
        let name = setting.key.to_uppercase().replace('.', "__");
        format!("DOORKEY_{name}={}", setting.value).into_bytes()
    });
    let name = "a_variable_is_taken_and_shown_the_same_or_refused_by_its_name";
    let stock = Stock { seeds: seeds.collect(), words: WORDS };
    Target { name, stock, smoke: 10_000 }.run(|bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return Verdict::Refused };
        let Some((name, value)) = text.split_once('=') else { return Verdict::Refused };
        // These are paths, and no settings.
        let is_path = ["DOORKEY_CONFIG", "DOORKEY_DATA", "DOORKEY_MASTER_KEY_FILE"].contains(&name);
        if is_path || !name.starts_with("DOORKEY_") {
            return Verdict::Refused;
        }
        let loaded = load(None, &[(name, value)]);
        match &loaded {
            Ok(loaded) => {
                let setting = loaded.effective().into_iter().find(|s| s.source.contains(name));
                let setting = setting.unwrap_or_else(|| panic!("{name} set nothing"));
                let same = load(None, &[(name, &setting.value)]).unwrap();
                assert_eq!(same.config, loaded.config, "{name}={value:?}, {}", setting.value);
            }
            Err(said) => {
                let beginning: String = name.escape_debug().take(100).collect();
                assert!(said.starts_with(&beginning) && said.len() < 1_500, "{said}");
                assert!(!said.chars().any(char::is_control), "{said}");
            }
        }
        Verdict::of(&loaded)
    });
}
