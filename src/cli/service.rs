//! `doorkey service …`

use serde_json::{Value, json};

use super::args::{Form, Service};
use super::control::Control;
use super::{Error, print};
use crate::config::SecretHash;
use crate::crypto::{Random, hash_text};
use crate::model::ServiceId;

pub(super) async fn run(control: &mut Control, command: Service) -> Result<(), Error> {
    match command {
        Service::New { name } => new(&name),
        Service::Add { name } => add(control, &name).await,
        Service::List { form } => list(control, form).await,
        Service::Remove { name } => remove(control, &name).await,
    }
}

/// The secret goes to standard output alone, so that it can be piped to where it belongs.
fn new(name: &str) -> Result<(), Error> {
    let id = ServiceId::try_from(name).map_err(|why| Error::Refused(format!("the name {why}")))?;
    let secret = Random::system().service_secret();
    let hash = String::from(SecretHash::new(hash_text(secret.expose())));
    print::line(secret.expose())?;
    print::note("the secret above is for the service, and these lines for auth.toml:\n");
    print::note(&format!("[[services]]\nid = \"{id}\"\nsecret_sha256 = \"{hash}\""));
    Ok(())
}

async fn add(control: &mut Control, name: &str) -> Result<(), Error> {
    control.announce();
    let answer = control.post("/admin/clients", Some(&json!({ "id": name }))).await?;
    print::line(&print::text(&answer, "secret"))
}

async fn list(control: &mut Control, form: Form) -> Result<(), Error> {
    let answer = control.get("/admin/clients").await?;
    if form.json {
        return print::json(&answer);
    }
    let row = |client: &Value| ["id", "configured", "created_at"].map(|m| print::text(client, m));
    let clients = answer["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    print::table(["ID", "IN AUTH.TOML", "CREATED"], clients.iter().map(row).collect())
}

async fn remove(control: &mut Control, name: &str) -> Result<(), Error> {
    control.announce();
    control.delete(&format!("/admin/clients/{name}")).await
}
