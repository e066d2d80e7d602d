//! `doorkey key …`

use serde_json::{Value, json};

use super::args::{Form, Key};
use super::control::Control;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, command: Key) -> Result<(), Error> {
    match command {
        Key::List { form } => list(control, form).await,
        Key::Rotate { revoke } => rotate(control, revoke).await,
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
