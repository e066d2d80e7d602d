//! `doorkey recover`: a way back in for an administrator who is disabled, has lost the role or
//! does not know the password.

use serde_json::{Value, json};

use super::args::Recover;
use super::control::Control;
use super::{Error, user};

pub(super) async fn run(control: &mut Control, recover: Recover) -> Result<(), Error> {
    let password = user::read_password(recover.source)?;
    control.announce();
    let before = user::find(control, &recover.who.name).await?;
    let path = user::path(&before);
    let mut roles = before["roles"].as_array().cloned().unwrap_or_default();
    if !roles.contains(&Value::from("admin")) {
        roles.push(Value::from("admin"));
    }
    control.patch(&path, &json!({"roles": roles, "disabled": false})).await?;
    let done = user::set_password(control, &before, password.as_ref()).await;
    if done.is_err() {
        // A password that is refused must not leave the account open with its old one. Where
        // this would take the last administrator away it is refused, and that is right too.
        let back = json!({"roles": before["roles"], "disabled": before["disabled"]});
        let _ = control.patch(&path, &back).await;
    }
    done
}
