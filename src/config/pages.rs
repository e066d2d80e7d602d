//! `[pages]`: what people see.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Language, ReturnAddress};
use crate::model::Colour;

/// `[pages]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// What this installation is called, 1 to 64 characters.
    pub name: String,
    /// A picture beside the name, PNG or SVG of at most 64 KiB. Empty: none.
    pub logo: PathBuf,
    /// The colour of buttons and links. Each theme gets it darker or lighter where it could not be
    /// read.
    pub accent: Colour,
    /// The languages that are offered, the first to whoever asks for none of them.
    pub languages: Vec<Language>,
    /// Where a login may lead to besides the pages here: whole addresses, compared exactly, at
    /// most 64.
    pub return_to: Vec<ReturnAddress>,
}
