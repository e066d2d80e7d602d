//! The disk, for the benchmarks that fill one.

#![expect(unreachable_pub, reason = "the API of this folder's programs")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What the files below `folder` take on the disk. A file may go while this looks.
pub fn disk_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => disk_bytes(&entry.path()),
        Ok(data) => data.blocks() * 512,
        Err(_) => 0,
    };
    entries.map(size).sum()
}
