use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::model::{ClockState, EventKind, KeyState};

fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCRIPTS.iter().chain([&AIDS]).copied()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The words that follow `mark` in a text, where `mark` begins a word.
fn after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    let begins = |at: usize| !text[..at].ends_with(|c| is_word(c) || c == '.');
    let found = text.match_indices(mark).filter(move |(at, _)| begins(*at));
    found.map(move |(at, _)| {
        let rest = &text[at + mark.len()..];
        &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
    })
}

/// All texts of a language, those of the administration too.
fn texts(language: Language) -> Value {
    let (mut all, console) = (language.texts().for_scripts(), language.texts().for_console());
    let (one, other) = (all.len(), console.len());
    all.extend(console.clone());
    assert_eq!(all.len(), one + other, "no key is in both");
    all.into()
}

fn keys(texts: &Value) -> BTreeSet<&str> {
    texts.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn every_text_that_a_script_says_is_there_and_none_is_there_for_nothing() {
    let texts = texts(Language::English);
    let template = include_str!("../templates/app.html");
    let said = scripts().flat_map(|(_, text)| after(text, "t."));
    let shown = after(template, "texts.app(\"").chain(PARTS.map(|(_, text)| text));
    let shown = shown.chain([Page::Account.name(), Page::Console.name()]);
    let used: BTreeSet<&str> = said.chain(shown).filter(|key| !key.is_empty()).collect();
    assert_eq!(used, keys(&texts));
}

#[test]
fn the_own_account_needs_no_text_of_the_administration() {
    let texts = Language::English.texts().for_scripts();
    let needed = |name: &str| name == "account.js" || COMMON.contains(&name);
    for (name, text) in scripts().filter(|(name, _)| needed(name)) {
        for key in after(text, "t.").filter(|key| !key.is_empty()) {
            assert!(texts.contains_key(key), "{name}: {key}");
        }
    }
}

fn words(all: &[impl serde::Serialize]) -> BTreeSet<String> {
    all.iter().map(|one| json!(one).as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_of_event_each_state_and_each_actor_has_its_words() {
    let texts = texts(Language::English);
    let told = |group: &str| keys(&texts[group]).into_iter().map(str::to_owned).collect();
    let kinds: BTreeSet<String> = told("kinds");
    assert_eq!(kinds, words(&EventKind::ALL));
    assert_eq!(kinds, told("kind_names"));
    let states = [KeyState::Next, KeyState::Signing, KeyState::Retiring, KeyState::Gone];
    assert_eq!(told("key_states"), words(&states));
    assert_eq!(told("key_times"), words(&states));
    let clock = [ClockState::Set, ClockState::Ahead, ClockState::Behind, ClockState::NeverSet];
    assert_eq!(told("clock_states"), words(&clock));
    let actors: BTreeSet<String> = told("actors");
    assert_eq!(actors, ["anonymous", "operator", "system", "user"].map(str::to_owned).into());
}

#[test]
fn a_script_imports_only_what_stands_beside_it_and_the_client() {
    let app = App::new();
    for (name, text) in scripts() {
        let imported = text.split("from \"").skip(1).chain(text.split("import(\"").skip(1));
        for address in imported.filter_map(|rest| rest.split_once('"')).map(|(address, _)| address)
        {
            let beside = address.strip_prefix("./");
            let known = beside.is_some_and(|file| app.file(&app.folder, file).is_some());
            assert!(known || address == "/client/doorkey.js", "{name}: {address}");
        }
    }
}

/// Markup comes from the template alone.
#[test]
fn no_script_takes_a_text_for_markup_or_code() {
    for (name, text) in scripts() {
        for bad in
            ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function("]
        {
            assert!(!text.contains(bad), "{name}: {bad}");
        }
    }
}

#[test]
fn a_file_is_served_under_its_hash_only() {
    let app = App::new();
    assert!(app.file(&app.folder, "dom.js").is_some());
    assert!(app.file("0", "dom.js").is_none());
    assert!(app.file(&app.folder, "nothing.js").is_none());
    assert!(app.file(&app.folder, "en.js").is_some());
}
