//! What the store leaves on the disk.

use rustix::process::Signal;
use serde_json::json;

use super::ses_secrets::bytes_below;
use crate::auth::OTHER_PASSWORD;
use crate::cli::harness::{PASSWORD, Place};

/// The journal keeps what was changed and deleted, and `docs/durability.md` says for how long.
/// It is names and hashes: no password, token or key was ever there.
#[test]
fn sto_04_what_was_deleted_stays_for_a_while_and_holds_no_secret() {
    let place = Place::open();
    let mut server = place.serve(&[]);
    server.register("ann-who-left");
    let login = server.login("ann-who-left", PASSWORD).status(200);
    let change = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    server.post_as(&login.token(), "/auth/password", &change).status(200);
    place.run(&["user", "delete", "ann-who-left", "--yes"]).done();
    assert_eq!(server.signal(Signal::TERM), 0);
    let files = bytes_below(&place.data());
    let holds = |text: &str| files.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("ann-who-left"), "if it is gone, docs/durability.md is to say so");
    let cookie = login.cookie();
    for secret in [PASSWORD, OTHER_PASSWORD, cookie.split_once('.').unwrap().1, &login.token()] {
        assert!(!holds(secret), "{secret}");
    }
    let said = include_str!("../../../docs/durability.md");
    assert!(said.contains("What was deleted stays in the journals and snapshots"));
}
