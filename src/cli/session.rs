//! `doorkey session …`

use serde_json::{Value, json};

use super::args::{Form, Revoke, Session};
use super::control::Control;
use super::{Error, print, user};

pub(super) async fn run(control: &mut Control, command: Session) -> Result<(), Error> {
    match command {
        Session::List { name, form } => list(control, name.as_deref(), form).await,
        Session::Revoke(revoke) => self::revoke(control, revoke).await,
    }
}

async fn list(control: &mut Control, name: Option<&str>, form: Form) -> Result<(), Error> {
    let users = match name {
        Some(name) => vec![user::find(control, name).await?],
        None => user::all(control, "").await?,
    };
    let mut sessions = Vec::new();
    for user in &users {
        sessions.extend(of_user(control, user).await?);
    }
    if form.json {
        return print::json(&json!({ "sessions": sessions }));
    }
    let row = |session: &Value| {
        ["username", "id", "created_at", "last_used_at", "expires_at", "ip", "user_agent"]
            .map(|member| print::text(session, member))
    };
    let headings = ["USERNAME", "ID", "CREATED", "LAST USED", "EXPIRES", "IP", "USER AGENT"];
    print::table(headings, sessions.iter().map(row).collect())
}

/// The live sessions of an account, each with the account's name. One that was deleted since it
/// was listed is an error like any other.
async fn of_user(control: &mut Control, user: &Value) -> Result<Vec<Value>, Error> {
    let mut answer = control.get(&format!("{}/sessions", user::path(user))).await?;
    let Value::Array(mut sessions) = answer["sessions"].take() else { return Ok(Vec::new()) };
    for session in &mut sessions {
        session["username"] = user["username"].clone();
        // The operator has no session that could be the current one.
        session.as_object_mut().and_then(|members| members.remove("current"));
    }
    Ok(sessions)
}

async fn revoke(control: &mut Control, revoke: Revoke) -> Result<(), Error> {
    control.announce();
    let user = user::find(control, &revoke.who.name).await?;
    let all = format!("{}/sessions", user::path(&user));
    match revoke.which.id {
        Some(id) => control.delete(&format!("{all}/{id}")).await,
        None => control.delete(&all).await,
    }
}
