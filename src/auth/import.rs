//! Accounts from a file and into one, with their hashes: for the operator only.

use std::collections::HashSet;

use super::audit::About;
use super::form::Form;
use super::list_users::{UserList, UserQuery};
use super::{Access, Auth, Client, Error, FieldError};
use crate::model::{
    DisplayName, Email, EventKind, LoginName, PasswordHash, Role, Roles, Secret, Timestamp, User,
    UserId,
};
use crate::store::Stored;
use crate::store::engine::Commit;

/// An account as a line of a file has it.
#[derive(Debug)]
pub struct ImportedUser {
    /// Kept, so that `sub` stays the same; `None` makes a new one. Nothing that an account of this
    /// id had here before it was deleted fits the new one.
    pub id: Option<String>,
    /// The name; a reserved one may be given here.
    pub username: String,
    /// The address.
    pub email: Option<String>,
    /// Whether the address is known to be the user's.
    pub email_verified: bool,
    /// For people to read.
    pub display_name: Option<String>,
    /// The role `user` when absent.
    pub roles: Option<Vec<String>>,
    /// Whether it is shut out.
    pub disabled: bool,
    /// RFC 3339; now when absent.
    pub created_at: Option<String>,
    /// PHC or crypt text; `None`, nothing, `!`, `!!` and `*` are no password.
    pub password_hash: Option<Secret>,
}

/// A line whose fields are good.
#[derive(Debug)]
struct Candidate {
    id: Option<UserId>,
    username: LoginName,
    email: Option<Email>,
    email_verified: bool,
    display_name: Option<DisplayName>,
    roles: Roles,
    disabled: bool,
    created_at: Option<Timestamp>,
    password: Option<PasswordHash>,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Imported {
    /// How many accounts were made, or would be.
    pub count: usize,
    /// The refused ones by their place in the batch, each with what is wrong with it.
    pub refused: Vec<(usize, Vec<FieldError>)>,
}

/// How many accounts one call takes: record, name, address and event (two keys) of each, and what
/// counts the administrators, fit into one commit.
pub const MOST_IMPORTED: usize = 16;

impl Auth {
    /// Makes accounts of what a file says, the good ones in one commit and an event for each;
    /// with `only_check` nothing is written.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone but the operator, [`Error::Invalid`] for more than
    /// [`MOST_IMPORTED`].
    pub async fn import_users(
        &self,
        access: &Access,
        (users, only_check): (Vec<ImportedUser>, bool),
        client: &Client,
    ) -> Result<Imported, Error> {
        access.require_operator()?;
        if users.len() > MOST_IMPORTED {
            return Err(Error::invalid("lines", format!("must be at most {MOST_IMPORTED}")));
        }
        let users: Vec<_> = users.into_iter().map(|user| self.import_candidate(user)).collect();
        self.store.retry(|| self.try_import(access, (&users, only_check), client)).await
    }

