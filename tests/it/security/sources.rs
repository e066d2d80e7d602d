//! The tests as the sources have them: where each stands, what it is called and what it says of
//! itself.

use std::fs;
use std::path::{Path, PathBuf};

/// A test function.
pub(super) struct Test {
    /// From the root of the crate, with `/`.
    pub(super) file: String,
    pub(super) name: String,
    /// Its doc comment.
    pub(super) about: String,
    /// Whether a plain `cargo test` leaves it out.
    pub(super) is_ignored: bool,
}

impl Test {
    /// `tok_07_the_issuer…` is of the row TOK-07; `None` for a name that begins otherwise.
    pub(super) fn row(&self) -> Option<String> {
        let mut words = self.name.split('_');
        let (group, number) = (words.next()?, words.next()?);
        let is_row = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
        is_row.then(|| format!("{}-{number}", group.to_ascii_uppercase()))
    }

    pub(super) fn is_of_the_checklist(&self) -> bool {
        self.file.starts_with("tests/it/security/")
    }
}

/// Every test of the crate.
pub(super) fn tests() -> Vec<Test> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src"), PathBuf::from("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.extend(tests_of(&path));
            }
        }
    }
    assert!(found.len() > 600, "the walk sees the tests: {}", found.len());
    found
}

fn tests_of(path: &Path) -> Vec<Test> {
    let (mut found, mut about, mut attributes) = (Vec::new(), String::new(), String::new());
    for line in fs::read_to_string(path).unwrap().lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            about = format!("{about}{text}");
        } else if line.starts_with("#[") {
            attributes.push_str(line);
        } else {
            if let Some(name) = name_of(line).filter(|_| attributes.contains("test")) {
                let file = path.to_string_lossy().into_owned();
                let is_ignored = attributes.contains("#[ignore");
                found.push(Test { file, name, about, is_ignored });
            }
            (about, attributes) = (String::new(), String::new());
        }
    }
    found
}

/// The name of the function that begins in this line.
fn name_of(line: &str) -> Option<String> {
    let rest = line.trim_start_matches("async ").strip_prefix("fn ")?;
    rest.split_once('(').map(|(name, _)| name.to_owned())
}

/// The IDs of rows that a text names, such as `TOK-07`.
pub(super) fn rows_in(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    let is_row = |word: &&str| {
        word.split_once('-').is_some_and(|(group, number)| {
            group.len() >= 2
                && group.bytes().all(|b| b.is_ascii_uppercase())
                && number.len() == 2
                && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    words.filter(is_row).map(str::to_owned).collect()
}
