//! In which language a page speaks. Each language is one file in `texts/`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use warp::http::HeaderMap;
use warp::http::header::ACCEPT_LANGUAGE;

use crate::http::kind::Kind;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

/// All that the pages say. A text with a word in braces has something put in its place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) sign_in: String,
    pub(super) login_name: String,
    pub(super) username: String,
    pub(super) username_hint: String,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) new_password: String,
    pub(super) password_hint: String,
    pub(super) show_password: String,
    pub(super) hide_password: String,
    pub(super) strength_short: String,
    pub(super) strength_weak: String,
    pub(super) strength_fair: String,
    pub(super) strength_good: String,
    pub(super) strength_strong: String,
    pub(super) register: String,
    pub(super) register_submit: String,
    pub(super) register_instead: String,
    pub(super) sign_in_instead: String,
    pub(super) set_password: String,
    pub(super) set_password_lead: String,
    pub(super) set_password_submit: String,
    pub(super) setup: String,
    pub(super) setup_lead: String,
    pub(super) setup_secret: String,
    pub(super) setup_secret_hint: String,
    pub(super) setup_submit: String,
    pub(super) signed_in: String,
    pub(super) signed_in_as: String,
    #[serde(rename = "continue")]
    pub(super) continue_on: String,
    pub(super) sign_out: String,
    pub(super) to_sign_in: String,
    pub(super) error_title: String,
    pub(super) refused: String,
    pub(super) request: String,
    pub(super) problem: String,
    /// What was done before somebody came to the sign-in page, by its word in the query.
    pub(super) done: BTreeMap<String, String>,
    times: Times,
    /// What /account and /console say, where no page before them says it.
    app: Map<String, Value>,
    /// What /console says besides.
    console_app: Map<String, Value>,
    /// What went wrong, by the code of the problem.
    errors: BTreeMap<String, String>,
    /// What is wrong with a field, by the sentence of the use case, `#` for a number in it.
    messages: BTreeMap<String, String>,
    /// Title and help of each problem. English has them in the table of kinds.
    #[serde(default)]
    problems: BTreeMap<String, (String, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Times {
    second: String,
    seconds: String,
    minute: String,
    minutes: String,
    hour: String,
    hours: String,
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/en.json")));
static GERMAN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("texts/de.json")));

fn read(file: &str) -> Texts {
    serde_json::from_str(file).expect("a test reads every file of texts")
}

impl Language {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What the pages say in it.
    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }

    /// The one of `offered` that the browser likes best, the first where it likes none (RFC 9110,
    /// 12.5.4).
    pub(super) fn of_choice(offered: &[Self], headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut wanted: Vec<_> = lines.flat_map(|line| line.split(',')).filter_map(wish).collect();
        wanted.sort_by_key(|(_, weight)| Reverse(*weight));
        let mut found = wanted.iter().filter_map(|(primary, _)| {
            offered
                .iter()
                .find(|language| *primary == "*" || primary.eq_ignore_ascii_case(language.tag()))
        });
        let best = found.next().or(offered.first());
        best.copied().unwrap_or(Self::English)
    }
}

/// The primary language of one wish and its weight in thousandths: `de-AT;q=0.8` is German, 800.
/// `None` for what is not wanted.
fn wish(text: &str) -> Option<(&str, u16)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let primary = tag.trim().split('-').next().filter(|primary| !primary.is_empty())?;
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => thousandths(weight)?,
        None => 1000,
    };
    (weight > 0).then_some((primary, weight))
}

fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let part: u16 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    Some(whole.parse::<u16>().ok()?.min(1) * 1000 + part).map(|weight| weight.min(1000))
}

impl Texts {
    /// What went wrong, for whoever sees the page; `wait` in seconds where waiting helps.
    pub(super) fn error(&self, code: &str, wait: Option<u64>) -> String {
        let text = self.errors.get(code).or_else(|| self.errors.get("other"));
        let wait = self.span(wait.unwrap_or(1));
        text.map(|text| text.replace("{wait}", &wait)).unwrap_or_default()
    }

    /// What is wrong with a field, said by a use case; as it is where there are no words for it.
    pub(super) fn message(&self, sentence: &str) -> String {
        let number: String = sentence.chars().filter(char::is_ascii_digit).collect();
        let pattern = if number.is_empty() { None } else { Some(sentence.replace(&number, "#")) };
        let exact = self.messages.get(sentence).cloned();
        let filled = |text: &String| text.replace('#', &number);
        let found = exact.or_else(|| self.messages.get(&pattern?).map(filled));
        found.unwrap_or_else(|| sentence.to_owned())
    }

    /// A span of seconds in words, rounded up.
    pub(super) fn span(&self, seconds: u64) -> String {
        let times = &self.times;
        let (number, one, many) = match seconds {
            0..=59 => (seconds, &times.second, &times.seconds),
            60..=3599 => (seconds.div_ceil(60), &times.minute, &times.minutes),
            _ => (seconds.div_ceil(3600), &times.hour, &times.hours),
        };
        if number == 1 { one.clone() } else { many.replace("{n}", &number.to_string()) }
    }

    /// What /account and /console say of themselves, without their scripts.
    pub(super) fn app(&self, key: &str) -> &str {
        let text = self.app.get(key).or_else(|| self.console_app.get(key));
        text.and_then(Value::as_str).unwrap_or_default()
    }

    /// What the scripts of /console say besides.
    pub(super) fn for_console(&self) -> &Map<String, Value> {
        &self.console_app
    }

    /// What the scripts of both say.
    pub(super) fn for_scripts(&self) -> Map<String, Value> {
        let mut all = self.app.clone();
        let shared = json!({
            "continue": self.continue_on,
            "hide_password": self.hide_password,
            "messages": self.messages,
            "new_password": self.new_password,
            "password": self.password,
            "password_hint": self.password_hint,
            "show_password": self.show_password,
            "sign_out": self.sign_out,
            "strength_fair": self.strength_fair,
            "strength_good": self.strength_good,
            "strength_short": self.strength_short,
            "strength_strong": self.strength_strong,
            "strength_weak": self.strength_weak,
            "username": self.username,
            "username_hint": self.username_hint,
        });
        all.extend(shared.as_object().cloned().unwrap_or_default());
        // What went wrong has other words where somebody is signed in already.
        let own = all.get("errors").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut errors: Map<String, Value> =
            self.errors.iter().map(|(code, text)| (code.clone(), json!(text))).collect();
        errors.extend(own);
        all.insert("errors".to_owned(), errors.into());
        all
    }

    /// Title and help of a kind of problem.
    pub(super) fn kind(&self, kind: Kind) -> (&str, &str) {
        let row = kind.row();
        let told = self.problems.get(row.code).map(|(title, help)| (title.as_str(), help.as_str()));
        told.unwrap_or((row.title, row.help))
    }
}

#[cfg(test)]
mod tests;
