use serde::Deserialize;

use super::*;
use crate::http::problem::tests::text;
use crate::model::Secret;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    username: String,
    password: Secret,
    roles: Option<Vec<String>>,
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    depth: u8,
}

fn json(content_type: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in content_type {
        headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
    }
    headers
}

fn read(body: &[u8]) -> Result<Login, Problem> {
    parse(&json(&["application/json"]), body)
}

/// The kind and the whole answer.
async fn refused(body: &[u8]) -> (Kind, String) {
    let problem = read(body).unwrap_err();
    let kind = problem.kind();
    (kind, text(problem.into_response("r")).await)
}

#[test]
fn an_object_is_read() {
    let login = read(b" \r\n\t{\"username\":\"ann\", \"password\":\"p\\u00e4ss\"}\n ").unwrap();
    assert_eq!(login.username, "ann");
    assert_eq!(login.password.expose(), "p\u{e4}ss");
    assert!(login.roles.is_none() && login.inner.is_none());
    let nested = br#"{"username":"a","password":"p","roles":["x"],"inner":{"depth":1}}"#;
    assert_eq!(read(nested).unwrap().inner.unwrap().depth, 1);
}

/// CSRF-05.
#[test]
fn only_json_that_says_so_is_read() {
    let body = br#"{"username":"a","password":"p"}"#;
    for good in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json ; Charset=\"utf-8\"",
    ] {
        assert!(parse::<Login>(&json(&[good]), body).is_ok(), "{good:?}");
    }
    for bad in [
        &[][..],
        &[""],
        &["text/plain"],
        &["text/json"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=x"],
        &["application/jsonp"],
        &["application/problem+json"],
        &["application/json, text/plain"],
        &["text/plain; application/json"],
        &["application/json;"],
        &["application/json; charset=utf-16"],
        &["application/json; charset=utf-8; charset=utf-16"],
        &["application/json; boundary=x"],
        &["application/json", "application/json"],
    ] {
        let problem = parse::<Login>(&json(bad), body).unwrap_err();
        assert_eq!(problem.kind(), Kind::UnsupportedMediaType, "{bad:?}");
    }
    let mut packed = json(&["application/json"]);
    packed.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert!(parse::<Login>(&packed, body).is_err());
}

/// INP-02.
#[tokio::test]
async fn what_is_not_exactly_one_object_is_malformed() {
    let cases: [&[u8]; 26] = [
        b"",
        b" ",
        b"null",
        b"\"s3cret\"",
        b"[\"ann\",\"s3cret\"]",
        b"[{\"username\":\"ann\",\"password\":\"s3cret\"}]",
        b"\xef\xbb\xbf{\"username\":\"ann\",\"password\":\"s3cret\"}",
        b"\x0b{\"username\":\"ann\",\"password\":\"s3cret\"}",
        b"{",
        b"{}}",
        b"{}{}",
        b"{\"username\":\"ann\",\"password\":\"s3cret\"}x",
        b"{\"username\":\"ann\",\"password\":\"s3cret\",}",
        b"{\"username\":\"ann\" \"password\":\"s3cret\"}",
        b"{username:\"ann\"}",
        b"{'username':'ann'}",
        b"{\"username\":NaN,\"password\":\"s3cret\"}",
        b"{\"username\":1e999,\"password\":\"s3cret\"}",
        b"{\"username\":\"\\ud800\",\"password\":\"s3cret\"}",
        b"{\"username\":\"\xff\",\"password\":\"s3cret\"}",
        b"{\"username\":\"\xc0\xaf\",\"password\":\"s3cret\"}",
        b"{\"username\":\"a\nb\",\"password\":\"s3cret\"}",
        b"{\"username\":\"ann\",\"username\":\"bob\",\"password\":\"s3cret\"}",
        b"{\"username\":\"ann\",\"user\\u006eame\":\"bob\",\"password\":\"s3cret\"}",
        b"{\"role\":1,\"role\":\"s3cret\"}",
        b"{\"username\":\"a\",\"password\":\"s3cret\",\"inner\":{\"depth\":1,\"depth\":1}}",
    ];
    for body in cases {
        let shown = String::from_utf8_lossy(body);
        let (kind, answer) = refused(body).await;
        assert_eq!(kind, Kind::MalformedJson, "{shown:?}: {answer}");
        assert!(!answer.contains("s3cret"), "{answer}");
    }
}

