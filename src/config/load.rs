//! From sources to a valid [`Config`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Value};
use serde::Serialize;

use super::env::{self, Variables};
use super::error::{Error, shown};
use super::layer::{Layer, Layers, Source};
use super::units::duration::short;
use super::{Config, access, check, keys, locate};

/// The file that is read when nobody names one.
const DEFAULT_FILE: &str = "auth.toml";

/// The largest file that is read, in bytes; the shipped one is a hundredth of it.
const MAX_FILE: u64 = 1 << 20;

/// Everything a configuration can come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was asked for; it must exist. `None`: the one in `DOORKEY_CONFIG`, or
    /// `auth.toml` of the working folder if it is there.
    pub file: Option<PathBuf>,
    /// Names and values of variables; those that do not begin with `DOORKEY_` are passed over.
    pub env: Vec<(String, String)>,
    /// The command line.
    pub flags: Flags,
}

/// What the command line may set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--listen`, instead of `http.listen`.
    pub listen: Option<SocketAddr>,
    /// `--data`, instead of `DOORKEY_DATA`.
    pub data: Option<PathBuf>,
    /// `--dev`: registration is open unless somebody set it, and nothing is reachable from
    /// outside this machine. Never a key: no file can leave it on by mistake.
    pub dev: bool,
    /// `--tls`, with `--dev`: TLS with a certificate that doorkey makes itself.
    pub tls: bool,
}

/// A valid configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Whether `--dev` was given.
    pub dev: bool,
    /// The folder of the data: `--data`, else `DOORKEY_DATA`, else `None`.
    pub data: Option<PathBuf>,
    /// `DOORKEY_MASTER_KEY_FILE`: the file with the key that seals signing keys.
    pub master_key_file: Option<PathBuf>,
    /// The file that was read; `None`: there was none.
    pub file: Option<PathBuf>,
    sources: BTreeMap<String, String>,
}

/// One line of `doorkey config check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value in force, as one would write it into its variable; no setting is a secret.
    pub value: String,
    /// `default`, `auth.toml:12`, the variable or the flag.
    pub source: String,
}

impl Sources {
    /// The sources of this process: the named file, its environment, its flags.
    ///
    /// # Errors
    /// A variable of ours is not Unicode.
    pub fn from_process(file: Option<PathBuf>, flags: Flags) -> Result<Self, Error> {
        let mut env = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            if name.starts_with(keys::PREFIX) {
                let refused = |_| Error::at(shown(&name), "is not Unicode text");
                let value = value.into_string().map_err(refused)?;
                env.push((name, value));
            }
        }
        Ok(Self { file, env, flags })
    }
}

impl Config {
    /// The defaults, the file, the variables and the flags, each over the one before; checked.
    ///
    /// # Errors
    /// The first setting that is unknown, unreadable, out of its range, weak, or in
    /// contradiction to another one; or a file that cannot be read.
    pub fn load(sources: Sources) -> Result<Loaded, Error> {
        let Sources { file, env, flags } = sources;
        let variables = env::read(&env)?;
        let named = file.or_else(|| variables.config.clone());
        let file = read_file(named.as_deref())?;
        let layers = Layers::new(stack(file.as_ref(), &variables, &flags)?)?;
        let mut config = layers.config()?;
        config.tls.self_signed = flags.dev && flags.tls;
        check::check(&config, flags.dev).map_err(|broken| layers.refuse(&broken))?;
        let leaves = keys::leaves(&config).into_iter();
        let sources = leaves.map(|(key, _)| (key.clone(), layers.source(&key))).collect();
        Ok(Loaded {
            config,
            dev: flags.dev,
            data: flags.data.or(variables.data),
            master_key_file: variables.master_key_file,
            file: file.map(|(path, _)| path),
            sources,
        })
    }
}

impl Loaded {
    /// Every setting with its source, in the order of the keys.
    #[must_use]
    pub fn effective(&self) -> Vec<Setting> {
        let setting = |(key, value): (String, Value)| {
            let source = self.sources.get(&key).cloned().unwrap_or_default();
            let value = self.derived(&key).unwrap_or_else(|| keys::text(&value));
            Setting { key, value, source }
        };
        keys::leaves(&self.config).into_iter().map(setting).collect()
    }

    /// What is not wrong and perhaps not meant, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        access::notes(&self.config)
    }

    /// The values that follow from others when nobody sets them, the names of services (their
    /// hashes help nobody), and the rules.
    fn derived(&self, key: &str) -> Option<String> {
        let listen = self.config.http.listen;
        match key {
            "http.public_url" => Some(self.config.public_url(listen)),
            "http.hsts" => Some(short(self.config.hsts())),
            "tokens.audience" => Some(self.config.audience(listen)),
            "services" => {
                let ids = self.config.services.iter().map(|service| service.id.as_str());
                Some(ids.collect::<Vec<_>>().join(","))
            }
            "access" => {
                let rules = self.config.access.iter().map(|access| access.rule().to_string());
                Some(rules.collect::<Vec<_>>().join("; "))
            }
            _ => None,
        }
    }
}

/// The layers over the defaults, the weakest first.
fn stack(
    file: Option<&(PathBuf, String)>,
    variables: &Variables,
    flags: &Flags,
) -> Result<Vec<Layer>, Error> {
    let mut layers = Vec::new();
    if flags.dev {
        let dict = Dict::from([("registration".to_owned(), Value::from("open"))]);
        layers.push(Layer { source: Source::Development, dict });
    }
    if let Some((path, text)) = file {
        let name = path.display().to_string();
        let dict = locate::parse(text)
            .map_err(|(position, why)| Error::at(format!("{name}:{position}"), why))?;
        layers.push(Layer { source: Source::File { name, text: text.clone() }, dict });
    }
    layers.push(Layer { source: Source::Environment, dict: variables.dict.clone() });
    let mut dict = Dict::new();
    if let Some(listen) = flags.listen {
        env::insert(&mut dict, "http.listen", Value::from(listen.to_string()));
    }
    layers.push(Layer { source: Source::Flags, dict });
    Ok(layers)
}

/// The named file, or the default one; only the latter may be missing.
fn read_file(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, Error> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    match read_text(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) => {
            Err(Error::at(path.display().to_string(), format!("cannot be read: {error}")))
        }
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(text)
}
