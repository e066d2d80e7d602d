//! The cookie of forward-auth: how long it is good, and for what.

use std::time::Duration;

use doorkey::http::ForwardSite;
use serde_json::json;

use super::{HTML, RULES, asks, bearer, guarding, signed_in, told, with_cookie};
use crate::auth::{OTHER_PASSWORD, patch};
use crate::harness::{Answer, PASSWORD, TestServer};
use crate::http::pages::Visitor;

async fn start() -> TestServer {
    let server = guarding(RULES).start().await;
    server.account("ann", &["user"]).await;
    server
}

/// The line that sets or clears it.
fn line(answer: &Answer) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let mut lines = lines.filter(|line| line.starts_with("__Secure-forward="));
    let found = lines.next().map(str::to_owned);
    assert_eq!(lines.next(), None);
    found
}

fn rest(line: &str) -> &str {
    line.split_once("; ").unwrap().1
}

async fn status(server: &TestServer, cookie: &str) -> u16 {
    with_cookie(server, cookie).send().await.status
}

#[tokio::test]
async fn who_signs_in_on_the_page_is_known_to_the_apps_of_the_domain() {
    let server = start().await;
    let mut visitor = Visitor::new(&server);
    let app = asks(&server, "/page?x=1").header("accept", HTML).send().await.status(303);
    let login = app.header("location").unwrap().strip_prefix("https://auth.example.org").unwrap();
    let page = visitor.open(login).await.status(200);
    let policy = page.0.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://wiki.example.org;"), "{policy}");
    let fields = [("username", "ann"), ("password", PASSWORD)];
    let back = visitor.send(&page, &fields).await.leads_to("https://wiki.example.org/page?x=1");
    assert_eq!(
        rest(&line(&back.0).unwrap()),
        "Domain=example.org; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=43200"
    );
    let answer = with_cookie(&server, &visitor.jar["__Secure-forward"]).send().await.status(200);
    assert_eq!(told(&answer)[0], "ann");
}

#[tokio::test]
async fn who_is_signed_in_gets_it_with_the_page_that_says_so_and_goes_on_by_a_link() {
    let server = start().await;
    let (mut visitor, cookie) = signed_in(&server, "ann").await;
    visitor.jar.remove("__Secure-forward");
    server.advance(Duration::from_hours(1));
    let page = visitor.open("/login?rd=https%3A%2F%2Fwiki.example.org%2Fx").await.status(200);
    let page = page.says("href=\"https://wiki.example.org/x\"");
    assert!(line(&page.0).unwrap().ends_with("Max-Age=39600"));
    assert_eq!(visitor.jar["__Secure-forward"], cookie, "the same session, the same proof");
    assert!(line(&Visitor::new(&server).open("/login").await.0).is_none());
}

/// FWD-01: neither is good where the other is meant.
#[tokio::test]
async fn it_opens_nothing_else_and_nothing_else_opens_an_app() {
    let server = start().await;
    let (visitor, cookie) = signed_in(&server, "ann").await;
    let refresh = visitor.jar["__Host-refresh"].clone();
    for value in [cookie.as_str(), &cookie[2..]] {
        let asked = server.anonymous().post("/auth/refresh");
        let asked = asked.header("cookie", &format!("__Host-refresh={value}"));
        asked.send().await.status(401);
        let asked = server.anonymous().get("/auth/me");
        bearer(asked, value).send().await.status(401);
    }
    let asked = server.anonymous().post("/auth/refresh");
    asked.header("cookie", &format!("__Secure-forward={cookie}")).send().await.status(401);
    for line in [
        format!("__Host-refresh={refresh}"),
        format!("__Secure-forward={refresh}"),
        format!("forward={cookie}"),
        format!("__Host-forward={cookie}"),
        format!("__secure-forward={cookie}"),
    ] {
        asks(&server, "/").header("cookie", &line).send().await.status(401);
    }
    bearer(asks(&server, "/"), &cookie).send().await.status(401);
}

#[tokio::test]
async fn it_ends_with_its_session_and_no_other() {
    let server = start().await;
    let (mut here, one) = signed_in(&server, "ann").await;
    let (_, two) = signed_in(&server, "ann").await;
    let page = here.open("/login").await;
    let out = here.send(&page, &[]).await.leads_to("/login");
    assert_eq!(
        line(&out.0).unwrap(),
        "__Secure-forward=; Domain=example.org; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0"
    );
    assert_eq!((status(&server, &one).await, status(&server, &two).await), (401, 200));
    let browser = with_cookie(&server, &one).header("accept", HTML).send().await.status(303);
    assert!(browser.header("location").unwrap().starts_with("https://auth.example.org/login?rd="));
    server.advance(Duration::from_hours(12));
    with_cookie(&server, &two).send().await.status(401).rule("forward_session_ended");
}

