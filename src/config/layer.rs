//! One source of settings: what it says, and how a place in it is called.

use figment::error::Kind;
use figment::providers::Serialized;
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};

use super::error::Error;
use super::locate::{self, Half};
use super::{Config, check, keys};

/// Where a layer comes from, in the order of their strength.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// What `--dev` changes unless somebody else says so.
    Development,
    /// The file of this name with this text.
    File { name: String, text: String },
    /// The variables.
    Environment,
    /// The command line.
    Flags,
}

/// A source and what it says.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) dict: Dict,
}

impl Layer {
    /// Figment's name for it, and how it finds the layer of a value again.
    fn name(&self) -> &'static str {
        match self.source {
            Source::Development => "development",
            Source::File { .. } => "file",
            Source::Environment => "environment",
            Source::Flags => "flags",
        }
    }

    /// How the place of a key in this layer is called in a message.
    fn place(&self, path: &[String], half: Half) -> String {
        match &self.source {
            Source::Development => "--dev".to_owned(),
            Source::File { name, text } => locate::find(text, path, half)
                .map_or_else(|| name.clone(), |position| format!("{name}:{position}")),
            Source::Environment => keys::variable(&known_part(path)),
            Source::Flags => format!("--{}", path.last().map_or("", String::as_str)),
        }
    }

    /// The same for a list of settings: a line is enough there.
    fn short_place(&self, path: &[String]) -> String {
        let Source::File { name, text } = &self.source else {
            return self.place(path, Half::Value);
        };
        locate::find(text, path, Half::Key)
            .map_or_else(|| name.clone(), |position| format!("{name}:{}", position.line))
    }

    /// The settings of this layer alone must be readable, even those that a stronger one
    /// covers: so that a mistake is found at once and in its own place.
    fn read_alone(&self) -> Result<(), Error> {
        if let Some(path) = list_for_section("", &self.dict) {
            let place = self.place(&split(&path), Half::Value);
            return Err(Error::of(&path, place, check::sentence(&path)));
        }
        let alone = Figment::from(Serialized::defaults(Config::default())).merge(self);
        alone.extract::<Config>().map(|_| ()).map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &figment::Error) -> Error {
        let path = error.path.join(".");
        if !matches!(error.kind, Kind::UnknownField(..)) {
            let place = self.place(&error.path, Half::Value);
            return Error::of(&known_part(&error.path), place, check::sentence(&path));
        }
        let why = keys::nearest_key(&path).map_or_else(
            || "is not a known key; auth.toml as shipped shows them all".to_owned(),
            |known| format!("is not a known key; did you mean {known}?"),
        );
        Error::of(&path, self.place(&error.path, Half::Key), &why)
    }
}

/// The path of a section that was written as a list. serde would read it as the section's keys
/// without their names, and an empty one as all defaults.
fn list_for_section(prefix: &str, dict: &Dict) -> Option<String> {
    dict.iter().find_map(|(name, value)| {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value.as_dict() {
            Some(inner) => list_for_section(&path, inner),
            None => (value.as_array().is_some() && keys::is_section(&path)).then_some(path),
        }
    })
}

/// The key of a path that may go on into the elements of a list.
fn known_part(path: &[String]) -> String {
    let is_index = |name: &&String| name.bytes().all(|b| b.is_ascii_digit());
    let end = path.iter().position(|name| is_index(&name)).unwrap_or(path.len());
    path[..end].join(".")
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// All layers over the defaults, the strongest last.
pub(super) struct Layers {
    layers: Vec<Layer>,
    merged: Figment,
}

impl Layers {
    /// Reads each layer alone and then all of them together.
    pub(super) fn new(layers: Vec<Layer>) -> Result<Self, Error> {
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        layers.iter().try_for_each(Layer::read_alone)?;
        let merged = layers.iter().fold(defaults, Figment::merge);
        Ok(Self { layers, merged })
    }

    /// The settings, their ranges and the rules between them not yet checked.
    pub(super) fn config(&self) -> Result<Config, Error> {
        let explain = |error: figment::Error| {
            let path = error.path.join(".");
            Error::of(&path, self.source(&path), check::sentence(&path))
        };
        self.merged.extract().map_err(explain)
    }

    /// The layer that has the last word about `key`; `None`: the default stands.
    fn winner(&self, key: &str) -> Option<&Layer> {
        let name = &self.merged.find_metadata(key)?.name;
        self.layers.iter().find(|layer| layer.name() == name)
    }

    /// What to show for `key` in a list: `default`, `auth.toml:12`, a variable or a flag.
    pub(super) fn source(&self, key: &str) -> String {
        let path = split(key);
        self.winner(key).map_or_else(|| "default".to_owned(), |layer| layer.short_place(&path))
    }

    /// Names the first key that somebody set, and its place.
    pub(super) fn refuse(&self, broken: &check::Broken) -> Error {
        let set = broken.keys.iter().find_map(|key| Some((*key, self.winner(key)?)));
        let key = broken.keys.first().copied().unwrap_or_default();
        set.map_or_else(
            || Error::of(key, "default".to_owned(), &broken.why),
            |(key, layer)| {
                let element = broken.element.map(|n| n.to_string());
                let path: Vec<String> = split(key).into_iter().chain(element).collect();
                Error::of(key, layer.place(&path, Half::Value), &broken.why)
            },
        )
    }
}

fn split(key: &str) -> Vec<String> {
    key.split('.').map(str::to_owned).collect()
}
