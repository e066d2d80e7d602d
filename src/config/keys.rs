//! The names of all settings, as keys and as variables; they follow from the tree itself.

use figment::value::{Dict, Empty, Num, Value};

use super::Config;

/// What variables begin with.
pub(super) const PREFIX: &str = "DOORKEY_";

/// Variables that are no settings.
pub(super) const CONFIG: &str = "DOORKEY_CONFIG";
pub(super) const DATA: &str = "DOORKEY_DATA";
pub(super) const MASTER_KEY_FILE: &str = "DOORKEY_MASTER_KEY_FILE";

/// Every key of `config` with its value, in the order of their names; sections are walked
/// through, lists are values.
pub(super) fn leaves(config: &Config) -> Vec<(String, Value)> {
    let Ok(Value::Dict(_, tree)) = Value::serialize(config) else { return Vec::new() };
    let mut found = Vec::new();
    collect("", tree, &mut found);
    found
}

/// Whether `path` is a table of keys.
pub(super) fn is_section(path: &str) -> bool {
    let inside = |key: &str| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    leaves(&Config::default()).iter().any(|(key, _)| inside(key))
}

fn collect(prefix: &str, dict: Dict, found: &mut Vec<(String, Value)>) {
    for (name, value) in dict {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        if let Value::Dict(_, inner) = value {
            collect(&key, inner, found);
        } else {
            found.push((key, value));
        }
    }
}

/// The variable of a key: `tokens.access_ttl` is `DOORKEY_TOKENS__ACCESS_TTL`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// A value as one would write it into its variable: lists with commas, nothing quoted.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, c) => c.to_string(),
        Value::Bool(_, b) => b.to_string(),
        Value::Num(_, number) => number_text(*number),
        Value::Array(_, items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Empty(_, Empty::None | Empty::Unit) | Value::Dict(..) => String::new(),
    }
}

/// All numbers of the tree are whole and not negative.
fn number_text(number: Num) -> String {
    number.to_u128().map(|n| n.to_string()).unwrap_or_default()
}

/// What a mistyped key was meant to be. A section is a good answer too.
pub(super) fn nearest_key(wrong: &str) -> Option<String> {
    let mut names: Vec<String> =
        leaves(&Config::default()).into_iter().map(|(key, _)| key).collect();
    let sections: Vec<String> =
        names.iter().filter_map(|key| Some(key.rsplit_once('.')?.0.to_owned())).collect();
    let misplaced = |key: &&String| key.rsplit('.').next() == wrong.rsplit('.').next();
    let moved = names.iter().find(misplaced).cloned();
    names.extend(sections);
    moved.or_else(|| nearest(wrong, names))
}

/// What a mistyped variable was meant to be.
pub(super) fn nearest_variable(wrong: &str) -> Option<String> {
    let upper = wrong.to_ascii_uppercase();
    let own = upper.strip_prefix(PREFIX).unwrap_or(&upper).to_owned();
    let keys = leaves(&Config::default());
    let short = |key: &String| key.rsplit('.').next().map(str::to_ascii_uppercase);
    let moved = keys.iter().find(|(key, _)| short(key).as_deref() == Some(&own));
    if let Some((key, _)) = moved {
        return Some(variable(key));
    }
    let names = keys.iter().map(|(key, _)| variable(key));
    let reserved = [CONFIG, DATA, MASTER_KEY_FILE].map(str::to_owned);
    let bare = names.chain(reserved).map(|name| name.trim_start_matches(PREFIX).to_owned());
    nearest(&own, bare).map(|name| format!("{PREFIX}{name}"))
}

/// The name with the fewest changes; `None` when half of the word would have to change.
fn nearest(word: &str, names: impl IntoIterator<Item = String>) -> Option<String> {
    // A longer word is no slip of the fingers, and comparing costs length times length.
    let word = Some(word).filter(|word| word.len() <= 64)?;
    let measured = names.into_iter().map(|name| (distance(word, &name), name));
    measured.min().filter(|(changes, _)| *changes <= word.len() / 2).map(|(_, name)| name)
}

/// How many letters to put in, take out or change (Levenshtein 1965).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_words_counts_changes() {
        for (from, to, changes) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn a_mistyped_name_finds_its_neighbour() {
        for (wrong, right) in [
            ("tokens.acess_ttl", Some("tokens.access_ttl")),
            ("listen", Some("http.listen")),
            ("http.access_ttl", Some("tokens.access_ttl")),
            ("token", Some("tokens")),
            ("completely_else", None),
        ] {
            assert_eq!(nearest_key(wrong).as_deref(), right, "{wrong}");
        }
        for (wrong, right) in [
            ("DOORKEY_HTTP_LISTEN", Some("DOORKEY_HTTP__LISTEN")),
            ("DOORKEY_http__listen", Some("DOORKEY_HTTP__LISTEN")),
            ("DOORKEY_LISTEN", Some("DOORKEY_HTTP__LISTEN")),
            ("DOORKEY_MASTER_KEY", Some("DOORKEY_MASTER_KEY_FILE")),
            ("DOORKEY_REGISTRATION_FILE", Some("DOORKEY_REGISTRATION")),
            ("DOORKEY_XYZZY", None),
        ] {
            assert_eq!(nearest_variable(wrong).as_deref(), right, "{wrong}");
        }
    }
}
