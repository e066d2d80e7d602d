//! `doorkey token …`

use std::io::{self, Read as _};

use serde_json::{Value, json};

use super::args::{Form, Token};
use super::control::Control;
use super::{Error, print};
use crate::model::Secret;

/// The longest text that is sent; a token is far shorter.
const MOST: u64 = 64 * 1024;

pub(super) async fn run(control: &mut Control, command: Token) -> Result<(), Error> {
    match command {
        Token::Inspect { form } => inspect(control, form).await,
    }
}

async fn inspect(control: &mut Control, form: Form) -> Result<(), Error> {
    let token = from_stdin()?;
    let body = json!({ "token": token.expose() });
    let answer = control.post("/admin/tokens/inspect", Some(&body)).await?;
    if form.json {
        print::json(&answer)?;
    } else {
        let checks = answer["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let row = |check: &Value| {
            let [name, outcome, detail] =
                ["check", "outcome", "detail"].map(|member| print::text(check, member));
            [name, outcome.replace('_', " "), detail]
        };
        print::table(["CHECK", "OUTCOME", "DETAIL"], checks.iter().map(row).collect())?;
    }
    let kind = print::text(&answer, "kind").replace('_', " ");
    if answer["accepted"] == true {
        print::note(&format!("this {kind} would be accepted"));
        return Ok(());
    }
    let [rule, why] = ["rule", "why"].map(|member| print::text(&answer, member));
    Err(Error::Refused(format!("this {kind} would be refused by {rule}: {why}")))
}

/// What is on standard input, without the space around it.
fn from_stdin() -> Result<Secret, Error> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes);
    let length = read.map_err(Error::io("read the token from standard input"))?;
    if u64::try_from(length).is_ok_and(|length| length > MOST) {
        return Err(Error::Refused("no token is longer than 64 KiB".to_owned()));
    }
    // The bytes stay out of the error.
    let text = str::from_utf8(&bytes).map(str::trim).ok();
    match text {
        None => Err(Error::Refused("the token is not UTF-8".to_owned())),
        Some("") => Err(Error::Refused("there is no token on standard input".to_owned())),
        Some(text) => Ok(Secret::new(text.to_owned())),
    }
}
