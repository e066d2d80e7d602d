//! Personal API tokens: made and revoked by their owner.

use std::time::Duration;

use super::audit::About;
use super::form::Form;
use super::resolve::account_key;
use super::{Access, Auth, Client, Error};
use crate::crypto::hash_secret;
use crate::model::{
    Actor, ApiToken, ApiTokenId, EventKind, PlainApiToken, Roles, Rule, Secret, Timestamp,
    TokenName, User, UserApiTokens,
};
use crate::store::Stored;
use crate::store::engine::Commit;

/// How many API tokens a user may have.
pub const MOST_API_TOKENS: usize = 50;

/// Tokens removed in one commit, two keys each.
const BATCH: usize = 20;

/// What a user asks for.
#[derive(Debug)]
pub struct NewApiToken {
    /// The wanted name.
    pub name: String,
    /// What it may reach; `None`: what its owner may now.
    pub roles: Option<Vec<String>>,
    /// The end of its life, as RFC 3339.
    pub expires_at: String,
}

/// The same, parsed.
#[derive(Debug)]
struct Wanted {
    name: TokenName,
    roles: Roles,
    expires_at: Timestamp,
}

/// A token to hand to a program, once.
#[derive(Debug)]
pub struct IssuedApiToken {
    /// The record.
    pub token: ApiToken,
    /// The text that is stored nowhere.
    pub text: Secret,
}

impl Auth {
    /// Makes an API token for the caller.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`] when the login is more than ten minutes ago,
    /// [`Error::Invalid`], [`Error::LimitReached`] for more than [`MOST_API_TOKENS`],
    /// [`Error::Throttled`], [`Error::ClockNotSet`].
    pub async fn create_api_token(
        &self,
        access: &Access,
        new: NewApiToken,
        client: &Client,
    ) -> Result<IssuedApiToken, Error> {
        let (owner, session) = access.user()?;
        self.issuing_time()?;
        self.require_fresh(&session.value)?;
        let wanted = self.wanted(new, &owner.value)?;
        let key = account_key(owner.value.id);
        let refused = |refused| self.refused(refused, Some(owner.value.id));
        self.throttle.change_profile(&key).map_err(refused)?;
        self.store.retry(|| self.try_create_api_token(owner, &wanted, client)).await
    }

    fn wanted(&self, new: NewApiToken, owner: &User) -> Result<Wanted, Error> {
        let mut form = Form::default();
        let name = form.take("name", TokenName::try_from(new.name));
        let roles = match new.roles {
            Some(words) => form.roles(words, &owner.roles),
            None => Some(owner.roles.clone()),
        };
        let end = form.take("expires_at", Timestamp::try_from(new.expires_at.as_str()));
        let end = end.filter(|end| self.is_due(*end, &mut form));
        form.finish()?;
        match (name, roles, end) {
            (Some(name), Some(roles), Some(expires_at)) => Ok(Wanted { name, roles, expires_at }),
            (_, _, _) => Err(Error::Invalid(Vec::new())),
        }
    }

    /// Whether a token may end then.
    fn is_due(&self, end: Timestamp, form: &mut Form) -> bool {
        let (now, most) = (self.clock.now(), self.settings.max_api_ttl);
        let good = end > now && end <= now.plus(most);
        if !good {
            let days = most.as_secs() / Duration::from_hours(24).as_secs();
            form.refuse("expires_at", format!("must be in the future, at most {days} days ahead"));
        }
        good
    }

    /// One try: the owner must still be the one who called.
    async fn try_create_api_token(
        &self,
        caller: &Stored<User>,
        wanted: &Wanted,
        client: &Client,
    ) -> Result<IssuedApiToken, Error> {
        let owner = self.store.users().get(caller.value.id).await?;
        let owner = owner.filter(|now| now.value.epoch == caller.value.epoch);
        let owner = owner.ok_or_else(|| Error::InvalidToken(Rule::TokenOvertaken.into()))?;
        let plain = PlainApiToken { token: self.random.id(), secret: self.random.secret() };
        let token = ApiToken {
            id: plain.token,
            secret_hash: hash_secret(&plain.secret),
            user: owner.value.id,
            epoch: owner.value.epoch,
            name: wanted.name.clone(),
            roles: wanted.roles.clone(),
            created_at: self.clock.now(),
            expires_at: wanted.expires_at,
            last_used_at: None,
        };
        let commit = self
            .make_room(&owner.value, token.id)
            .await?
            .and(self.store.users().unchanged(&owner))
            .and(self.store.api_tokens().insert(&token));
        let about = About::user(EventKind::ApiTokenCreated, owner.value.id);
        let mut event = self.event(about, Actor::User(owner.value.id), client);
        event.detail = Some(format!("the token {}", token.id));
        self.commit_with(commit, event).await?;
        Ok(IssuedApiToken { token, text: plain.to_text() })
    }

