//! The files and what becomes of them, looked at by hand.

use std::fs;

use super::*;

const FIXTURES: &str = "tests/fixtures/tls";

/// Two files of a folder, and the certificate that follows them.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With the certificate of this name.
    fn with(name: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.put(&format!("{name}.pem"), "tls.pem");
        place.put(&format!("{name}.key"), "tls.key");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a fixture in the place of a file, with the mode of a key.
    fn put(&self, fixture: &str, name: &str) {
        let path = self.path(name);
        fs::write(&path, fs::read(Path::new(FIXTURES).join(fixture)).unwrap()).unwrap();
        self.mode(name, 0o600);
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("tls.pem"), key: self.path("tls.key") }
    }

    fn open(&self) -> Tls {
        Tls::open(self.files(), clock()).unwrap()
    }

    fn refusal(&self) -> String {
        let said = self.files().open().unwrap_err().to_string();
        said.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_seconds(1_800_000_000))
}

/// The certificate served, by what it can be told from: fixtures name no host of their own.
fn is_served(tls: &Tls, name: &str) -> bool {
    let fixture = |end: &str| fs::read(Path::new(FIXTURES).join(format!("{name}.{end}"))).unwrap();
    let expected = Certificate::from_pem(&fixture("pem"), &fixture("key")).unwrap();
    *tls.certificate().borrow() == expected
}

#[test]
fn new_files_are_served_and_the_same_ones_are_left_alone() {
    let place = Place::with("one");
    let mut tls = place.open();
    assert_eq!(tls.look(), Look::Same);
    place.put("one.key", "tls.key");
    assert_eq!(tls.look(), Look::Same, "another time of the file is no change");
    place.put("two.pem", "tls.pem");
    place.put("two.key", "tls.key");
    assert_eq!(tls.look(), Look::Replaced);
    assert!(is_served(&tls, "two"));
    assert_eq!(tls.look(), Look::Same);
}

#[test]
fn bad_files_are_told_of_once_and_what_was_served_is_served_on() {
    let place = Place::with("one");
    let mut tls = place.open();
    place.put("two.pem", "tls.pem");
    assert_eq!(tls.look(), Look::Refused, "half of a renewal");
    assert_eq!(tls.look(), Look::Same);
    fs::remove_file(place.path("tls.key")).unwrap();
    assert_eq!(tls.look(), Look::Refused);
    assert!(is_served(&tls, "one"));
    place.put("two.key", "tls.key");
    assert_eq!(tls.look(), Look::Replaced, "the other half");
    assert!(is_served(&tls, "two"));
    place.mode("tls.key", 0o644);
    assert_eq!(tls.look(), Look::Refused);
    place.mode("tls.key", 0o600);
    assert_eq!(tls.look(), Look::Replaced);
}

/// As ACME clients do it: a link that points elsewhere.
#[test]
fn a_link_that_is_moved_is_a_change() {
    let place = Place::with("one");
    place.put("two.pem", "new.pem");
    place.put("two.key", "new.key");
    for (name, end) in [("now.pem", "tls.pem"), ("now.key", "tls.key")] {
        std::os::unix::fs::symlink(place.path(end), place.path(name)).unwrap();
    }
    let files = TlsFiles { certificate: place.path("now.pem"), key: place.path("now.key") };
    let mut tls = Tls::open(files, clock()).unwrap();
    for (name, end) in [("now.pem", "new.pem"), ("now.key", "new.key")] {
        fs::remove_file(place.path(name)).unwrap();
        std::os::unix::fs::symlink(place.path(end), place.path(name)).unwrap();
    }
    assert_eq!(tls.look(), Look::Replaced);
    assert!(is_served(&tls, "two"));
}

/// KEY-03.
#[test]
fn a_key_that_others_can_read_is_refused_with_its_mending() {
    let place = Place::with("one");
    for mode in [0o600, 0o400, 0o700] {
        place.mode("tls.key", mode);
        assert!(place.files().open().is_ok(), "{mode:o}");
    }
    for mode in [0o644, 0o604, 0o620, 0o602, 0o666] {
        place.mode("tls.key", mode);
        let said = place.refusal();
        let start =
            format!("the TLS key tls.key may be read or written by others (mode {mode:04o})");
        assert!(said.starts_with(&start) && said.contains("chmod 600"), "{said}");
    }
    place.mode("tls.key", 0o600);
    place.mode("tls.pem", 0o644);
    assert!(place.files().open().is_ok(), "a certificate is public");
}

#[test]
fn only_root_may_share_a_key_with_a_group() {
    let allowed = |mode, owner| is_private(&Access { mode, owner });
    assert!(allowed(0o640, 0) && allowed(0o440, 0) && allowed(0o600, 1000));
    assert!(!allowed(0o640, 1000) && !allowed(0o660, 0) && !allowed(0o644, 0));
}

#[test]
fn each_bad_file_has_its_sentence() {
    for (file, fixture, said) in [
        (
            "tls.pem",
            "one.key",
            "the TLS file tls.pem holds no certificate (PEM, the server's own first)",
        ),
        ("tls.key", "one.pem", "the TLS file tls.key holds no private key (PEM, not encrypted)"),
        (
            "tls.key",
            "encrypted.key",
            "the TLS file tls.key holds no private key (PEM, not encrypted)",
        ),
        ("tls.key", "two.key", "the TLS file tls.key holds the key of another certificate"),
    ] {
        let place = Place::with("one");
        place.put(fixture, file);
        assert_eq!(place.refusal(), said);
    }
    let place = Place::with("one");
    fs::write(place.path("tls.key"), [0xff; 9]).unwrap();
    assert_eq!(place.refusal(), "the TLS file tls.key holds no private key (PEM, not encrypted)");
    fs::write(place.path("tls.pem"), vec![b' '; 1 << 21]).unwrap();
    assert_eq!(place.refusal(), "the TLS file tls.pem is larger than 1 MiB, as none is");
    fs::remove_file(place.path("tls.pem")).unwrap();
    let said = place.refusal();
    assert!(said.starts_with("the TLS file tls.pem cannot be read: No such file"), "{said}");
}

/// A late renewal, or a clock that was never set, must not keep a server down.
#[test]
fn an_expired_certificate_is_served_and_told_of() {
    let place = Place::with("expired");
    let tls = place.open();
    assert_eq!(tls.standing, Standing::Expired);
    assert!(is_served(&tls, "expired"));
}

#[test]
fn the_end_of_a_certificate_is_told_of_before_it_comes() {
    let place = Place::with("expired");
    let end = Timestamp::from_seconds(1_609_459_200);
    let mut tls = Tls::open(place.files(), Clock::manual(end.minus(SOON * 2))).unwrap();
    for (later, standing) in [
        (Duration::ZERO, Standing::Good),
        (SOON, Standing::Good),
        (Duration::from_secs(1), Standing::EndsSoon),
        (SOON, Standing::Expired),
    ] {
        tls.clock.advance(later);
        assert_eq!(tls.look(), Look::Same);
        assert_eq!(tls.standing, standing);
    }
}
