//! What no row of the document has: bytes that are no request, which no row ever sees.

use crate::cli::harness::Place;

#[test]
fn what_is_no_request_is_refused_bare_and_the_document_says_so() {
    let server = Place::new().serve(&[]);
    let about = server.send("GET /openapi.json", &[], "").json()["info"]["description"].clone();
    let about = about.as_str().unwrap();
    let (many, long) = (vec!["X: y"; 64], format!("X: {}", "y".repeat(16 * 1024)));
    for (start, headers, expected) in [
        ("GET /healthz", &["X: \u{7f}"][..], 400),
        ("GET/healthz", &[], 400),
        ("GET /healthz", &many, 431),
        ("GET /healthz", &[&long], 431),
        (&format!("GET /{}", "y".repeat(16 * 1024)), &[], 431),
    ] {
        let answer = server.send(start, headers, "").status(expected);
        assert_eq!(answer.body, "", "{start}");
        assert_eq!(answer.header("content-type"), None, "{start}");
        assert_eq!(answer.header("connection"), Some("close"), "{start}");
        assert!(about.contains(&format!("a bare `{expected}`")), "{expected}: {about}");
    }
}
