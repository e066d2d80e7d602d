//! A user's account, and what may happen to it.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::id::UserId;
use super::names::{DisplayName, Email, LoginName};
use super::role::{Role, Roles};
use super::secret::PasswordHash;

/// An account. The fields are read freely and changed only by the methods below, which raise
/// the epoch whenever earlier sessions and access tokens must die.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Random and permanent.
    pub id: UserId,
    /// Unique.
    pub username: LoginName,
    /// Unique when present.
    pub email: Option<Email>,
    /// True only when an administrator, the shell or an import said so.
    pub email_verified: bool,
    /// For people to read; never used to decide anything.
    pub display_name: Option<DisplayName>,
    /// What the account may reach.
    pub roles: Roles,
    /// A disabled account cannot log in and its sessions are dead.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// A counter: sessions and access tokens of an earlier epoch are dead.
    pub epoch: u64,
    /// API tokens that were made in an earlier epoch than this are dead: those of later ones
    /// survive what ends sessions only.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub api_since: u64,
    /// `None` until an invited user has set a password: nothing verifies.
    pub password: Option<PasswordHash>,
}

/// What an account that never ended its API tokens has is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl User {
    /// Whether the account counts as an administrator who can act: one who was invited and has
    /// set no password yet cannot.
    #[must_use]
    pub fn is_enabled_admin(&self) -> bool {
        !self.disabled && self.password.is_some() && self.roles.contains(&Role::admin())
    }

    /// The account in its next epoch: all its sessions, access tokens and API tokens are dead.
    #[must_use]
    pub fn with_next_epoch(mut self) -> Self {
        self.epoch = self.epoch.saturating_add(1);
        self.api_since = self.epoch;
        self
    }

    /// The account in its next epoch: its sessions and access tokens are dead.
    fn without_sessions(mut self) -> Self {
        self.epoch = self.epoch.saturating_add(1);
        self
    }

    /// The account with another password of its user's choice, in its next epoch. API tokens live
    /// on: who changes the password once a year would stop every program by it.
    #[must_use]
    pub fn with_password(mut self, hash: PasswordHash) -> Self {
        self.password = Some(hash);
        self.without_sessions()
    }

    /// The account with a password that a link set: nobody has proved to know the one before, so
    /// API tokens end too.
    #[must_use]
    pub fn with_reset_password(mut self, hash: PasswordHash) -> Self {
        self.password = Some(hash);
        self.with_next_epoch()
    }

    /// The account with the same password hashed anew: no session ends.
    #[must_use]
    pub fn with_rehashed_password(mut self, hash: PasswordHash) -> Self {
        self.password = Some(hash);
        self
    }

    /// The account with these roles, in its next epoch unless they are the same. API tokens live
    /// on, and reach no further than it.
    #[must_use]
    pub fn with_roles(mut self, roles: Roles) -> Self {
        if roles == self.roles {
            return self;
        }
        self.roles = roles;
        self.without_sessions()
    }

    /// The account disabled or enabled, in its next epoch unless it was so already.
    #[must_use]
    pub fn with_disabled(mut self, disabled: bool) -> Self {
        if disabled == self.disabled {
            return self;
        }
        self.disabled = disabled;
        self.with_next_epoch()
    }

    /// The account with this address, or without one.
    #[must_use]
    pub fn with_email(mut self, email: Option<Email>, verified: bool) -> Self {
        self.email_verified = verified && email.is_some();
        self.email = email;
        self
    }

    /// The account with this name for people, or without one.
    #[must_use]
    pub fn with_display_name(mut self, name: Option<DisplayName>) -> Self {
        self.display_name = name;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: UserId::from_bytes([1; 16]),
            username: LoginName::try_from("ann").unwrap(),
            email: None,
            email_verified: false,
            display_name: None,
            roles: Roles::from([Role::user()]),
            disabled: false,
            created_at: Timestamp::EPOCH,
            epoch: 1,
            api_since: 0,
            password: None,
        }
    }

    #[test]
    fn what_must_end_sessions_raises_the_epoch_and_nothing_else_does() {
        let hash = || PasswordHash::from_phc("$x".to_owned());
        assert_eq!(user().with_password(hash()).epoch, 2);
        assert_eq!(user().with_reset_password(hash()).epoch, 2);
        assert_eq!(user().with_disabled(true).epoch, 2);
        assert_eq!(user().with_roles(Roles::from([Role::admin()])).epoch, 2);
        assert_eq!(user().with_rehashed_password(hash()).epoch, 1);
        assert_eq!(user().with_disabled(false).epoch, 1);
        assert_eq!(user().with_roles(Roles::from([Role::user()])).epoch, 1);
        assert_eq!(user().with_email(None, true).epoch, 1);
    }

    #[test]
    fn an_account_that_never_ended_its_api_tokens_is_written_as_before_there_were_any() {
        let written = serde_json::to_string(&user()).unwrap();
        assert!(!written.contains("api_since"), "{written}");
        assert_eq!(serde_json::from_str::<User>(&written).unwrap(), user());
        let ended = user().with_next_epoch();
        assert_eq!(ended.api_since, 2);
        let written = serde_json::to_string(&ended).unwrap();
        assert_eq!(serde_json::from_str::<User>(&written).unwrap(), ended);
    }

    #[test]
    fn no_address_is_never_a_verified_one() {
        assert!(!user().with_email(None, true).email_verified);
    }

    #[test]
    fn a_disabled_or_only_invited_administrator_is_none_who_can_act() {
        let invited = user().with_roles(Roles::from([Role::admin()]));
        assert!(!invited.is_enabled_admin());
        let admin = invited.with_password(PasswordHash::from_phc("$x".to_owned()));
        assert!(admin.is_enabled_admin());
        assert!(!admin.with_disabled(true).is_enabled_admin());
    }
}
