//! The one place that prints. Whoever reads may go away at any time: that is no failure.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use serde_json::Value;

use super::Error;

/// A line of the result, on standard output.
pub(super) fn line(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(Error::io("write to standard output")),
    }
}

/// A line for the person at the terminal, on standard error.
pub(super) fn note(text: &str) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How far a long command is, on one line of a terminal; nothing where there is none.
pub(super) fn progress(text: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\u{1b}[K{text}").and_then(|()| terminal.flush());
    }
}

/// A result for scripts.
pub(super) fn json(value: &Value) -> Result<(), Error> {
    line(&format!("{value:#}"))
}

/// A result for people: columns under their headings.
pub(super) fn table<const N: usize>(
    headings: [&str; N],
    rows: Vec<[String; N]>,
) -> Result<(), Error> {
    let rows: Vec<[String; N]> = [headings.map(str::to_owned)]
        .into_iter()
        .chain(rows)
        .map(|row| row.map(|text| cell(&text)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// What strangers chose must not steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn cell(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { printable(text) }
}

/// A member of an answer as text; lists with commas, and nothing for null.
pub(super) fn text(value: &Value, member: &str) -> String {
    match &value[member] {
        Value::Null | Value::Object(_) => String::new(),
        Value::Bool(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_written_for_people() {
        let value = serde_json::json!({"a": "x", "b": ["y", "z"], "c": null, "d": true, "e": 7});
        let texts = ["a", "b", "c", "d", "e", "f"].map(|member| text(&value, member));
        assert_eq!(texts, ["x", "y,z", "", "yes", "7", ""]);
    }

    /// LOG-01.
    #[test]
    fn a_name_for_people_cannot_steer_the_terminal() {
        assert_eq!(cell("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
        assert_eq!(cell(""), "-");
    }
}
