//! The variables `DOORKEY_…`.

use std::path::PathBuf;

use figment::value::{Dict, Value};
use toml::de::ValueDeserializer;

use super::error::{Error, shown};
use super::{Config, check, keys};

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// Settings.
    pub(super) dict: Dict,
    /// `DOORKEY_CONFIG`: the file to read.
    pub(super) config: Option<PathBuf>,
    /// `DOORKEY_DATA`: the folder of the data.
    pub(super) data: Option<PathBuf>,
    /// `DOORKEY_MASTER_KEY_FILE`: where the key stands that seals signing keys.
    pub(super) master_key_file: Option<PathBuf>,
}

/// Reads all variables of ours; others are none of our business. One of ours that does not exist
/// is a mistake: it would silently leave the default in force.
pub(super) fn read(env: &[(String, String)]) -> Result<Variables, Error> {
    let defaults = keys::leaves(&Config::default());
    let mut found = Variables::default();
    for (name, text) in env.iter().filter(|(name, _)| name.starts_with(keys::PREFIX)) {
        match name.as_str() {
            keys::CONFIG => found.config = Some(path(name, text)?),
            keys::DATA => found.data = Some(path(name, text)?),
            keys::MASTER_KEY_FILE => found.master_key_file = Some(path(name, text)?),
            other => {
                let known = defaults.iter().find(|(key, _)| keys::variable(key) == other);
                let (key, default) = known.ok_or_else(|| unknown(other))?;
                insert(&mut found.dict, key, value(key, default, text)?);
            }
        }
    }
    Ok(found)
}

fn path(name: &str, text: &str) -> Result<PathBuf, Error> {
    if text.is_empty() {
        return Err(Error::at(name, "must be a path; unset it to use the default"));
    }
    Ok(PathBuf::from(text))
}

fn unknown(name: &str) -> Error {
    let why = keys::nearest_variable(name).map_or_else(
        || "is not a known variable; auth.toml as shipped shows them all".to_owned(),
        |known| format!("is not a known variable; did you mean {known}?"),
    );
    Error::at(shown(name), why)
}

/// The text as the kind of value the key has by default. A text that does not fit stays text:
/// it is refused later with the sentence of its key.
fn value(key: &str, default: &Value, text: &str) -> Result<Value, Error> {
    if default.as_str().is_some() {
        return Ok(Value::from(text));
    }
    if default.to_bool().is_some() {
        return Ok(text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from));
    }
    if default.to_u128().is_some() {
        return Ok(text.parse::<u32>().map_or_else(|_| Value::from(text), Value::from));
    }
    if default.as_array().is_some() {
        let refused = || Error::of(key, keys::variable(key), check::sentence(key));
        return list(text).ok_or_else(refused);
    }
    Ok(Value::from(text))
}

/// `a,b`, or a TOML array `["a", "b"]`. Nothing is the empty list.
fn list(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('[') {
        let parsed = ValueDeserializer::parse(text).ok()?;
        return <Value as serde::Deserialize>::deserialize(parsed).ok();
    }
    let items: Vec<Value> = if text.is_empty() {
        Vec::new()
    } else {
        text.split(',').map(|item| Value::from(item.trim())).collect()
    };
    Some(Value::from(items))
}

/// Puts `value` at the dotted `key`.
pub(super) fn insert(dict: &mut Dict, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        dict.insert(key.to_owned(), value);
        return;
    };
    let inner = dict.entry(section.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}
