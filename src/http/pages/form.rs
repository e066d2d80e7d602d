//! A form: its fields, and what of a refusal stands beside which.

use askama::Template;

use super::language::Texts;
use super::layout::Layout;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::model::Secret;

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Text,
    Email,
    Password,
    NewPassword,
}

/// One field with its label.
#[derive(Debug)]
pub(super) struct Field<'a> {
    name: &'static str,
    label: &'a str,
    input: Input,
    autocomplete: &'static str,
    /// What was typed before. A password never is.
    value: String,
    hint: Option<String>,
    error: Option<String>,
    required: bool,
    focus: bool,
}

impl<'a> Field<'a> {
    const fn new(name: &'static str, label: &'a str, input: Input) -> Self {
        Self {
            name,
            label,
            input,
            autocomplete: "off",
            value: String::new(),
            hint: None,
            error: None,
            required: true,
            focus: false,
        }
    }

    /// A name, with what was typed before.
    pub(super) fn username(label: &'a str, value: &str) -> Self {
        let field = Self::new("username", label, Input::Text);
        Self { autocomplete: "username", value: value.to_owned(), ..field }
    }

    /// An address that may be left out, with what was typed before.
    pub(super) fn email(label: &'a str, value: &str) -> Self {
        let field = Self::new("email", label, Input::Email);
        Self { autocomplete: "email", value: value.to_owned(), required: false, ..field }
    }

    /// A password that is there already.
    pub(super) const fn password(label: &'a str) -> Self {
        let mut field = Self::new("password", label, Input::Password);
        field.autocomplete = "current-password";
        field
    }

    /// A password that is to be set.
    pub(super) const fn new_password(name: &'static str, label: &'a str) -> Self {
        let mut field = Self::new(name, label, Input::NewPassword);
        field.autocomplete = "new-password";
        field
    }

    /// A secret that works once, and that no browser should keep.
    pub(super) const fn once(name: &'static str, label: &'a str) -> Self {
        Self::new(name, label, Input::Text)
    }

    /// With something to know before typing.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn is_password(&self) -> bool {
        matches!(self.input, Input::Password | Input::NewPassword)
    }

    fn is_new_password(&self) -> bool {
        self.input == Input::NewPassword
    }

    fn kind(&self) -> &'static str {
        match self.input {
            Input::Text => "text",
            Input::Email => "email",
            Input::Password | Input::NewPassword => "password",
        }
    }

    /// The ids of what is said about it.
    fn described_by(&self) -> Option<String> {
        let parts = [(self.error.is_some(), "error"), (self.hint.is_some(), "hint")];
        let ids = parts.iter().filter(|(there, _)| *there);
        let ids: Vec<String> = ids.map(|(_, part)| format!("{}-{part}", self.name)).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// A form of a page, posted to the page's own path.
#[derive(Debug)]
pub(super) struct Form<'a> {
    pub(super) path: &'static str,
    pub(super) heading: &'a str,
    /// What was done before.
    pub(super) notice: Option<&'a str>,
    /// What went wrong that is of no field.
    pub(super) alert: Option<String>,
    /// What it is for.
    pub(super) lead: Option<String>,
    /// Sent along, not shown.
    pub(super) hidden: Vec<(&'static str, Secret)>,
    pub(super) fields: Vec<Field<'a>>,
    /// Whose password it is, where no field says so: for the browser's store of passwords.
    pub(super) account: Option<String>,
    pub(super) submit: &'a str,
    /// Ways elsewhere.
    pub(super) links: Vec<(String, &'a str)>,
    /// The problems that are those of one field.
    pub(super) places: &'static [(Kind, &'static str)],
    /// The fewest characters of a new password, and what is said of fewer.
    pub(super) least: usize,
    pub(super) too_short: String,
}

impl<'a> Form<'a> {
    /// A form without fields.
    pub(super) const fn new(path: &'static str, heading: &'a str, submit: &'a str) -> Self {
        Self {
            path,
            heading,
            notice: None,
            alert: None,
            lead: None,
            hidden: Vec::new(),
            fields: Vec::new(),
            account: None,
            submit,
            links: Vec::new(),
            places: &[],
            least: 0,
            too_short: String::new(),
        }
    }

    /// With a rule for its new password.
    pub(super) fn least(mut self, texts: &Texts, least: usize) -> Self {
        let number = least.to_string();
        self.too_short = texts.strength_short.replace("{n}", &number);
        let hint = texts.password_hint.replace("{n}", &number);
        for field in self.fields.iter_mut().filter(|field| field.is_new_password()) {
            field.hint = Some(hint.clone());
        }
        self.least = least;
        self
    }

    /// With what `problem` says: beside its field where it is about one, else above all of them.
    pub(super) fn refused(&mut self, problem: &Problem, texts: &Texts) {
        let kind = problem.kind();
        for error in problem.errors() {
            self.mark(&error.field, texts.message(&error.message));
        }
        let place = self.places.iter().find(|(known, _)| *known == kind).map(|(_, place)| *place);
        let told = match (place, kind) {
            (Some("secret"), _) => texts.error("wrong_secret", None),
            (_, kind) => texts.error(kind.row().code, problem.wait()),
        };
        let is_marked = place.is_some_and(|place| self.mark(place, told.clone()));
        if !is_marked && self.fields.iter().all(|field| field.error.is_none()) {
            self.alert = Some(told);
        }
    }

    /// Whether there is such a field.
    fn mark(&mut self, name: &str, error: String) -> bool {
        let field = self.fields.iter_mut().find(|field| field.name == name);
        field.map(|field| field.error = Some(error)).is_some()
    }

    /// The page begins where something has to be done: at the first error, else at the first
    /// field that is empty.
    fn focus(&mut self) {
        let wrong = self.fields.iter().position(|field| field.error.is_some());
        let empty = self.fields.iter().position(|field| field.required && field.value.is_empty());
        let first = if self.alert.is_some() { wrong } else { wrong.or(empty) };
        if let Some(at) = first {
            self.fields[at].focus = true;
        }
    }

    /// The whole page.
    pub(super) fn render(mut self, page: &Layout<'_>, texts: &Texts) -> String {
        self.focus();
        page.rendered(&FormPage { page, form: &self, texts })
    }
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage<'a> {
    page: &'a Layout<'a>,
    form: &'a Form<'a>,
    texts: &'a Texts,
}
