//! Bodies and queries that are not what a route takes.

use serde_json::{Value, json};

use crate::harness::{Answer, Browser, PASSWORD, TestServer};

/// The members that a problem names.
#[track_caller]
fn fields(answer: Answer) -> Vec<String> {
    let body: Value = answer.status(422).problem("invalid_request").json();
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

async fn exists(root: &Browser<'_>, name: &str) -> bool {
    let path = format!("/admin/users?q={name}");
    let list: Value = root.get(&path).send().await.status(200).json();
    !list["users"].as_array().unwrap().is_empty()
}

#[tokio::test]
async fn inp_01_nobody_gives_itself_what_the_form_does_not_have() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ann = server.user("ann").await;
    let before = ann.get("/auth/me").send().await.body;
    for (member, value) in [
        ("role", json!("admin")),
        ("roles", json!(["admin"])),
        ("is_admin", json!(true)),
        ("id", json!("x")),
        ("email_verified", json!(true)),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("password_hash", json!("$argon2id$")),
        ("epoch", json!(0)),
        ("disabled", json!(false)),
        ("__proto__", json!({"admin": true})),
    ] {
        let mut form = json!({"username": "eve", "password": PASSWORD});
        form[member] = value.clone();
        let answer = server.anonymous().post("/auth/register").json(&form).send().await;
        assert_eq!(fields(answer), [member]);
        let form = json!({"display_name": "Queen", member: value});
        assert_eq!(fields(ann.patch("/auth/me").json(&form).send().await), [member]);
    }
    assert!(!exists(&root, "eve").await);
    assert_eq!(ann.get("/auth/me").send().await.body, before);
}

#[tokio::test]
async fn inp_01_an_administrator_cannot_set_what_the_form_does_not_have_either() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let one = format!("/admin/users/{ann}");
    let before = root.get(&one).send().await.body;
    for member in ["id", "email_verified", "created_at", "password_hash", "epoch", "username"] {
        let form = json!({"display_name": "Queen", member: "x"});
        assert_eq!(fields(root.patch(&one).json(&form).send().await), [member]);
    }
    let with_password = json!({"password": "another good long one"});
    assert_eq!(fields(root.patch(&one).json(&with_password).send().await), ["password"]);
    for member in ["id", "email_verified", "disabled", "password_hash"] {
        let form = json!({"username": "eve", "password": PASSWORD, member: true});
        assert_eq!(fields(root.post("/admin/users").json(&form).send().await), [member]);
    }
    assert!(!exists(&root, "eve").await);
    assert_eq!(root.get(&one).send().await.body, before);
}

#[tokio::test]
async fn inp_02_what_is_not_one_plain_object_is_malformed_on_every_route() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let good = format!(r#"{{"username":"eve","password":"{PASSWORD}"}}"#);
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"null".to_vec(),
        b"\"text\"".to_vec(),
        format!("[{good}]").into(),
        format!("{good}x").into(),
        format!("{good}{good}").into(),
        format!("\u{feff}{good}").into(),
        good.replace("\"eve\"", "NaN").into(),
        good.replace("\"eve\"", "'eve'").into(),
        good.replace('}', ",}").into(),
        good.replace('{', r#"{"username":"eve","#).into(),
        good.replace('{', r#"{"user\u006eame":"ann","#).into(),
        good.replace('{', r#"{"display_name":"a","display_name":"b","#).into(),
        format!("{{\"x\":{}", "[".repeat(10_000)).into(),
        format!("{{\"x\":{}", "{\"x\":".repeat(3_000)).into(),
        b"{\"username\":\"\xff\"}".to_vec(),
    ];
    let one = format!("/admin/users/{ann}");
    for body in bodies {
        for post in [
            root.post("/auth/register"),
            root.post("/auth/login"),
            root.patch("/auth/me"),
            root.post("/admin/users"),
            root.patch(&one),
        ] {
            let post = post.header("content-type", "application/json").body(body.clone());
            let answer = post.send().await;
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&body));
            assert_eq!(answer.cookie("__Host-refresh"), None);
            answer.problem("malformed_json");
        }
    }
    assert!(!exists(&root, "eve").await);
}

/// Also HTTP-02.
#[tokio::test]
async fn inp_02_a_body_over_the_limit_is_refused_on_every_route() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    for length in [16 * 1024, 10_000_000] {
        let form = json!({"username": "x".repeat(length), "password": PASSWORD});
        for post in [root.post("/auth/register"), root.post("/auth/login"), root.patch("/auth/me")]
        {
            post.json(&form).send().await.status(413).problem("body_too_large");
        }
    }
    let longest = json!({"username": "x".repeat(16_000), "password": PASSWORD});
    let answer = server.anonymous().post("/auth/register").json(&longest).send().await;
    assert_eq!(fields(answer), ["username"]);
}

