//! `doorkey access …`

use serde_json::{Value, json};

use super::args::Access;
use super::control::Control;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, Access::Check(check): Access) -> Result<(), Error> {
    let asked = json!({
        "url": check.url,
        "user": check.user,
        "method": check.method,
        "ip": check.from.map(|ip| ip.to_string()),
    });
    let answer = control.post("/admin/access/check", Some(&asked)).await?;
    if check.form.json {
        print::json(&answer)?;
    } else {
        for (name, value) in lines(&answer) {
            print::line(&format!("{name:8} {}", print::printable(&value)))?;
        }
    }
    let passes = answer["passes"] == true;
    if passes { Ok(()) } else { Err(Error::Refused("the request does not get through".to_owned())) }
}

/// What was decided; what is not there is left out.
fn lines(answer: &Value) -> impl Iterator<Item = (&'static str, String)> {
    let text = |member: &str| print::text(answer, member);
    let rule = match answer["rule"]["number"].as_u64() {
        Some(number) => format!("{number}: {}", print::text(&answer["rule"], "text")),
        None => "none fits".to_owned(),
    };
    let lines = [
        ("decision", text("decision")),
        ("rule", rule),
        ("why", text("why")),
        ("account", text("user")),
        ("roles", text("roles")),
    ];
    lines.into_iter().filter(|(_, value)| !value.is_empty())
}
