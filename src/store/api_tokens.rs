//! Personal API tokens, and each user's list of them.

use super::Error;
use super::changes::Stamp;
use super::engine::{Commit, Engine};
use super::expiry::{self, Kind};
use super::record::{Stored, decode, encode};
use crate::model::{ApiToken, ApiTokenId, UserApiTokens, UserId};

/// Access to the API tokens' records.
pub struct ApiTokens<'a> {
    engine: &'a dyn Engine,
}

pub(super) fn token_key(id: ApiTokenId) -> Vec<u8> {
    format!("apitoken/{id}").into_bytes()
}

fn list_key(user: UserId) -> Vec<u8> {
    format!("apitokens/{user}").into_bytes()
}

impl<'a> ApiTokens<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// A stamp of the token's record, to take before it is read; `None` when nothing can prove that
    /// it stays as it is.
    #[must_use]
    pub fn stamp(&self, id: ApiTokenId) -> Option<Stamp> {
        self.engine.changes()?.stamp(&token_key(id))
    }

    /// The token with this id, expired ones included; `None` when it was revoked.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self, id: ApiTokenId) -> Result<Option<Stored<ApiToken>>, Error> {
        self.engine.get(&token_key(id)).await?.as_ref().map(decode).transpose()
    }

    /// The user's tokens; empty for a user who never made one.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn of_user(&self, user: UserId) -> Result<Stored<UserApiTokens>, Error> {
        match self.engine.get(&list_key(user)).await? {
            Some(entry) => decode(&entry),
            None => Ok(Stored { value: UserApiTokens::default(), version: None }),
        }
    }

    /// The part of a commit that makes a token, and says when it may be swept.
    #[must_use]
    pub fn insert(&self, token: &ApiToken) -> Commit {
        Commit::new()
            .check(token_key(token.id), None)
            .put(token_key(token.id), encode(token))
            .and(expiry::mark(Kind::ApiToken, &token.id.to_string(), token.expires_at))
    }

    /// The part of a commit that changes a token.
    #[must_use]
    pub fn replace(&self, before: &Stored<ApiToken>, after: &ApiToken) -> Commit {
        Commit::new()
            .check(token_key(after.id), before.version)
            .put(token_key(after.id), encode(after))
    }

    /// The part of a commit that revokes a token: nothing of it stays.
    #[must_use]
    pub fn remove(&self, token: &Stored<ApiToken>) -> Commit {
        let ApiToken { id, expires_at, .. } = token.value;
        Commit::new().check(token_key(id), token.version).delete(token_key(id)).and(expiry::unmark(
            Kind::ApiToken,
            &id.to_string(),
            expires_at,
        ))
    }

    /// The part of a commit that changes a user's list.
    #[must_use]
    pub fn set_list(
        &self,
        user: UserId,
        before: &Stored<UserApiTokens>,
        after: &UserApiTokens,
    ) -> Commit {
        Commit::new().check(list_key(user), before.version).put(list_key(user), encode(after))
    }

    /// The part of a commit that forgets a user's list.
    #[must_use]
    pub fn remove_list(&self, user: UserId) -> Commit {
        Commit::new().delete(list_key(user))
    }
}