    /// A page of all accounts with their hashes, by name.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for everyone but the operator; [`Error::Invalid`] for a cursor that
    /// no page gave.
    pub async fn export_users(
        &self,
        access: &Access,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<UserList, Error> {
        access.require_operator()?;
        self.users(access, &UserQuery { limit, cursor, prefix: String::new() }).await
    }

    fn import_candidate(&self, user: ImportedUser) -> Result<Candidate, Vec<FieldError>> {
        let mut form = Form::default();
        let id = user.id.map(|id| form.take("id", parse_id(&id)));
        let created =
            user.created_at.map(|time| form.take("created_at", Timestamp::try_from(time.as_str())));
        let password = user.password_hash.filter(is_password).map(|hash| {
            form.take("password_hash", self.passwords.import(hash.expose().to_owned()))
        });
        let username = form.username(&user.username);
        let email = form.email(user.email);
        let display_name = form.display_name(user.display_name);
        let roles = match user.roles {
            Some(words) => form.roles(words, &self.settings.roles),
            None => Some(Roles::from([Role::user()])),
        };
        match (username, email, display_name, roles) {
            (Some(username), Some(email), Some(display_name), Some(roles)) if form.is_good() => {
                Ok(Candidate {
                    id: id.flatten(),
                    username,
                    email,
                    email_verified: user.email_verified,
                    display_name,
                    roles,
                    disabled: user.disabled,
                    created_at: created.flatten(),
                    password: password.flatten(),
                })
            }
            (_, _, _, _) => Err(form.into_errors()),
        }
    }

    async fn try_import(
        &self,
        access: &Access,
        (users, only_check): (&[Result<Candidate, Vec<FieldError>>], bool),
        client: &Client,
    ) -> Result<Imported, Error> {
        // Before the ids are looked for, so that none of them goes unnoticed meanwhile.
        let epochs = self.store.epochs().latest().await?;
        let mut done = Imported::default();
        let (mut seen, mut made) = (HashSet::new(), Vec::new());
        for (place, user) in users.iter().enumerate() {
            let taken = match user {
                Ok(candidate) => self.taken(candidate, &mut seen).await?,
                Err(errors) => errors.clone(),
            };
            match user {
                Ok(candidate) if taken.is_empty() => made.push(self.imported(candidate, &epochs)),
                Ok(_) | Err(_) => done.refused.push((place, taken)),
            }
        }
        done.count = made.len();
        if !only_check && !made.is_empty() {
            self.commit_imported(access, (&made, &epochs), client).await?;
        }
        Ok(done)
    }

    /// What of an account somebody has, in the store or earlier in the batch.
    async fn taken(
        &self,
        user: &Candidate,
        seen: &mut HashSet<String>,
    ) -> Result<Vec<FieldError>, Error> {
        let mut form = Form::default();
        let name = &user.username;
        if !seen.insert(name.to_string()) || self.store.users().by_name(name).await?.is_some() {
            form.refuse("username", "is taken");
        }
        if let Some(email) = &user.email
            && (!seen.insert(email.canonical())
                || self.store.users().by_email(email).await?.is_some())
        {
            form.refuse("email", "is taken");
        }
        if let Some(id) = user.id
            && (!seen.insert(format!("id/{id}")) || self.store.users().get(id).await?.is_some())
        {
            form.refuse("id", "is taken");
        }
        Ok(form.into_errors())
    }

    /// The account. One with an id of its own may have been here before, so it begins after
    /// every epoch that a deleted account had: its sessions, tokens of all kinds and links of then,
    /// which are swept later, stay dead.
    fn imported(&self, candidate: &Candidate, epochs: &Stored<u64>) -> User {
        let user = self.new_user(candidate.username.clone(), candidate.roles.clone());
        let later = candidate.id.map(|_| epochs.value.saturating_add(1));
        User {
            id: candidate.id.unwrap_or(user.id),
            epoch: later.unwrap_or(user.epoch),
            api_since: later.unwrap_or(user.api_since),
            display_name: candidate.display_name.clone(),
            disabled: candidate.disabled,
            created_at: candidate.created_at.unwrap_or(user.created_at),
            password: candidate.password.clone(),
            ..user
        }
        .with_email(candidate.email.clone(), candidate.email_verified)
    }

    async fn commit_imported(
        &self,
        access: &Access,
        (made, epochs): (&[User], &Stored<u64>),
        client: &Client,
    ) -> Result<(), Error> {
        let insert = |c: Commit, user| c.and(self.store.users().insert(user));
        let mut commit = made.iter().fold(self.store.epochs().unchanged(epochs), insert);
        let new_admins = made.iter().filter(|user| user.is_enabled_admin()).count();
        if new_admins > 0 {
            let admins = self.store.users().admins().await?;
            let count = admins.value.saturating_add(u32::try_from(new_admins).unwrap_or(u32::MAX));
            let counted = self.store.users().set_admins(&admins, count);
            commit = commit.and(counted).and(self.store.setup().remove());
        }
        let event = |user: &User| {
            let about = About::user(EventKind::UserImported, user.id);
            self.event(about, access.actor(), client)
        };
        let events: Vec<_> = made.iter().map(event).collect();
        self.commit_with_all(commit, &events).await?;
        for user in made {
            self.told_of_admin(user);
        }
        Ok(())
    }
}

fn parse_id(text: &str) -> Result<UserId, &'static str> {
    UserId::try_from(text).map_err(|_| "must be an id as an export writes it")
}

/// Other systems write a word that no password has where there is none.
fn is_password(hash: &Secret) -> bool {
    !["", "!", "!!", "*"].contains(&hash.expose())
}
