//! `doorkey user …`

use std::io::{self, BufRead as _, Read as _};

use serde_json::{Value, json};

use super::args::{Add, Form, NewPassword, User};
use super::control::Control;
use super::{Error, print};
use crate::model::{Password, Secret};

pub(super) async fn run(control: &mut Control, command: User) -> Result<(), Error> {
    match command {
        User::Add(add) => self::add(control, add).await,
        User::List { query, form } => list(control, &query.unwrap_or_default(), form).await,
        User::Show { who, form } => show(&find(control, &who.name).await?, form),
        User::Roles { who, roles } => change(control, &who.name, &json!({"roles": roles})).await,
        User::Password { who, source } => password(control, &who.name, source).await,
        User::Disable(who) => change(control, &who.name, &json!({"disabled": true})).await,
        User::Enable(who) => change(control, &who.name, &json!({"disabled": false})).await,
        User::Delete { who, yes } => delete(control, &who.name, yes).await,
    }
}

async fn add(control: &mut Control, add: Add) -> Result<(), Error> {
    let mut body = json!({"username": add.name});
    if add.source.password_stdin {
        body["password"] = Value::from(password_from_stdin()?.expose());
    }
    if let Some(email) = add.email {
        body["email"] = Value::from(email);
    }
    if !add.roles.is_empty() {
        body["roles"] = Value::from(add.roles);
    }
    control.announce();
    control.may_create();
    let made = control.post("/admin/users", Some(&body)).await?;
    if add.source.invite { print_link(&made["invite"]) } else { Ok(()) }
}

async fn list(control: &mut Control, prefix: &str, form: Form) -> Result<(), Error> {
    let users = all(control, prefix).await?;
    if form.json {
        return print::json(&json!({ "users": users }));
    }
    let row = |user: &Value| {
        let state = if user["disabled"] == true { "disabled" } else { "enabled" };
        let [name, email, roles, created, id] =
            ["username", "email", "roles", "created_at", "id"].map(|m| print::text(user, m));
        [name, email, roles, state.to_owned(), created, id]
    };
    let headings = ["USERNAME", "E-MAIL", "ROLES", "STATE", "CREATED", "ID"];
    print::table(headings, users.iter().map(row).collect())
}

/// Every account whose name or address starts with `prefix`.
pub(super) async fn all(control: &mut Control, prefix: &str) -> Result<Vec<Value>, Error> {
    let (mut users, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/admin/users?limit=100&q={}{cursor}", escaped(prefix));
        let mut page = control.get(&path).await?;
        if let Value::Array(found) = page["users"].take() {
            users.extend(found);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => return Ok(users),
        }
    }
}

fn show(user: &Value, form: Form) -> Result<(), Error> {
    if form.json {
        return print::json(user);
    }
    let members = ["username", "display_name", "email", "email_verified", "roles", "disabled"];
    let row = |member: &str| [format!("{member}:"), print::text(user, member)];
    let rows = members.into_iter().chain(["created_at"]).map(row).collect();
    print::table(["id:", &print::text(user, "id")], rows)
}

/// The account with this name or address. In the order of either the very one comes first of all
/// that start with it.
pub(super) async fn find(control: &mut Control, name: &str) -> Result<Value, Error> {
    let wanted = name.to_ascii_lowercase();
    let path = format!("/admin/users?limit=1&q={}", escaped(&wanted));
    let page = control.get(&path).await?;
    let is_it = |user: &&Value| {
        let (name, email) = (print::text(user, "username"), print::text(user, "email"));
        [name, email.to_ascii_lowercase()].contains(&wanted)
    };
    let found = page["users"].as_array().and_then(|users| users.iter().find(is_it));
    found.filter(|_| !wanted.is_empty()).cloned().ok_or_else(|| {
        let (name, data) = (name.escape_debug(), control.data().display());
        Error::Refused(format!("there is no account {name} in {data}"))
    })
}

/// The path of an account of the API's own making.
pub(super) fn path(user: &Value) -> String {
    format!("/admin/users/{}", print::text(user, "id"))
}

async fn change(control: &mut Control, name: &str, change: &Value) -> Result<(), Error> {
    control.announce();
    let user = find(control, name).await?;
    control.patch(&path(&user), change).await.map(|_| ())
}

async fn password(control: &mut Control, name: &str, source: NewPassword) -> Result<(), Error> {
    let password = read_password(source)?;
    control.announce();
    let user = find(control, name).await?;
    if user["disabled"] == true {
        return Err(Error::Refused(format!(
            "the account {} is disabled: enable it first",
            print::text(&user, "username")
        )));
    }
    set_password(control, &user, password.as_ref()).await
}

/// `None` when the user is to choose by a link.
pub(super) fn read_password(source: NewPassword) -> Result<Option<Secret>, Error> {
    if source.password_stdin { password_from_stdin().map(Some) } else { Ok(None) }
}

/// Sets this password, or prints the link by which the user does.
pub(super) async fn set_password(
    control: &mut Control,
    user: &Value,
    password: Option<&Secret>,
) -> Result<(), Error> {
    let issued = control.post(&format!("{}/password-reset", path(user)), None).await?;
    let Some(password) = password else { return print_link(&issued) };
    let link = issued["link"].as_str().unwrap_or_default();
    let token = link.split_once("token=").map_or("", |(_, token)| token);
    let form = json!({"token": token, "new_password": password.expose()});
    control.post("/auth/password-reset", Some(&form)).await.map(|_| ())
}

async fn delete(control: &mut Control, name: &str, yes: bool) -> Result<(), Error> {
    if yes {
        control.announce();
    }
    let user = find(control, name).await?;
    if yes {
        return control.delete(&path(&user)).await;
    }
    let [name, roles, created] =
        ["username", "roles", "created_at"].map(|member| print::text(&user, member));
    Err(Error::Refused(format!(
        "this would delete the account {name} (roles {roles}, made {created}) in {} for good: \
         say --yes to do it",
        control.data().display()
    )))
}

fn print_link(issued: &Value) -> Result<(), Error> {
    print::line(&print::text(issued, "link"))
}

/// One line of standard input; the newline is no part of it, and everything else is.
fn password_from_stdin() -> Result<Secret, Error> {
    let mut line = Vec::new();
    // A little more than the longest one, so that a longer one is refused and not cut.
    let most = u64::try_from(Password::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    io::stdin()
        .lock()
        .take(most)
        .read_until(b'\n', &mut line)
        .map_err(Error::io("read the password from standard input"))?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    if line.is_empty() {
        return Err(Error::Refused("there is no password on standard input".to_owned()));
    }
    // The bytes stay out of the error.
    let text = String::from_utf8(line).ok();
    text.map(Secret::new).ok_or_else(|| Error::Refused("the password is not UTF-8".to_owned()))
}

/// Percent-encoded (RFC 3986, 2.1) for a query.
pub(super) fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_text() {
        assert_eq!(escaped("ann"), "ann");
        assert_eq!(escaped("a+b@é&x=1"), "a%2Bb%40%C3%A9%26x%3D1");
    }
}
