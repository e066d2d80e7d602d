//! In which language the pages speak.

use doorkey::http::Language;

use super::Visitor;
use crate::harness::{Setup, TestServer};

#[tokio::test]
async fn the_page_speaks_as_the_browser_asks() {
    let server = TestServer::start().await;
    let mut visitor = Visitor::new(&server);
    for (wishes, tag, word) in [
        ("de-CH,de;q=0.9,en;q=0.8", "de", "Passwort"),
        ("en-GB", "en", "Password"),
        ("fr,ja;q=0.9", "en", "Password"),
        ("", "en", "Password"),
    ] {
        visitor.language = wishes;
        for target in ["/login", "/register"] {
            let page = visitor.open(target).await.status(200).says(word);
            assert!(page.tag("<html").contains(&format!("lang=\"{tag}\"")), "{wishes} {target}");
            assert_eq!(page.0.header("vary"), Some("accept-language"));
        }
    }
}

#[tokio::test]
async fn only_the_configured_languages_are_spoken_and_the_first_to_all_others() {
    let mut setup = Setup::default();
    setup.http.pages.languages = vec![Language::German];
    let server = setup.start().await;
    let mut visitor = Visitor::new(&server);
    visitor.open("/login").await.says("Passwort");
    visitor.language = "fr";
    visitor.open("/nothing").await.status(404).says("Diese Seite gibt es nicht.");
    visitor.open("/problems/busy").await.says("Der Server ist beschäftigt.");
}
