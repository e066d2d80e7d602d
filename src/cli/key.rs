//! `doorkey key …`

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};

use super::args::{Form, Key};
use super::control::Control;
use super::{Error, print};
use crate::crypto::VerifyingKey;

/// The longest JWK Set that is read; one of three RSA keys has 2 KiB.
const MOST: u64 = 1 << 20;

pub(super) async fn run(control: &mut Control, command: Key) -> Result<(), Error> {
    match command {
        Key::List { form } => list(control, form).await,
        Key::Rotate { revoke } => rotate(control, revoke).await,
        Key::Pem { kid, jwks } => pem(control, kid.as_deref(), jwks.as_deref()).await,
    }
}

async fn list(control: &mut Control, form: Form) -> Result<(), Error> {
    let answer = control.get("/admin/keys").await?;
    if form.json {
        return print::json(&answer);
    }
    let row = |key: &Value| {
        ["kid", "alg", "state", "created_at", "signs_from", "served_until"]
            .map(|member| print::text(key, member))
    };
    let keys = answer["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let headings = ["KID", "ALG", "STATE", "CREATED", "SIGNS FROM", "SERVED UNTIL"];
    print::table(headings, keys.iter().map(row).collect())
}

async fn rotate(control: &mut Control, revoke: Option<String>) -> Result<(), Error> {
    control.announce();
    let body = revoke.map(|kid| json!({ "revoke": kid }));
    control.post("/admin/keys/rotate", body.as_ref()).await.map(|_| ())
}

/// The public keys, of the server or of a fetched JWK Set.
async fn pem(control: &mut Control, kid: Option<&str>, jwks: Option<&Path>) -> Result<(), Error> {
    let set = match jwks {
        Some(file) => read(file).map_err(Error::io("read the JWK Set"))?,
        None => control.get("/admin/keys").await?,
    };
    let keys = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The list for administrators holds each JWK beside the times of its key.
    let jwk = |key: &Value| if jwks.is_some() { key.clone() } else { key["jwk"].clone() };
    let wanted: Vec<Value> =
        keys.iter().map(jwk).filter(|jwk| kid.is_none_or(|kid| jwk["kid"] == kid)).collect();
    if wanted.is_empty() {
        return Err(Error::Refused("there is no such key".to_owned()));
    }
    for jwk in &wanted {
        let key = VerifyingKey::from_jwk(jwk).ok_or_else(|| no_key(jwk))?;
        let pem = key.pem().map_err(|_| no_key(jwk))?;
        // Text before the first line of a PEM is for people (RFC 7468, 2).
        print::line(&format!("{} {}\n{}", key.algorithm(), key.id(), pem.trim_end()))?;
    }
    Ok(())
}

fn no_key(jwk: &Value) -> Error {
    let kid = print::printable(&print::text(jwk, "kid"));
    Error::Refused(format!("the key {kid:?} of the JWK Set is none that doorkey serves"))
}

/// The JSON of a file, or of standard input for `-`.
fn read(file: &Path) -> io::Result<Value> {
    let from: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut text = String::new();
    from.take(MOST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}
