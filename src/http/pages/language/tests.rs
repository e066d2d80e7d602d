//! The files of texts against each other, and the choice between them.

use std::collections::BTreeSet;

use serde_json::Value;
use warp::http::HeaderValue;

use super::*;

const FILES: [&str; 2] = [include_str!("../texts/en.json"), include_str!("../texts/de.json")];

/// Every text with the path of its key, less what English has in the table of kinds.
fn texts(file: &str) -> Vec<(String, String)> {
    fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(name, value)| walk(&format!("{path}/{name}"), value, found));
            }
            Value::String(text) => found.push((path.to_owned(), text.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                panic!("{path}: {value}")
            }
        }
    }
    let mut whole: Value = serde_json::from_str(file).unwrap();
    whole.as_object_mut().unwrap().remove("problems");
    let mut found = Vec::new();
    walk("", &whole, &mut found);
    found
}

/// The places in a text where something is put in.
fn places(text: &str) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> =
        text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
    found.extend(text.matches('#'));
    found
}

#[test]
fn every_language_says_the_same_things_with_the_same_places_in_them() {
    let [english, german] = FILES.map(texts);
    let keys = |texts: &[(String, String)]| texts.iter().map(|(key, _)| key.clone()).collect();
    let (ours, theirs): (Vec<String>, Vec<String>) = (keys(&english), keys(&german));
    assert_eq!(ours, theirs, "the same keys, in the same order");
    for ((key, one), (_, other)) in english.iter().zip(&german) {
        assert!(!one.trim().is_empty() && !other.trim().is_empty(), "{key}");
        assert_eq!(places(one), places(other), "{key}");
        assert!(one.is_ascii() && !one.contains('<') && !other.contains('<'), "{key}");
    }
}

#[test]
fn every_problem_is_explained_in_every_language() {
    for language in Language::ALL {
        let texts = language.texts();
        for kind in Kind::ALL {
            let (title, help) = texts.kind(*kind);
            assert!(title.ends_with('.') && help.ends_with('.'), "{kind:?}");
            assert_eq!(language == Language::English, title == kind.row().title, "{kind:?}");
        }
    }
}

#[test]
fn the_language_is_the_one_that_the_browser_likes_best() {
    let both = [Language::English, Language::German];
    let choose = |offered: &[Language], wishes: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_bytes(wishes.as_bytes()).unwrap());
        Language::of_choice(offered, &headers).tag()
    };
    for (wishes, expected) in [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at,en;q=0.9", "de"),
        ("en;q=0.8, de;q=0.9", "de"),
        ("en, de", "en"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("fr;q=1, *;q=0.1", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=0", "en"),
        ("fr", "en"),
        ("", "en"),
        ("deutsch, ;;q=, -, ;q=x", "en"),
        ("de;q=0.0001,en;q=0.001", "en"),
        ("en;q=0.5,de;q=99999999999", "en"),
        ("ä, de", "en"),
    ] {
        assert_eq!(choose(&both, wishes), expected, "{wishes:?}");
    }
    assert_eq!(choose(&[Language::German], "en"), "de");
    assert_eq!(choose(&[Language::German, Language::English], "fr"), "de");
    assert_eq!(Language::of_choice(&both, &HeaderMap::new()), Language::English);
}

#[test]
fn a_wait_is_said_in_words() {
    let texts = Language::German.texts();
    for (seconds, words) in [
        (1, "1 Sekunde"),
        (59, "59 Sekunden"),
        (60, "1 Minute"),
        (61, "2 Minuten"),
        (900, "15 Minuten"),
        (3600, "1 Stunde"),
        (7201, "3 Stunden"),
    ] {
        assert_eq!(texts.span(seconds), words);
    }
    let error = Language::English.texts().error("too_many_attempts", Some(90));
    assert_eq!(error, "There were too many attempts. Try again in 2 minutes.");
}

#[test]
fn what_has_no_words_of_its_own_is_said_as_it_is() {
    let texts = Language::German.texts();
    assert_eq!(
        texts.message("must have at least 15 characters"),
        "Nehmen Sie mindestens 15 Zeichen."
    );
    assert_eq!(texts.message("must be 7 of 9"), "must be 7 of 9");
    assert_eq!(texts.error("nothing", None), texts.error("internal", None));
}
