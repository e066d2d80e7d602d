//! Takes over a store of format 1, which had no journal: what is in it becomes the first
//! snapshot.

use std::path::Path;

use super::archive::ArchiveWriter;
use super::db::{checked, note, open_sled};
use super::journal::{Journal, new_file};
use super::{OpenError, Options, files, layout};
use crate::store::engine::Version;

/// Makes the folder of the journals beside a store of format 1. A power cut meanwhile leaves the
/// store as it was.
///
/// # Errors
/// When the store is of another format, and its journals are gone, or when it is damaged.
pub(super) fn upgrade(data: &Path, options: &Options) -> Result<(), OpenError> {
    let store = files::store_path(data);
    let damaged = |cause: String| OpenError::Damaged { store: store.clone(), cause };
    // sled would make a new one in its place.
    if !files::db_path(&store).exists() {
        return Err(damaged("the file db is missing".to_owned()));
    }
    files::remove_half_snapshots(&store)?;
    let db = open_sled(&store, options.cache_bytes)?;
    match note(&db, layout::FORMAT_KEY).map_err(damaged)? {
        1 => {}
        layout::FORMAT => {
            return Err(damaged("the folder journal beside it is missing".to_owned()));
        }
        found => return Err(OpenError::NewerFormat { path: store, found }),
    }
    tracing::info!("the store is of an earlier doorkey: taking it over");
    let last = note(&db, layout::VERSION_KEY).map_err(damaged)?;
    let unfinished = files::unfinished(&files::journals_path(data));
    files::make_folder(&unfinished)?;
    write_snapshot(&db, (last, &unfinished, &store), options)?;
    let created = Journal::create(&unfinished, last + 1, options.clock.now());
    created.map_err(OpenError::io("make a journal in", &unfinished))?;
    files::rename(&unfinished, &files::journals_path(data))
}

fn write_snapshot(
    db: &sled::Db,
    (last, folder, store): (u64, &Path, &Path),
    options: &Options,
) -> Result<(), OpenError> {
    let now = options.clock.now();
    let path = files::snapshot_path(folder, last + 1);
    let io = || OpenError::io("write the snapshot", &path);
    let file = new_file(&path).map_err(io())?;
    let mut writer =
        ArchiveWriter::new(std::io::BufWriter::new(file), (last + 1, now)).map_err(io())?;
    for pair in db.iter() {
        let (key, raw) = checked(store, || pair)?;
        if !layout::is_record(&key) {
            continue;
        }
        let key = key.get(1..).unwrap_or_default();
        let entry = layout::entry(key, &raw).ok().filter(|entry| entry.version <= Version(last));
        let entry = entry.ok_or_else(|| OpenError::Damaged {
            store: store.to_owned(),
            cause: format!("the record {} has no valid version", String::from_utf8_lossy(key)),
        })?;
        writer.record(&entry).map_err(io())?;
    }
    let (file, _) = writer.finish((last, now)).map_err(io())?;
    file.into_inner().map_err(|error| io()(error.into_error()))?.sync_all().map_err(io())
}
