//! A personal API token: a long-lived key that a user makes for a program of its own.

use serde::{Deserialize, Serialize};

use super::clock::{Clock, Timestamp};
use super::id::{ApiTokenId, UserId};
use super::names::TokenName;
use super::role::Roles;
use super::secret::Secret;
use super::token::{NotAToken, TokenHash, TokenSecret};
use super::user::User;
use super::word;

/// What the program holds: `dk_pat_`, then id and secret in 65 letters and digits, then six of
/// their checksum. It names its record, so no index leads from tokens to records; and it is no
/// JWT, so it is never taken for an access token.
#[derive(Debug, Clone)]
pub struct PlainApiToken {
    /// The record; public.
    pub token: ApiTokenId,
    /// What proves it.
    pub secret: TokenSecret,
}

impl PlainApiToken {
    /// By which scanners for secrets find one: `dk_pat_[0-9A-Za-z]{71}`.
    pub const PREFIX: &str = "dk_pat_";

    /// How long the text is.
    pub const LENGTH: usize = word::length(Self::PREFIX, 48);

    /// The text, to be shown once.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let mut bytes = zeroize::Zeroizing::new([0; 48]);
        let (id, secret) = bytes.split_at_mut(16);
        id.copy_from_slice(&self.token.to_bytes());
        secret.copy_from_slice(self.secret.expose());
        word::write(Self::PREFIX, &bytes)
    }

    /// Reads a text, before anything is looked up.
    ///
    /// # Errors
    /// [`NotAToken`] for any other form, a wrong checksum included.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let bytes = word::read::<48>(Self::PREFIX, text).ok_or(NotAToken)?;
        let (id, secret) = bytes.split_at(16);
        Ok(Self {
            token: ApiTokenId::from_bytes(id.try_into().map_err(|_| NotAToken)?),
            secret: TokenSecret::from_bytes(secret.try_into().map_err(|_| NotAToken)?),
        })
    }
}

/// The record of a token. It is good as long as it is there, has not expired, and its owner is
/// enabled and has not ended everything since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiToken {
    /// Public: the `jti` of introspection.
    pub id: ApiTokenId,
    /// Of its secret.
    pub secret_hash: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// The user's epoch in which it was made.
    pub epoch: u64,
    /// What its owner calls it.
    pub name: TokenName,
    /// What it may reach, as far as its owner may.
    pub roles: Roles,
    /// When it was made.
    pub created_at: Timestamp,
    /// The end, which never moves.
    pub expires_at: Timestamp,
    /// Kept in memory between writes; `None` until it is used.
    pub last_used_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it is good for `owner` at `now`. One that was made later than now is one of a clock
    /// that was wrong, and would outlive its time.
    #[must_use]
    pub fn is_live(&self, now: Timestamp, owner: &User) -> bool {
        self.created_at <= now.plus(Clock::STEP) && self.may_live(now, owner)
    }

    /// Whether it lives, or may live again when a jump of the clock is taken back: nothing has ended
    /// it, and at `certain`, the latest time that is certain, its time is not over.
    #[must_use]
    pub fn may_live(&self, certain: Timestamp, owner: &User) -> bool {
        let of_its_owner = self.user == owner.id && !owner.disabled;
        let since = owner.api_since..=owner.epoch;
        certain < self.expires_at && of_its_owner && since.contains(&self.epoch)
    }

    /// What it may reach now: its roles that its owner still has.
    #[must_use]
    pub fn roles_of(&self, owner: &User) -> Roles {
        self.roles.intersection(&owner.roles).cloned().collect()
    }

    /// The token used at `now`.
    #[must_use]
    pub fn used(mut self, now: Timestamp) -> Self {
        self.last_used_at = self.last_used_at.max(Some(now));
        self
    }
}

/// A user's tokens by id, oldest first: one record, so that two of them made at once meet and the
/// bound holds. It may name some that were swept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserApiTokens {
    /// At most the bound.
    pub tokens: Vec<ApiTokenId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LoginName, Role};

    fn owner() -> User {
        User {
            id: UserId::from_bytes([1; 16]),
            username: LoginName::try_from("ann").unwrap(),
            email: None,
            email_verified: false,
            display_name: None,
            roles: Roles::from([Role::user()]),
            disabled: false,
            created_at: Timestamp::EPOCH,
            epoch: 5,
            api_since: 0,
            password: None,
        }
    }

    fn token() -> ApiToken {
        ApiToken {
            id: ApiTokenId::from_bytes([2; 16]),
            secret_hash: TokenHash::from_bytes([3; 32]),
            user: owner().id,
            epoch: 5,
            name: TokenName::try_from("ci".to_owned()).unwrap(),
            roles: Roles::from([Role::user(), Role::admin()]),
            created_at: Timestamp::from_seconds(10_000),
            expires_at: Timestamp::from_seconds(20_000),
            last_used_at: None,
        }
    }

    #[test]
    fn a_token_is_one_word_that_scanners_find_and_reads_back() {
        let plain = PlainApiToken {
            token: ApiTokenId::from_bytes([0xfe; 16]),
            secret: TokenSecret::from_bytes([7; 32]),
        };
        let text = plain.to_text();
        let text = text.expose();
        assert_eq!((text.len(), PlainApiToken::LENGTH), (78, 78));
        assert!(text["dk_pat_".len()..].bytes().all(|b| b.is_ascii_alphanumeric()), "{text}");
        let read = PlainApiToken::parse(text).unwrap();
        assert_eq!((read.token, read.secret.expose()), (plain.token, plain.secret.expose()));
        assert_eq!(PlainApiToken::parse(&text.replace("pat", "svc")).unwrap_err(), NotAToken);
        assert!(!format!("{plain:?}").contains("7, 7"));
    }

    #[test]
    fn it_lives_between_its_making_and_its_end() {
        for (now, live) in [(9_000, false), (10_000, true), (19_999, true), (20_000, false)] {
            assert_eq!(token().is_live(Timestamp::from_seconds(now), &owner()), live, "{now}");
        }
    }

    #[test]
    fn it_survives_a_new_password_and_nothing_that_ends_everything() {
        let now = Timestamp::from_seconds(10_000);
        let hash = || crate::model::PasswordHash::from_phc("$x".to_owned());
        let live = |owner: &User| token().is_live(now, owner);
        assert!(live(&owner().with_password(hash())));
        assert!(live(&owner().with_roles(Roles::from([Role::admin()]))));
        assert!(!live(&owner().with_reset_password(hash())));
        assert!(!live(&owner().with_next_epoch()));
        assert!(!live(&owner().with_disabled(true)));
        assert!(!live(&owner().with_disabled(true).with_disabled(false)));
        assert!(!live(&User { epoch: 4, ..owner() }), "an account that is another than it was");
        assert!(!live(&User { id: UserId::from_bytes([9; 16]), ..owner() }));
    }

    #[test]
    fn it_reaches_no_further_than_its_owner() {
        assert_eq!(token().roles_of(&owner()), Roles::from([Role::user()]));
        assert!(token().roles_of(&owner().with_roles(Roles::new())).is_empty());
    }
}
