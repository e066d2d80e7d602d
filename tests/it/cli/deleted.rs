//! What a deletion leaves on the disk.

use std::fs;
use std::path::Path;

use super::harness::{PASSWORD, Place, names};

/// Whether any file in the folder holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        // A socket cannot be read.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// STO-04: the commands of docs/durability.md.
#[test]
fn the_hash_of_a_deleted_user_is_gone_from_the_disk_when_the_store_is_written_anew() {
    let place = Place::new();
    place.user("ann", &[]);
    place.user("bob", &[]);
    let exported = place.run(&["export"]).done();
    let ann = exported.lines().next().unwrap();
    let hash = ann.split("p=1$").nth(1).unwrap().split('"').next().unwrap();
    place.run(&["user", "delete", "ann", "--yes"]).done();
    assert!(holds(&place.data(), hash), "the journal has it still");
    place.run(&["backup", "now"]).done();
    place.run(&["restore", "now", "--replace"]).done();
    for replaced in names(&place.data()).iter().filter(|name| name.starts_with("replaced-")) {
        assert!(holds(&place.data().join(replaced), hash));
        fs::remove_dir_all(place.data().join(replaced)).unwrap();
    }
    assert!(!holds(&place.path(""), hash));
    place.serve(&[]).login("bob", PASSWORD).status(200);
    assert!(!holds(&place.path(""), hash));
}