#[tokio::test]
async fn inp_03_another_type_than_the_one_that_is_due_is_refused_by_its_name() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let ann = server.account("ann", &["user"]).await;
    let one = format!("/admin/users/{ann}");
    for wrong in [json!({"$ne": null}), json!(1), json!(true), json!(["ann"]), json!(null)] {
        for member in ["username", "password"] {
            let mut form = json!({"username": "ann", "password": PASSWORD});
            form[member] = wrong.clone();
            for path in ["/auth/register", "/auth/login"] {
                let answer = server.anonymous().post(path).json(&form).send().await;
                assert_eq!(answer.cookie("__Host-refresh"), None);
                assert_eq!(fields(answer), [member], "{path} {wrong}");
            }
        }
        if !wrong.is_null() {
            let form = json!({"email": wrong});
            assert_eq!(fields(root.patch("/auth/me").json(&form).send().await), ["email"]);
            assert_eq!(fields(root.patch(&one).json(&form).send().await), ["email"]);
        }
    }
    for (form, field) in [
        (json!({"disabled": "true"}), "disabled"),
        (json!({"roles": "admin"}), "roles"),
        (json!({"roles": ["user", 1]}), "roles[1]"),
        (json!({"roles": ["owner"]}), "roles"),
    ] {
        assert_eq!(fields(root.patch(&one).json(&form).send().await), [field], "{form}");
    }
    let missing = json!({"username": "ann"});
    let answer = server.anonymous().post("/auth/login").json(&missing).send().await;
    assert_eq!(fields(answer), ["password"]);
}

#[tokio::test]
async fn all_bad_fields_are_named_at_once() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let form = json!({"username": "a b", "password": "short", "email": "nobody"});
    let sorted = |answer| {
        let mut names = fields(answer);
        names.sort();
        names
    };
    let answer = server.anonymous().post("/auth/register").json(&form).send().await;
    assert!(!answer.text().contains("short"), "{}", answer.text());
    assert_eq!(sorted(answer), ["email", "password", "username"]);
    let mut form = form;
    form["roles"] = json!(["owner"]);
    let answer = root.post("/admin/users").json(&form).send().await;
    assert_eq!(sorted(answer), ["email", "password", "roles", "username"]);
    let form = json!({"email": "nobody", "display_name": ""});
    let answer = root.patch("/auth/me").json(&form).send().await;
    assert_eq!(sorted(answer), ["display_name", "email"]);
}

#[tokio::test]
async fn inp_11_a_query_that_does_not_fit_is_refused_by_the_name_of_its_parameter() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let numbers = ["0", "101", "-1", "+1", "", "1.5", "1e1", "99999999999999999999", "%00", "x"];
    for path in ["/admin/users", "/admin/events"] {
        for number in numbers {
            let answer = root.get(&format!("{path}?limit={number}")).send().await;
            assert_eq!(fields(answer), ["limit"], "{path} {number}");
        }
        for cursor in ["!", "AAAA", "dXNlci94", "c2Vzc2lvbi8", "a%20b", "YQ==", "%ff"] {
            let answer = root.get(&format!("{path}?cursor={cursor}")).send().await;
            assert_eq!(fields(answer), ["cursor"], "{path} {cursor}");
        }
        for unknown in ["x=1", "Limit=1", "limit=1&page=2", "limit[]=1"] {
            let answer = root.get(&format!("{path}?{unknown}")).send().await;
            assert_eq!(fields(answer), ["query"], "{path} {unknown}");
        }
        let twice = root.get(&format!("{path}?limit=1&limit=2")).send().await;
        assert_eq!(fields(twice), ["limit"], "{path}");
        root.get(&format!("{path}?limit=100")).send().await.status(200);
    }
    for (query, field) in [("user=x", "user"), ("user=", "user"), ("kind=nothing", "kind")] {
        let answer = root.get(&format!("/admin/events?{query}")).send().await;
        assert_eq!(fields(answer), [field], "{query}");
    }
}

#[tokio::test]
async fn inp_08_nothing_of_a_request_comes_back_in_the_headers_of_its_answer() {
    let server = TestServer::start().await;
    let ann = server.user("ann").await;
    for path in [
        "/x%0d%0aset-cookie:a=b",
        "/problems/x%0d%0aset-cookie:a=b",
        "/auth/me%00",
        "/admin/users?cursor=%0d%0aset-cookie:a=b",
    ] {
        let answer = ann.get(path).header("user-agent", "marked-agent").send().await;
        assert!(answer.status >= 400 && answer.status < 500, "{path}");
        for value in answer.headers.values() {
            let text = value.to_str().unwrap();
            assert!(!text.contains("a=b") && !text.contains("marked"), "{path}: {text}");
        }
        assert!(!answer.text().contains("a=b"), "{}", answer.text());
    }
}
