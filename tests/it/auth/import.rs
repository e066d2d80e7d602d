//! Accounts of other systems: the operator brings them in, and the first login makes their hashes
//! ours.

use std::time::Duration;

use doorkey::store::Depth;
use serde_json::{Value, json};

use super::{OTHER_PASSWORD, patch};
use crate::harness::{Browser, PASSWORD, TestServer};
use crate::security::pw_links::{finish, reset};

/// The password `correct horse` as other systems keep it.
const HASHES: &[&str] = &[
    "$2b$04$URks82M802k./KRYgekvzeJds4zGy5Ptz4u.i7O84insoeq1ERV3O",
    "$scrypt$ln=4,r=8,p=1$ZYxRCkGIUUqJUcpZCwGAcA$jkQlUllH+L9tVQuWzSWDeEvH/xTy22GmBdJjSMh1JCY",
    "$pbkdf2-sha256$1000$MgagNCaklBKCMEZobY1Ryg$fLRnXOxf3j.JSpO2aOpZ.UWpdkkyQaqn.Teir4RgWaE",
    "$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXDIm17fFcR9z3z7oBNdsyYBbtm/",
    "$argon2i$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$upMolgTkMlwbVBjdk8MFwkTNVPmQTsViYFz5ZF/pVVg",
];

async fn import(server: &TestServer, users: &[Value]) -> Value {
    let lines: Vec<String> = users.iter().map(Value::to_string).collect();
    let request = server.operator().post("/admin/import").json(&json!({ "lines": lines }));
    request.send().await.status(200).json()
}

async fn exported(server: &TestServer) -> Vec<Value> {
    let page: Value = server.operator().get("/admin/export").send().await.status(200).json();
    page["users"].as_array().unwrap().clone()
}

