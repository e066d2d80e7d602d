//! `doorkey explain`: why a request was refused, and what it did.

use serde_json::Value;

use super::args::Explain;
use super::audit;
use super::control::Control;
use super::{Error, print};

pub(super) async fn run(control: &mut Control, explain: &Explain) -> Result<(), Error> {
    let found = control.find(&format!("/admin/events/{}", explain.id)).await?;
    let Some(answer) = found else { return Err(unknown(control, &explain.id)) };
    if explain.form.json {
        return print::json(&answer);
    }
    if !control.is_live() {
        print::note("no server runs here, so only the audit trail was asked");
    }
    for refusal in list(&answer, "refusals") {
        for (name, value) in lines(refusal) {
            print::line(&format!("{name:8} {}", print::printable(&value)))?;
        }
    }
    let events = list(&answer, "events");
    if events.is_empty() { Ok(()) } else { audit::print(events) }
}

fn unknown(control: &Control, id: &str) -> Error {
    Error::Refused(if control.is_live() {
        format!(
            "nothing is known of the request {id}: refusals are kept in memory, the last 10,000 \
             since the server started, and no event of the audit trail is of it"
        )
    } else {
        format!(
            "no event of the audit trail is of the request {id}; refusals are kept in the memory \
             of a running server, and none runs on {}",
            control.data().display()
        )
    })
}

/// One refusal; what is not there is left out.
fn lines(refusal: &Value) -> impl Iterator<Item = (&'static str, String)> {
    let text = |member: &str| print::text(refusal, member);
    let pair = |one: &str, other: &str| format!("{} {}", text(one), text(other)).trim().to_owned();
    let lines = [
        ("time", text("time")),
        ("request", pair("method", "route")),
        ("answer", pair("status", "code")),
        ("rule", text("rule")),
        ("why", text("why")),
        ("detail", text("detail")),
        ("account", text("user")),
        ("session", text("session")),
        ("from", text("ip")),
    ];
    lines.into_iter().filter(|(_, value)| !value.is_empty())
}

fn list<'a>(answer: &'a Value, member: &str) -> &'a [Value] {
    answer[member].as_array().map(Vec::as_slice).unwrap_or_default()
}
