//! What `serve --dev` adds: a folder that goes away, and lines to paste.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{Error, print};
use crate::crypto::Random;
use crate::server::Seeded;

/// A data folder of mode 0700 that lives as long as this value.
#[derive(Debug)]
pub(super) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes it, under a name that nobody can guess and that must be new.
    pub(super) fn new(random: &Random) -> Result<Self, Error> {
        let name = format!("doorkey-dev-{}", random.text(12).expose());
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(Error::io("make a temporary folder"))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            print::note(&format!("{} could not be removed: {error}", self.0.display()));
        }
    }
}

/// Everything to know about this run, the lines to paste at its end.
pub(super) fn welcome((curl, data): (&Curl, &Path), seeded: &[Seeded], random: &Random) -> String {
    let transport = if curl.trusted.is_some() {
        "the certificate is self-signed"
    } else {
        "cookies go over plain HTTP"
    };
    let mut lines = vec![
        format!("FOR DEVELOPMENT ONLY: registration is open, {transport}."),
        format!("data folder: {}", data.display()),
    ];
    let account = |a: &Seeded| format!("account {}, password {}", a.username, a.password.expose());
    lines.extend(seeded.iter().map(account));
    if seeded.is_empty() {
        lines.push("the accounts admin and user are there already, with their passwords".into());
    }
    lines.push("register, log in and call a protected route, by pasting:".to_owned());
    lines.extend(walk(curl, &data.join("curl-cookies"), random));
    lines.join("\n")
}

/// Three commands for one shell: register, log in, call a protected route.
fn walk(curl: &Curl, jar: &Path, random: &Random) -> [String; 3] {
    let name = format!("ann-{}", random.text(4).expose());
    let password = random.text(16);
    let form = format!(r#"{{"username":"{name}","password":"{}"}}"#, password.expose());
    let post = |path: &str| curl.post(path, &form);
    [
        format!("curl -sS {}", post("/auth/register")),
        format!(
            r#"TOKEN=$(curl -sS -c {} {} | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')"#,
            quoted(&jar.display().to_string()),
            post("/auth/login")
        ),
        format!(r#"curl -sS {} -H "Authorization: Bearer $TOKEN""#, curl.to("/auth/me")),
    ]
}

/// How curl reaches the server.
pub(super) struct Curl {
    /// Scheme, host and port.
    pub(super) origin: String,
    /// The certificate to trust; `None`: one that everybody trusts, or plain HTTP.
    pub(super) trusted: Option<PathBuf>,
}

impl Curl {
    /// The arguments that name a path of the server.
    fn to(&self, path: &str) -> String {
        let url = quoted(&format!("{}{path}", self.origin));
        match &self.trusted {
            Some(file) => format!("--cacert {} {url}", quoted(&file.display().to_string())),
            None => url,
        }
    }

    /// The arguments that post a JSON form.
    pub(super) fn post(&self, path: &str, form: &str) -> String {
        let json = "-H 'Content-Type: application/json'";
        format!("-X POST {} {json} -d {}", self.to(path), quoted(form))
    }
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_word_for_the_shell_stays_one_word() {
        assert_eq!(quoted("http://127.0.0.1:80/a"), "http://127.0.0.1:80/a");
        assert_eq!(quoted("http://[::1]:80/a"), "'http://[::1]:80/a'");
        assert_eq!(quoted("a'b $c"), r"'a'\''b $c'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_temporary_folder_is_private_and_goes_away() {
        let folder = TemporaryFolder::new(&Random::system()).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
        fs::write(path.join("a"), "b").unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
