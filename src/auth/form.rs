//! Fields of requests as types: every bad one is reported at once, each by its name.

use std::borrow::Cow;

use super::error::{Error, FieldError};
use crate::crypto::PasswordPolicy;
use crate::model::{BadName, DisplayName, Email, LoginName, Password, Role, Roles, Secret};

/// Collects what is wrong with the fields of one request.
#[derive(Debug, Default)]
pub(super) struct Form {
    errors: Vec<FieldError>,
}

impl Form {
    /// Notes what is wrong with `field`.
    pub(super) fn refuse(&mut self, field: &'static str, message: impl Into<Cow<'static, str>>) {
        self.errors.push(FieldError { field, message: message.into() });
    }

    /// The parsed field; `None` when it was refused.
    pub(super) fn take<T, E: ToString>(
        &mut self,
        field: &'static str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed.map_err(|error| self.refuse(field, error.to_string())).ok()
    }

    pub(super) fn username(&mut self, text: &str) -> Option<LoginName> {
        self.take("username", LoginName::try_from(text))
    }

    /// The address; outer `None` when it was refused, inner one when there is none.
    #[expect(clippy::option_option, reason = "refused and absent are two things")]
    pub(super) fn email(&mut self, text: Option<String>) -> Option<Option<Email>> {
        match text {
            None => Some(None),
            Some(text) => self.take("email", Email::try_from(text)).map(Some),
        }
    }

    /// The name for people, as [`Form::email`].
    #[expect(clippy::option_option, reason = "refused and absent are two things")]
    pub(super) fn display_name(&mut self, text: Option<String>) -> Option<Option<DisplayName>> {
        match text {
            None => Some(None),
            Some(text) => {
                let parsed: Result<_, BadName> = DisplayName::try_from(text);
                self.take("display_name", parsed).map(Some)
            }
        }
    }

    /// Roles out of the declared ones.
    pub(super) fn roles(&mut self, words: Vec<String>, declared: &Roles) -> Option<Roles> {
        let mut roles = Roles::new();
        for word in words {
            match Role::try_from(word) {
                Ok(role) if declared.contains(&role) => roles.insert(role),
                Ok(_) | Err(_) => {
                    let known: Vec<&str> = declared.iter().map(Role::as_str).collect();
                    self.refuse("roles", format!("must be among {}", known.join(", ")));
                    return None;
                }
            };
        }
        Some(roles)
    }

    /// A password good enough to be set, by the policy and the names of its account.
    pub(super) fn new_password(
        &mut self,
        field: &'static str,
        secret: Secret,
        (policy, names): (&PasswordPolicy, &[&str]),
    ) -> Option<Password> {
        let Ok(password) = Password::try_from(secret) else {
            self.refuse(field, "must have at most 256 characters");
            return None;
        };
        self.take(field, policy.check(&password, names))?;
        Some(password)
    }

    /// Whether every field was good so far.
    pub(super) fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    /// What was wrong.
    pub(super) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Nothing, when every field was good.
    pub(super) fn finish(self) -> Result<(), Error> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Invalid(self.errors)) }
    }
}

/// A password that is to be verified: only its size in bytes is looked at.
pub(super) fn presented(field: &'static str, secret: Secret) -> Result<Password, Error> {
    Password::try_from(secret)
        .map_err(|_| Error::invalid(field, "must have at most 256 characters"))
}
