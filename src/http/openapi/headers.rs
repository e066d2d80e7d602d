//! The headers of answers, as the document names them.

use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::http::doc::{Caching, Sets};
use crate::http::kind::Kind;
use crate::http::shared::{CACHING, IMMUTABLE};

/// The headers that many answers have, each with one meaning: `components.headers`.
pub(super) fn common() -> Value {
    let text = &json!({"type": "string"});
    json!({
        "RequestId": header(
            "Names this request in the log and the audit trail.",
            &json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
        ),
        "NoStore": header("Nobody keeps it.", &json!({"type": "string", "const": "no-store"})),
        "Public": header("Anyone may keep it.", &json!({"type": "string", "const": CACHING})),
        "Short": header(
            "Anyone may keep it for so many seconds.",
            &json!({"type": "string", "pattern": "^public, max-age=[0-9]{1,3}$"}),
        ),
        "Immutable": header(
            "Anyone may keep it for ever.",
            &json!({"type": "string", "const": IMMUTABLE}),
        ),
        "ETag": header("Names this content, strongly.", text),
        "SetCookie": header(
            "The refresh token, out of the reach of scripts, for the rest of its session; after a \
             logout an empty value, which clears it. The forms of pages set a second one, which ties \
             them to the browser.",
            text,
        ),
        "Location": header("Where to go on.", text),
        "RetryAfter": header(
            "How many seconds to wait.",
            &json!({"type": "integer", "minimum": 1}),
        ),
        "Challenge": header(
            "Asks for an access token, and says what is wrong with the one that was sent (RFC \
             6750, 3); services are asked for their name and secret (RFC 7617).",
            text,
        ),
        "Allow": header("The methods of this path.", text),
    })
}

fn header(about: &str, schema: &Value) -> Value {
    json!({"description": about, "required": true, "schema": schema})
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// The same, for what is not always there.
fn optional(name: &str) -> Value {
    let mut header = common()[name].clone();
    header["required"] = Value::Bool(false);
    header
}

/// The address that 303 sends on to.
pub(super) fn location() -> Value {
    reference("Location")
}

/// The headers of a good answer.
pub(super) fn of_success(caching: Caching, sets: Sets) -> Value {
    let kept = match caching {
        Caching::NoStore => "NoStore",
        Caching::Public | Caching::Tagged => "Public",
        Caching::Short => "Short",
        Caching::Immutable => "Immutable",
    };
    let mut headers =
        json!({"X-Request-Id": reference("RequestId"), "Cache-Control": reference(kept)});
    if caching.is_tagged() {
        headers["ETag"] = reference("ETag");
    }
    match sets {
        Sets::Nothing => {}
        Sets::FormCookie => headers["Set-Cookie"] = optional("SetCookie"),
        Sets::RefreshCookie => headers["Set-Cookie"] = reference("SetCookie"),
    }
    headers
}

/// The headers of an answer with one of these problems, which share a status.
pub(super) fn of_problem(kinds: &[Kind], sets: Sets) -> Value {
    let mut headers = of_success(Caching::NoStore, sets);
    for (header, name, who) in [
        ("Retry-After", "RetryAfter", waits as fn(Kind) -> Often),
        ("WWW-Authenticate", "Challenge", challenges),
        ("Allow", "Allow", allows),
    ] {
        if kinds.iter().all(|kind| who(*kind) == Often::Always) {
            headers[header] = reference(name);
        } else if kinds.iter().any(|kind| who(*kind) != Often::Never) {
            headers[header] = optional(name);
        }
    }
    headers
}

/// How often a problem comes with a header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Often {
    Never,
    Sometimes,
    Always,
}

fn waits(kind: Kind) -> Often {
    if matches!(kind, Kind::TooManyAttempts | Kind::Busy | Kind::ClockNotSet) {
        Often::Always
    } else if kind == Kind::Unavailable {
        // Not after the time for a whole request: nobody knows when it will be faster.
        Often::Sometimes
    } else {
        Often::Never
    }
}

fn challenges(kind: Kind) -> Often {
    if kind == Kind::InsufficientScope || kind.row().status == StatusCode::UNAUTHORIZED {
        Often::Always
    } else if kind == Kind::MalformedHeader {
        // About the Authorization header it does, about cookies it does not.
        Often::Sometimes
    } else {
        Often::Never
    }
}

fn allows(kind: Kind) -> Often {
    if kind == Kind::MethodNotAllowed { Often::Always } else { Often::Never }
}