#[tokio::test]
async fn a_syntax_error_is_placed_and_not_quoted() {
    let (_, answer) = refused(b"{\"username\":\n \"ann\", hunter22}").await;
    assert!(answer.contains("line 2, column 9"), "{answer}");
    assert!(!answer.contains("hunter22") && !answer.contains("ann"), "{answer}");
    let (_, answer) = refused(b"{\"a\":1,\"a\":2}").await;
    assert!(answer.contains("named twice at line 1"), "{answer}");
}

/// INP-01, INP-03.
#[tokio::test]
async fn a_member_that_does_not_fit_is_named_and_its_value_is_not() {
    let rest = r#""password":"s3cret""#;
    for (members, field, message) in [
        ("\"username\":\"ann\"", "password", "is missing"),
        ("\"username\":\"a\",\"password\":{\"$ne\":\"s3cret\"}", "password", "wrong type"),
        (&format!("\"username\":null,{rest}"), "username", "wrong type"),
        (&format!("\"username\":true,{rest}"), "username", "wrong type"),
        (&format!("\"username\":12345,{rest}"), "username", "wrong type"),
        (&format!("\"username\":[],{rest}"), "username", "wrong type"),
        (&format!("\"username\":\"a\",\"role\":\"s3cret\",{rest}"), "role", "is not known"),
        (&format!("\"is_admin\":true,\"username\":\"a\",{rest}"), "is_admin", "is not known"),
        (&format!("\"Username\":\"a\",{rest}"), "Username", "is not known"),
        (&format!("\"a`, expected x\":1,{rest}"), "a`, expected x", "is not known"),
        (&format!("\"\":1,{rest}"), "", "is not known"),
        (&format!("\"username\":\"a\",{rest},\"roles\":[\"x\",7]"), "roles[1]", "wrong type"),
        (&format!("\"username\":\"a\",{rest},\"inner\":{{}}"), "inner.depth", "is missing"),
        (&format!("\"inner\":{{\"x\":1}},{rest}"), "inner.x", "is not known"),
        (&format!("\"inner\":{{\"depth\":-1}},{rest}"), "inner.depth", "is not valid"),
        (&format!("\"inner\":{{\"depth\":999}},{rest}"), "inner.depth", "is not valid"),
    ] {
        let (kind, answer) = refused(format!("{{{members}}}").as_bytes()).await;
        assert_eq!(kind, Kind::InvalidRequest, "{members}: {answer}");
        let named = format!("\"errors\":[{{\"field\":\"{field}\",\"message\":\"");
        assert!(answer.contains(&named) && answer.contains(message), "{members}: {answer}");
        assert!(!answer.contains("s3cret") && !answer.contains("12345"), "{answer}");
    }
}

/// INP-02.
#[tokio::test]
async fn bombs_are_refused_without_a_crash() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(refused(deep.as_bytes()).await.0, Kind::InvalidRequest);
    let open = format!("{{\"x\":{}", "{\"x\":".repeat(100_000));
    assert_eq!(refused(open.as_bytes()).await.0, Kind::MalformedJson);
    let long_name = format!("{{\"{}\":1}}", "x".repeat(1_000_000));
    let (kind, answer) = refused(long_name.as_bytes()).await;
    assert_eq!(kind, Kind::InvalidRequest);
    assert!(answer.len() < 500, "a long name is cut: {}", answer.len());
    let long = format!("{{\"username\":\"{}\",\"password\":1}}", "x".repeat(10_000_000));
    assert_eq!(refused(long.as_bytes()).await.0, Kind::InvalidRequest);
}
