//! What must be found nowhere, in the forms in which it could stand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Secrets by what they are.
#[derive(Debug, Default)]
pub(crate) struct Register {
    secrets: BTreeSet<(String, Vec<u8>)>,
    /// What was also sent as a name.
    public: BTreeSet<Vec<u8>>,
}

impl Register {
    /// What `tests/it/trace.rs` noted.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut register = Self::default();
        for line in fs::read_to_string(folder.join("register")).unwrap().lines() {
            let (kind, value) = line.split_once(' ').unwrap();
            register.note(kind, &URL_SAFE_NO_PAD.decode(value).unwrap());
        }
        register
    }

    pub(crate) fn note(&mut self, kind: &str, value: &[u8]) {
        if kind == "public" {
            self.public.insert(value.to_ascii_lowercase());
        } else {
            self.secrets.insert((kind.to_owned(), value.to_vec()));
        }
    }

    /// Those that were secret.
    fn real(&self) -> impl Iterator<Item = &(String, Vec<u8>)> {
        self.secrets.iter().filter(|(_, value)| !self.public.contains(&value.to_ascii_lowercase()))
    }

    pub(crate) fn len(&self) -> usize {
        self.real().count()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.real().filter(|(of, _)| of == kind).count()
    }

    /// How many of each kind.
    pub(crate) fn kinds(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        self.real().for_each(|(kind, _)| *counts.entry(kind).or_default() += 1);
        counts.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ")
    }

    /// Each form with the kind of its secret.
    pub(crate) fn patterns(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = BTreeMap::new();
        for (kind, value) in self.real() {
            for form in forms(kind, value) {
                all.entry(form).or_insert_with(|| kind.clone());
            }
        }
        all.into_iter().map(|(form, kind)| (kind, form)).collect()
    }
}

/// In lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

/// As it is; and what is no access token, of which there are very many, in hexadecimal, in both
/// alphabets of base64, in a URL, and as Rust prints bytes.
fn forms(kind: &str, value: &[u8]) -> Vec<Vec<u8>> {
    if kind.starts_with("access_token") {
        return vec![value.to_vec()];
    }
    let hex = hex(value);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: &u8| {
        if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    let mut forms: Vec<Vec<u8>> = vec![
        value.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        value.iter().map(escape).collect::<String>().into_bytes(),
        format!("{value:?}").into_bytes(),
    ];
    // The last characters depend on what follows.
    for text in [STANDARD_NO_PAD.encode(value), URL_SAFE_NO_PAD.encode(value)] {
        forms.push(text.as_bytes()[..text.len() - 1].to_vec());
    }
    forms
}
