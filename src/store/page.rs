//! Records of one kind in pages, for who goes through all of them.

use serde::de::DeserializeOwned;

use super::Error;
use super::engine::Engine;
use super::record::decode;

/// Some records, in the order of their keys.
#[derive(Debug)]
pub struct Page<T> {
    /// Those that could be read.
    pub records: Vec<T>,
    /// How many could not.
    pub damaged: usize,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// At most `limit` records whose keys start with `prefix` and come after `after`.
pub(super) async fn page<T: DeserializeOwned>(
    engine: &dyn Engine,
    prefix: &str,
    (after, limit): (Option<&[u8]>, usize),
) -> Result<Page<T>, Error> {
    let entries = engine.scan(prefix.as_bytes(), after, limit).await?;
    let next = entries.last().filter(|_| entries.len() == limit).map(|last| last.key.clone());
    let records: Vec<T> = entries.iter().filter_map(|e| decode(e).ok()).map(|s| s.value).collect();
    Ok(Page { damaged: entries.len() - records.len(), records, next })
}