    /// The part of a commit that puts a token on its owner's list, from which some that are dead
    /// go, with their records: those that are over by the time that is certain, so that none is gone
    /// when a jump of the clock is taken back.
    async fn make_room(&self, owner: &User, new: ApiTokenId) -> Result<Commit, Error> {
        let (tokens, certain) = (self.store.api_tokens(), self.clock.certain());
        let before = tokens.of_user(owner.id).await?;
        let (mut after, mut commit, mut dead) = (UserApiTokens::default(), Commit::new(), 0);
        for id in &before.value.tokens {
            let Some(token) = tokens.get(*id).await? else { continue };
            if token.value.may_live(certain, owner) || dead == BATCH {
                after.tokens.push(*id);
            } else {
                dead += 1;
                commit = commit.and(tokens.remove(&token));
            }
        }
        if after.tokens.len() >= MOST_API_TOKENS {
            return Err(Error::LimitReached(Rule::ApiTokenLimit));
        }
        after.tokens.push(new);
        Ok(commit.and(tokens.set_list(owner.id, &before, &after)))
    }

    /// The caller's API tokens that live, or may live again when a jump of the clock is taken back, the
    /// latest first, each with its last use as far as it is known.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the operator, who has none.
    pub async fn my_api_tokens(&self, access: &Access) -> Result<Vec<ApiToken>, Error> {
        let owner = &access.user()?.0.value;
        let (tokens, certain) = (self.store.api_tokens(), self.clock.certain());
        let mut live = Vec::new();
        for id in tokens.of_user(owner.id).await?.value.tokens.iter().rev() {
            let token = tokens.get(*id).await?.map(|token| token.value);
            live.extend(token.filter(|token| token.may_live(certain, owner)).map(|token| {
                match self.tokens_used.of(token.id) {
                    Some(at) => token.used(at),
                    None => token,
                }
            }));
        }
        Ok(live)
    }

    /// Revokes one of the caller's API tokens.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is none of [`Auth::my_api_tokens`].
    pub async fn revoke_my_api_token(
        &self,
        access: &Access,
        id: ApiTokenId,
        client: &Client,
    ) -> Result<(), Error> {
        let owner = &access.user()?.0.value;
        self.store.retry(|| self.try_revoke_own(owner, id, client)).await
    }

    async fn try_revoke_own(
        &self,
        owner: &User,
        id: ApiTokenId,
        client: &Client,
    ) -> Result<(), Error> {
        let certain = self.clock.certain();
        let token = self.store.api_tokens().get(id).await?;
        let token = token.filter(|token| token.value.may_live(certain, owner));
        let token = token.ok_or(Error::NotFound(Rule::ApiTokenNotLive))?;
        self.revoke_api_token(&token, (Actor::User(owner.id), ""), client).await
    }

    /// Removes a token from the store and from its owner's list, in one commit with its event. `by`
    /// is who does it, and a few words more about that.
    pub(super) async fn revoke_api_token(
        &self,
        token: &Stored<ApiToken>,
        (actor, by): (Actor, &str),
        client: &Client,
    ) -> Result<(), Error> {
        let (tokens, ApiToken { id, user, .. }) = (self.store.api_tokens(), &token.value);
        let mut commit = tokens.remove(token);
        let before = tokens.of_user(*user).await?;
        // A user who is gone has no list.
        if before.value.tokens.contains(id) {
            let mut after = before.value.clone();
            after.tokens.retain(|other| other != id);
            commit = commit.and(tokens.set_list(*user, &before, &after));
        }
        let about = About::user(EventKind::ApiTokenRevoked, *user);
        let mut event = self.event(about, actor, client);
        event.detail = Some(format!("the token {id}{by}"));
        self.commit_with(commit, event).await
    }

    /// Removes what a deleted user leaves. The tokens are dead without it, and swept when their time
    /// is over: an error is none of the caller's.
    pub(super) async fn remove_api_tokens(&self, ids: &[ApiTokenId]) {
        for chunk in ids.chunks(BATCH) {
            if let Err(error) = self.store.retry(|| self.try_remove_api_tokens(chunk)).await {
                tracing::warn!(%error, "the API tokens of a deleted account are left to the sweep");
            }
        }
    }

    async fn try_remove_api_tokens(&self, ids: &[ApiTokenId]) -> Result<(), Error> {
        let (tokens, mut commit) = (self.store.api_tokens(), Commit::new());
        for id in ids {
            if let Some(token) = tokens.get(*id).await? {
                commit = commit.and(tokens.remove(&token));
            }
        }
        Ok(self.store.commit(commit).await?)
    }
}
