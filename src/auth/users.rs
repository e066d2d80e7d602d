//! Changes of an account by an administrator, and its deletion.

use super::account::{Profile, ProfileChange};
use super::audit::About;
use super::form::Form;
use super::resolve::account_key;
use super::{Access, Auth, Client, Error};
use crate::model::{Event, EventKind, Role, Roles, Rule, User, UserId};
use crate::store::engine::Commit;

/// What an administrator may change; `None` leaves a field.
#[derive(Debug, Default)]
pub struct UserChange {
    /// All its roles from now on.
    pub roles: Option<Vec<String>>,
    /// Whether it is shut out.
    pub disabled: Option<bool>,
    /// Address and name for people.
    pub profile: ProfileChange,
}

/// The change, parsed.
#[derive(Debug)]
struct Change {
    roles: Option<Roles>,
    disabled: Option<bool>,
    profile: Profile,
}

/// The most sessions that a user can have: two keys each.
const MOST_ENDED: usize = 32;

impl Auth {
    /// Changes an account. Other roles and a changed `disabled` end all its sessions.
    ///
    /// # Errors
    /// [`Error::Forbidden`] also for one's own roles, [`Error::NotFound`], [`Error::Invalid`],
    /// [`Error::EmailTaken`], [`Error::LastAdmin`].
    pub async fn update_user(
        &self,
        access: &Access,
        (id, change): (UserId, UserChange),
        client: &Client,
    ) -> Result<User, Error> {
        access.require(&Role::admin())?;
        let mut form = Form::default();
        let roles = change.roles.and_then(|words| form.roles(words, &self.settings.roles));
        let profile = change.profile.parse(&mut form);
        form.finish()?;
        let change = Change { roles, disabled: change.disabled, profile };
        self.store.retry(|| self.try_update(access, (id, &change), client)).await
    }

    async fn try_update(
        &self,
        access: &Access,
        (id, change): (UserId, &Change),
        client: &Client,
    ) -> Result<User, Error> {
        let before = self.store.users().get(id).await?.ok_or(Error::NotFound(Rule::UserUnknown))?;
        if change.roles.is_some() && access.is(id) {
            return Err(Error::Forbidden(Rule::RolesOwn.into()));
        }
        let mut after = change.profile.apply(before.value.clone(), true);
        if let Some(roles) = &change.roles {
            after = after.with_roles(roles.clone());
        }
        if let Some(disabled) = change.disabled {
            after = after.with_disabled(disabled);
        }
        if after == before.value {
            return Ok(after);
        }
        self.refuse_taken_email(&before.value, &after).await?;
        let commit = self
            .still_allowed(access)
            .await?
            .and(self.store.users().replace(&before, &after))
            .and(self.count_admins(Some(&before.value), &after).await?);
        let events: Vec<Event> = kinds(&before.value, &after)
            .into_iter()
            .map(|kind| self.event(About::user(kind, id), access.actor(), client))
            .collect();
        self.commit_with_all(commit, &events).await?;
        self.told_of_admin(&after);
        Ok(after)
    }

    /// Deletes an account with its name, its address, its API tokens and the sessions on its list.
    /// Others that have ended, and links, belong to nobody from then on and are swept when their time is over.
    /// Its id is used again only if the operator imports the account under it, and then in a later
    /// epoch than it ever had.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], [`Error::LastAdmin`].
    pub async fn delete_user(
        &self,
        access: &Access,
        id: UserId,
        client: &Client,
    ) -> Result<(), Error> {
        access.require(&Role::admin())?;
        self.store.retry(|| self.try_delete(access, id, client)).await
    }

    async fn try_delete(&self, access: &Access, id: UserId, client: &Client) -> Result<(), Error> {
        let before = self.store.users().get(id).await?.ok_or(Error::NotFound(Rule::UserUnknown))?;
        let epochs = self.store.epochs().latest().await?;
        let gone = before.value.clone().with_disabled(true);
        let api_tokens = self.store.api_tokens().of_user(id).await?.value.tokens;
        let commit = self
            .still_allowed(access)
            .await?
            .and(self.store.users().remove(&before))
            .and(self.store.epochs().note(&epochs, before.value.epoch))
            .and(self.remove_sessions(id).await?)
            .and(self.store.api_tokens().remove_list(id))
            .and(self.count_admins(Some(&before.value), &gone).await?);
        let about = About::user(EventKind::UserDeleted, id);
        self.commit_with(commit, self.event(about, access.actor(), client)).await?;
        self.throttle.forgive(&account_key(id));
        self.remove_api_tokens(&api_tokens).await;
        Ok(())
    }

    /// The part of a commit that removes a user's list with the sessions on it: with all of them
    /// it is far from the limit of a commit.
    async fn remove_sessions(&self, id: UserId) -> Result<Commit, Error> {
        let sessions = self.store.sessions();
        let list = sessions.of_user(id).await?.value.sessions;
        let mut commit = sessions.remove_list(id);
        for entry in list.iter().take(MOST_ENDED) {
            if let Some(session) = sessions.get(entry.id).await? {
                commit = commit.and(sessions.remove(&session));
            }
        }
        Ok(commit)
    }

    /// The caller must be the administrator it was when it called: two that demote each other
    /// at once meet here.
    pub(super) async fn still_allowed(&self, access: &Access) -> Result<Commit, Error> {
        let Ok((caller, _)) = access.user() else { return Ok(Commit::new()) };
        let now = self.store.users().get(caller.value.id).await?;
        let now = now.ok_or_else(|| Error::InvalidToken(Rule::TokenOvertaken.into()))?;
        if !now.value.is_enabled_admin() {
            return Err(Error::Forbidden(Rule::RoleLost.into()));
        }
        Ok(self.store.users().unchanged(&now))
    }

    /// As [`Auth::still_allowed`], for what everyone may do to the own account.
    pub(super) async fn still_allowed_for(
        &self,
        access: &Access,
        owner: UserId,
    ) -> Result<Commit, Error> {
        if access.is(owner) { Ok(Commit::new()) } else { self.still_allowed(access).await }
    }

    /// The part of a commit that keeps the number of administrators right, and at least one.
    pub(super) async fn count_admins(
        &self,
        before: Option<&User>,
        after: &User,
    ) -> Result<Commit, Error> {
        let was = before.is_some_and(User::is_enabled_admin);
        let is = after.is_enabled_admin();
        if was == is {
            return Ok(Commit::new());
        }
        let admins = self.store.users().admins().await?;
        let count =
            if is { admins.value.saturating_add(1) } else { admins.value.saturating_sub(1) };
        if count == 0 {
            return Err(Error::LastAdmin);
        }
        let voided = self.store.setup().remove();
        Ok(self.store.users().set_admins(&admins, count).and(voided))
    }

    /// With an administrator there, the setup secret has no use any more.
    pub(super) fn told_of_admin(&self, user: &User) {
        if user.is_enabled_admin() {
            self.setup_used.notify_waiters();
        }
    }
}

/// What an administrator's change was, as events.
fn kinds(before: &User, after: &User) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    if before.roles != after.roles {
        kinds.push(EventKind::RolesChanged);
    }
    match (before.disabled, after.disabled) {
        (false, true) => kinds.push(EventKind::UserDisabled),
        (true, false) => kinds.push(EventKind::UserEnabled),
        (true, true) | (false, false) => {}
    }
    if kinds.is_empty() || before.email != after.email || before.display_name != after.display_name
    {
        kinds.push(EventKind::ProfileChanged);
    }
    kinds
}