async fn events(root: &Browser<'_>, kind: &str) -> Vec<Value> {
    let path = format!("/admin/events?kind={kind}");
    let page: Value = root.get(&path).send().await.status(200).json();
    page["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_first_good_login_replaces_each_foreign_hash_by_argon2id() {
    let server = TestServer::start().await;
    for (n, hash) in HASHES.iter().enumerate() {
        let name = format!("user{n}");
        import(&server, &[json!({"username": name, "password_hash": hash})]).await;
        let browser = server.anonymous();
        browser.login(&name, "correct horsf").await.status(401);
        assert_eq!(exported(&server).await[n]["password_hash"], **hash, "a bad login leaves it");
        browser.login(&name, "correct horse").await.status(200);
        let now = exported(&server).await[n]["password_hash"].clone();
        assert!(now.as_str().unwrap().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{now}");
        browser.login(&name, "correct horse").await.status(200);
        browser.login(&name, "correct horsf").await.status(401);
    }
}

#[tokio::test]
async fn everything_of_a_line_is_kept() {
    let server = TestServer::start().await;
    let user = json!({
        "id": "AAAAAAAAAAAAAAAAAAAAAA", "username": "ann", "email": "ann@example.org",
        "email_verified": true, "display_name": "Ann", "roles": ["editor"], "disabled": true,
        "created_at": "2020-02-03T04:05:06Z", "password_hash": HASHES[0],
    });
    let done = import(&server, std::slice::from_ref(&user)).await;
    assert_eq!(done, json!({"imported": 1, "refused": []}));
    assert_eq!(exported(&server).await, [user]);
}

#[tokio::test]
async fn what_is_left_out_is_as_for_a_new_account_and_no_password_opens_it() {
    let server = TestServer::start().await;
    let none = ["", "!", "!!", "*"].map(Value::from).into_iter().chain([Value::Null]);
    for (n, hash) in none.enumerate() {
        let name = format!("user{n}");
        import(&server, &[json!({"username": name, "password_hash": hash})]).await;
        for typed in ["", "!", "*", "correct horse"] {
            server.anonymous().login(&name, typed).await.status(401);
        }
        let user = &exported(&server).await[n];
        let members = ["roles", "disabled", "email_verified", "password_hash"].map(|m| &user[m]);
        assert_eq!(members, [&json!(["user"]), &json!(false), &json!(false), &Value::Null]);
    }
}

#[tokio::test]
async fn names_addresses_and_ids_are_taken_once_also_within_a_batch() {
    let server = TestServer::start().await;
    let taken = server.account("ann", &["user"]).await;
    let users = [
        json!({"username": "Ann"}),
        json!({"username": "bob", "email": "bob@example.org"}),
        json!({"username": "cid", "email": "BOB@example.org"}),
        json!({"username": "BOB"}),
        json!({"username": "dan", "id": taken}),
    ];
    let done = import(&server, &users).await;
    let refused = done["refused"].as_array().unwrap().iter();
    let refused: Vec<_> = refused.map(|r| (r["index"].as_u64().unwrap(), &r["field"])).collect();
    let expected = [(0, "username"), (2, "email"), (3, "username"), (4, "id")];
    assert_eq!(
        refused,
        expected.map(|(n, f)| (n, Value::from(f))).iter().map(|(n, f)| (*n, f)).collect::<Vec<_>>()
    );
    assert_eq!((&done["imported"], exported(&server).await.len()), (&json!(1), 2));
}

#[tokio::test]
async fn imported_administrators_count_and_each_account_has_its_event() {
    let server = TestServer::start().await;
    let admin = |name: &str, hash: &str| json!({"username": name, "roles": ["admin"], "password_hash": hash});
    import(&server, &[admin("root", HASHES[0]), admin("ann", HASHES[0]), admin("bob", "!")]).await;
    let mut root = server.anonymous();
    let answer: Value = root.login("root", "correct horse").await.status(200).json();
    root.token = answer["access_token"].as_str().map(str::to_owned);
    let made = events(&root, "user_imported").await;
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|event| event["actor"]["kind"] == "operator"), "{made:?}");
    let users = exported(&server).await;
    let id = |name: &str| {
        users.iter().find(|u| u["username"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    patch(&root, &id("ann"), &json!({"disabled": true})).await.status(200);
    let operator = server.operator();
    patch(&operator, &id("root"), &json!({"disabled": true}))
        .await
        .status(409)
        .problem("last_admin");
}

#[tokio::test]
async fn a_dry_run_answers_alike_and_writes_nothing() {
    let server = TestServer::start().await;
    let lines = [json!({"username": "ann"}).to_string(), "{}".to_owned()];
    let form = json!({"lines": lines, "dry_run": true});
    let answer = server.operator().post("/admin/import").json(&form).send().await.status(200);
    let answer: Value = answer.json();
    assert_eq!((&answer["imported"], &answer["refused"][0]["index"]), (&json!(1), &json!(1)));
    assert_eq!(exported(&server).await.len(), 0);
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let server = TestServer::start().await;
    let lines = vec![json!({"username": "ann"}).to_string(); 17];
    let request = server.operator().post("/admin/import").json(&json!({ "lines": lines }));
    request.send().await.status(422).problem("invalid_request");
    let long = json!({"lines": ["x".repeat(1024 * 1024)]});
    let request = server.operator().post("/admin/import").json(&long);
    request.send().await.status(413).problem("body_too_large");
    let full: Vec<Value> = (0..16)
        .map(|n| json!({"username": format!("u{n}"), "email": format!("u{n}@example.org"), "roles": ["admin"], "password_hash": HASHES[0]}))
        .collect();
    assert_eq!(import(&server, &full).await["imported"], 16);
}

/// The line in docs/users-jsonl.md is one that an import takes, with the members of an export.
#[tokio::test]
async fn the_documented_line_is_a_line() {
    let server = TestServer::start().await;
    let page = std::fs::read_to_string("docs/users-jsonl.md").unwrap();
    let line = page.lines().find(|line| line.starts_with("{\"id\"")).unwrap();
    let mut user: Value = serde_json::from_str(line).unwrap();
    user["password_hash"] = HASHES[0].into();
    assert_eq!(import(&server, std::slice::from_ref(&user)).await["imported"], 1);
    assert_eq!(exported(&server).await, [user]);
}

/// Whoever held something of ann's account before it was deleted.
async fn is_shut_out(holder: &Browser<'_>, server: &TestServer, link: &str) {
    holder.get("/auth/me").send().await.status(401).problem("invalid_token");
    holder.refresh().await.status(401).problem("session_ended");
    finish(server, link, OTHER_PASSWORD).await.status(401).problem("invalid_token");
}

/// AZ-09, SES-11: whatever is done to the clock and to the epochs meanwhile.
#[tokio::test]
async fn a_deleted_account_that_comes_back_by_its_id_brings_nothing_of_its_past_back() {
    let server = TestServer::start().await;
    let root = server.admin().await;
    let mut ann = server.user("ann").await;
    let path = format!("/admin/users/{}", ann.user_id);
    for bumps in [0, 7, 1] {
        for _ in 0..bumps {
            patch(&root, &ann.user_id, &json!({"disabled": true})).await.status(200);
            patch(&root, &ann.user_id, &json!({"disabled": false})).await.status(200);
        }
        server.clock.set_wall(server.clock.wall().minus(Duration::from_mins(1)));
        ann = server.anonymous().logged_in("ann").await;
        let token = reset(&root, &ann.user_id).await;
        let line = exported(&server).await.into_iter().find(|u| u["username"] == "ann").unwrap();
        root.delete(&path).send().await.status(204);
        is_shut_out(&ann, &server, &token).await;
        assert_eq!(import(&server, &[line]).await["imported"], 1);
        is_shut_out(&ann, &server, &token).await;
        let report = server.store.check(Depth::Full).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        server.anonymous().login("ann", PASSWORD).await.status(200);
    }
}

#[tokio::test]
async fn a_deletion_takes_the_sessions_of_the_account_along_however_many() {
    let server = TestServer::start().await;
    let (root, operator) = (server.admin().await, server.operator());
    let line = json!({"username": "ann", "email": "ann@example.org", "roles": ["admin"], "password_hash": HASHES[0]});
    import(&server, &[line]).await;
    for _ in 0..40 {
        server.anonymous().login("ann", "correct horse").await.status(200);
    }
    let ann = exported(&server).await.remove(0);
    let sessions = async || {
        let report = server.store.check(Depth::Full).await.unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        report.counts["session"]
    };
    assert_eq!(sessions().await, 33, "32 of ann's and one of root's");
    let path = format!("/admin/users/{}", ann["id"].as_str().unwrap());
    root.delete(&path).send().await.status(204);
    assert_eq!(sessions().await, 1);
    operator.delete(&path).send().await.status(404);
}

/// AZ-09, SES-11: at the same moment.
#[tokio::test]
async fn an_import_that_meets_a_deletion_is_as_good_as_one_after_it() {
    let server = super::hold(TestServer::start().await);
    let root = server.admin().await;
    for round in 0..20 {
        let name = format!("ann{round}");
        let ann = server.user(&name).await;
        let users = exported(server).await;
        let line = users.into_iter().find(|u| u["username"] == *name).unwrap();
        let lines = [line.to_string()];
        let import = async {
            loop {
                let form = json!({ "lines": lines });
                let done = server.operator().post("/admin/import").json(&form).send().await;
                if done.status(200).json::<Value>()["imported"] == 1 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let path = format!("/admin/users/{}", ann.user_id);
        let delete = async { root.delete(&path).send().await.status(204) };
        let _ = tokio::join!(import, delete);
        ann.get("/auth/me").send().await.status(401).problem("invalid_token");
        ann.refresh().await.status(401).problem("session_ended");
    }
}
