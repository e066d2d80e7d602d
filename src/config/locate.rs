//! Where in the file something stands: figment knows the key, and this finds its line.

use std::fmt;
use std::ops::Range;

use figment::value::Dict;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A place in a text, both counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Which half of `key = value` to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// An unknown one.
    Key,
    /// A bad one.
    Value,
}

/// The file as figment's values, or where it is no TOML, and why.
pub(super) fn parse(text: &str) -> Result<Dict, (Position, String)> {
    let fault = |error: &toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        // Only the message: printing the error itself would quote the line.
        (position(text, start), error.message().replace('\n', ", "))
    };
    DeTable::parse(text).map_err(|error| fault(&error))?;
    toml::from_str(text).map_err(|error| fault(&error))
}

/// The place of a path such as `tokens.access_ttl` or `roles.1` (the second element).
/// `None` when the text has nothing there.
pub(super) fn find(text: &str, path: &[String], half: Half) -> Option<Position> {
    let table = DeTable::parse(text).ok()?;
    let span = in_table(table.get_ref(), path, half)?;
    Some(position(text, span.start))
}

fn in_table(table: &DeTable<'_>, path: &[String], half: Half) -> Option<Range<usize>> {
    let (name, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(name.as_str())?;
    match half {
        Half::Key if rest.is_empty() => Some(key.span()),
        Half::Key | Half::Value => in_value(value, rest, half),
    }
}

fn in_value(value: &Spanned<DeValue<'_>>, path: &[String], half: Half) -> Option<Range<usize>> {
    let Some((name, rest)) = path.split_first() else { return Some(value.span()) };
    if let Some(items) = value.get_ref().as_array() {
        in_value(items.get(name.parse::<usize>().ok()?)?, rest, half)
    } else {
        in_table(value.get_ref().as_table()?, path, half)
    }
}

/// The place of a byte of `text`.
fn position(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "a = 1\n\n[b]\n  c = \"é\" # x\nd = { \"é\" = 1, e = 2 }\nf = [\n  1,\n  2\n]\n";

    fn at(path: &str, half: Half) -> Option<String> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        find(TEXT, &path, half).map(|p| p.to_string())
    }

    #[test]
    fn keys_and_values_are_found_by_line_and_column() {
        for (path, key, value) in [
            ("a", "1:1", "1:5"),
            ("b.c", "4:3", "4:7"),
            ("b.d.e", "5:16", "5:20"),
            ("b.f.1", "8:3", "8:3"),
            ("b", "3:2", "3:1"),
        ] {
            assert_eq!(at(path, Half::Key).as_deref(), Some(key), "{path}");
            assert_eq!(at(path, Half::Value).as_deref(), Some(value), "{path}");
        }
        for nothing in ["x", "a.b", "b.x", "b.f.9", "b.f.x"] {
            assert_eq!(at(nothing, Half::Value), None, "{nothing}");
        }
    }

    #[test]
    fn a_syntax_error_has_its_place() {
        let (place, _) = parse("a = 1\nb = = 2\n").unwrap_err();
        assert_eq!(place.line, 2);
        let (place, why) = parse("a = 1\na = 2\n").unwrap_err();
        assert_eq!((place.to_string().as_str(), why.as_str()), ("2:1", "duplicate key"));
    }
}
