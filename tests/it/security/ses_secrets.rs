//! Where the refresh token is, where it is not, and what it is made of.

use std::collections::HashSet;
use std::path::Path;

use doorkey::crypto::Random;
use doorkey::model::{Clock, Timestamp};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::forge::decode;
use crate::auth::{OTHER_PASSWORD, at_once, change_password, dump, hold, on_memory, take};
use crate::cli::harness::{Place, names};
use crate::harness::{Answer, PASSWORD, Setup, TestServer};

/// Beside the refresh secret: the password, links, and what signs access tokens.
#[tokio::test]
async fn ses_03_secrets_are_stored_as_hashes_only() {
    let (setup, engine) = on_memory();
    let server = setup.start().await;
    let (admin, ann) = (server.admin().await, server.user("ann").await);
    let path = format!("/admin/users/{}/password-reset", ann.user_id);
    let link: Value = admin.post(&path).send().await.status(200).json();
    let secrets = [
        ann.cookie.clone().unwrap().split_once('.').unwrap().1.to_owned(),
        admin.cookie.clone().unwrap().split_once('.').unwrap().1.to_owned(),
        link["link"].as_str().unwrap().rsplit_once('.').unwrap().1.to_owned(),
        ann.token.clone().unwrap().rsplit_once('.').unwrap().1.to_owned(),
        PASSWORD.to_owned(),
    ];
    let all = dump(&*engine).await;
    assert!(all.len() > 10);
    for secret in &secrets {
        assert!(secret.len() >= 28, "{secret}");
        let shown = all.iter().find(|(key, value)| key.contains(secret) || value.contains(secret));
        assert_eq!(shown, None);
    }
}

/// Everything that an answer shows but for the one line that sets the cookie.
fn shown(answer: &Answer) -> String {
    let mut headers = answer.headers.clone();
    headers.remove("set-cookie");
    format!("{headers:?} {}", answer.text())
}

#[tokio::test]
async fn ses_01_the_refresh_token_comes_in_the_cookie_and_nowhere_else() {
    let server = TestServer::start().await;
    let (root, mut ann) = (server.admin().await, server.user("ann").await);
    let one = format!("/admin/users/{}", ann.user_id);
    let login = ann.login("ann", PASSWORD).await.status(200);
    take(&mut ann, &login);
    let mut secrets = vec![login.cookie("__Host-refresh").unwrap()];
    let mut texts = vec![shown(&login), shown(&ann.refresh().await.status(200))];
    for path in ["/auth/me", "/auth/sessions"] {
        texts.push(shown(&ann.get(path).send().await.status(200)));
    }
    let changed = change_password(&ann, PASSWORD, OTHER_PASSWORD).await.status(200);
    secrets.push(changed.cookie("__Host-refresh").unwrap());
    take(&mut ann, &changed);
    texts.push(shown(&changed));
    for path in [one.clone(), format!("{one}/sessions"), "/admin/events".to_owned()] {
        texts.push(shown(&root.get(&path).send().await.status(200)));
    }
    texts.push(shown(&ann.post("/auth/logout").send().await.status(204)));
    for cookie in secrets {
        let (_, secret) = cookie.split_once('.').unwrap();
        assert!(texts.iter().all(|text| !text.contains(secret)), "{texts:#?}");
    }
}

/// By the system's own generator, as in earnest.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ses_02_ten_thousand_logins_have_nothing_in_common() {
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
    let server = hold(Setup::default().start_at(clock, Random::system()).await);
    let people = (0..100).map(|n| async move {
        let name = format!("ann{n}");
        server.account(&name, &["user"]).await;
        let mut cookies = Vec::new();
        for _ in 0..100 {
            let login = server.anonymous().login(&name, PASSWORD).await.status(200);
            cookies.push(login.cookie("__Host-refresh").unwrap());
        }
        cookies
    });
    let cookies: Vec<String> = at_once(people).await.into_iter().flatten().collect();
    let (mut ids, mut secrets, mut first) = (HashSet::new(), HashSet::new(), HashSet::new());
    for cookie in &cookies {
        let (id, secret) = cookie.split_once('.').unwrap();
        assert_eq!((id.len(), secret.len()), (22, 43), "128 and 256 bits");
        ids.insert(&id[..12]);
        secrets.insert(&secret[..12]);
        first.insert(secret.as_bytes()[0]);
    }
    assert_eq!((cookies.len(), ids.len(), secrets.len()), (10_000, 10_000, 10_000));
    assert_eq!(first.len(), 64, "no letter of base64url is left out");
}

/// Every file of the folder, as bytes.
pub(super) fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            all.extend(bytes_below(&path));
        } else if path.is_file() {
            all.extend(std::fs::read(&path).unwrap());
        }
    }
    all
}

/// With the journal of changes and the index, where old values stay.
#[test]
fn ses_03_no_secret_of_a_session_is_in_the_data_folder() {
    let place = Place::open();
    let mut server = place.serve(&[]);
    server.register("ann");
    let login = server.login("ann", PASSWORD).status(200);
    let change = json!({"current_password": PASSWORD, "new_password": OTHER_PASSWORD});
    let changed = server.post_as(&login.token(), "/auth/password", &change).status(200);
    server.post_with_cookie(&changed.cookie(), "/auth/logout").status(204);
    assert_eq!(server.signal(Signal::TERM), 0);
    let files = bytes_below(&place.data());
    let holds = |needle: &[u8]| files.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"password_changed") && holds(b"\"ann\""), "the files are read");
    for secret in [PASSWORD, OTHER_PASSWORD] {
        assert!(!holds(secret.as_bytes()), "{secret}");
    }
    for cookie in [login.cookie(), changed.cookie()] {
        let (_, secret) = cookie.split_once('.').unwrap();
        assert!(!holds(secret.as_bytes()) && !holds(&decode(secret)), "{cookie}");
    }
}