#[tokio::test]
async fn the_logout_of_the_api_clears_it() {
    let server = start().await;
    let (visitor, cookie) = signed_in(&server, "ann").await;
    let mut browser = server.anonymous();
    browser.cookie = visitor.jar.get("__Host-refresh").cloned();
    let out = browser.post("/auth/logout").send().await.status(204);
    assert!(line(&out).unwrap().ends_with("Max-Age=0"));
    with_cookie(&server, &cookie).send().await.status(401).rule("forward_session_ended");
}

#[tokio::test]
async fn a_new_password_gives_a_new_one_to_the_browser_that_had_one() {
    let server = start().await;
    let (visitor, old) = signed_in(&server, "ann").await;
    let mut browser = server.anonymous();
    browser.cookie = visitor.jar.get("__Host-refresh").cloned();
    let token: serde_json::Value = browser.refresh().await.status(200).json();
    browser.token = token["access_token"].as_str().map(str::to_owned);
    let form = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    let change = browser.post("/auth/password").json(&form);
    let changed = change.header("cookie", &format!("__Secure-forward={old}")).send().await;
    let new = changed.status(200).cookie("__Secure-forward").unwrap();
    with_cookie(&server, &old).send().await.status(401).rule("forward_cookie_proof");
    assert_eq!(status(&server, &new).await, 200);

    let bob = server.user("bob").await;
    let changed = bob.post("/auth/password").json(&form).send().await.status(200);
    assert!(line(&changed).is_none());
}

#[tokio::test]
async fn what_ends_a_session_from_elsewhere_ends_it() {
    let server = start().await;
    let root = server.admin().await;
    let id = |name: &str| {
        let name = name.to_owned();
        let root = &root;
        async move {
            let found: serde_json::Value =
                root.get(&format!("/admin/users?q={name}")).send().await.json();
            found["users"][0]["id"].as_str().unwrap().to_owned()
        }
    };
    for name in ["disabled", "demoted", "deleted", "revoked"] {
        server.account(name, &["user"]).await;
        let (_, cookie) = signed_in(&server, name).await;
        assert_eq!(status(&server, &cookie).await, 200);
        let id = id(name).await;
        let path = format!("/admin/users/{id}");
        let answer = match name {
            "disabled" => patch(&root, &id, &json!({"disabled": true})).await,
            "demoted" => patch(&root, &id, &json!({"roles": ["editor"]})).await,
            "deleted" => root.delete(&path).send().await,
            _ => root.delete(&format!("{path}/sessions")).send().await,
        };
        assert!(answer.status < 300, "{name}");
        assert_eq!(status(&server, &cookie).await, 401, "{name}");
    }
}

#[tokio::test]
async fn a_bearer_token_counts_before_it_and_a_bad_one_is_not_passed_over() {
    let server = start().await;
    let bob = server.user("bob").await;
    let (_, cookie) = signed_in(&server, "ann").await;
    let both = bearer(with_cookie(&server, &cookie), bob.token.as_ref().unwrap());
    assert_eq!(told(&both.send().await.status(200))[0], "bob");
    for bad in ["abc", "dk_pat_abc", ""] {
        bearer(with_cookie(&server, &cookie), bad)
            .send()
            .await
            .status(401)
            .problem("invalid_token");
    }
    let basic = with_cookie(&server, &cookie).header("authorization", "Basic YTpi");
    assert_eq!(told(&basic.send().await.status(200))[0], "ann");
}

#[tokio::test]
async fn without_a_domain_there_is_no_cookie() {
    let mut setup = guarding(RULES);
    setup.http.forward.site = None;
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login?rd=https%3A%2F%2Fwiki.example.org%2Fx").await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    let signed = visitor.send(&page, &fields).await.leads_to("/account");
    assert!(line(&signed.0).is_none());
}

#[tokio::test]
async fn on_this_machine_it_has_another_name_and_no_domain() {
    let mut setup = guarding("[[access]]\nhost = \"localhost\"\nallow = true\n");
    setup.http.forward.site = Some(ForwardSite::new("localhost".to_owned(), false));
    let server = setup.start().await;
    server.account("ann", &["user"]).await;
    let mut visitor = Visitor::new(&server);
    let page = visitor.open("/login?rd=http%3A%2F%2Flocalhost%3A3000%2F").await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    let signed = visitor.send(&page, &fields).await.leads_to("http://localhost:3000/");
    let cookie = &visitor.jar["forward"];
    let set = format!("forward={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200");
    assert!(signed.0.headers.get_all("set-cookie").iter().any(|line| *line == set.as_str()));
    let asked = super::asks_for(&server, ("GET", "localhost:3000", "/"));
    asked.header("cookie", &format!("forward={cookie}")).send().await.status(200);
}
