//! Users: by id, by name, by address, and how many can administer.

use super::Error;
use super::changes::Stamp;
use super::ending::Ends;
use super::engine::{Commit, Engine};
use super::record::{Stored, decode, encode};
use crate::model::{Email, LoginName, User, UserId};

/// Access to the users' records.
pub struct Users<'a> {
    engine: &'a dyn Engine,
}

/// How many enabled administrators there are: one record, so that two changes that would
/// together remove the last one meet.
pub type Admins = Stored<u32>;

/// One page of users.
#[derive(Debug)]
pub struct UserPage {
    /// In the order of the index that was read.
    pub users: Vec<Stored<User>>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Vec<u8>>,
}

pub(super) fn user_key(id: UserId) -> Vec<u8> {
    format!("user/{id}").into_bytes()
}

pub(super) fn name_key(name: &LoginName) -> Vec<u8> {
    format!("name/{name}").into_bytes()
}

pub(super) fn email_key(email: &Email) -> Vec<u8> {
    format!("email/{}", email.canonical()).into_bytes()
}

const ADMINS: &[u8] = b"admins";

impl<'a> Users<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self { engine }
    }

    /// A stamp of the account's record, to take before it is read; `None` when nothing can prove that
    /// it stays as it is.
    #[must_use]
    pub fn stamp(&self, id: UserId) -> Option<Stamp> {
        self.engine.changes()?.stamp(&user_key(id))
    }

    /// The user with this id, disabled ones included.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn get(&self, id: UserId) -> Result<Option<Stored<User>>, Error> {
        self.engine.get(&user_key(id)).await?.as_ref().map(decode).transpose()
    }

    /// The user who has this name.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn by_name(&self, name: &LoginName) -> Result<Option<Stored<User>>, Error> {
        self.indexed(&name_key(name)).await
    }

    /// The user who has this address, verified or not.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn by_email(&self, email: &Email) -> Result<Option<Stored<User>>, Error> {
        self.indexed(&email_key(email)).await
    }

    /// The user whose id stands under an index key. A user deleted between the two reads is
    /// absent, not damaged.
    async fn indexed(&self, key: &[u8]) -> Result<Option<Stored<User>>, Error> {
        match self.engine.get(key).await? {
            Some(entry) => self.get(decode::<UserId>(&entry)?.value).await,
            None => Ok(None),
        }
    }

    /// Users whose name starts with `prefix`, in the order of their names.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn list_by_name(
        &self,
        prefix: &str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<UserPage, Error> {
        self.list(format!("name/{prefix}").as_bytes(), after, limit).await
    }

    /// Users whose address starts with `prefix`, in the order of their addresses.
    ///
    /// # Errors
    /// When the store cannot answer or a record is damaged.
    pub async fn list_by_email(
        &self,
        prefix: &str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<UserPage, Error> {
        self.list(format!("email/{prefix}").as_bytes(), after, limit).await
    }

    async fn list(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<UserPage, Error> {
        let entries = self.engine.scan(prefix, after, limit).await?;
        let full = entries.len() == limit;
        let next = entries.last().filter(|_| full).map(|e| e.key.clone());
        let mut users = Vec::with_capacity(entries.len());
        for entry in &entries {
            let id = decode::<UserId>(entry)?.value;
            users.extend(self.get(id).await?);
        }
        Ok(UserPage { users, next })
    }

    /// How many enabled administrators there are.
    ///
    /// # Errors
    /// When the store cannot answer or the record is damaged.
    pub async fn admins(&self) -> Result<Admins, Error> {
        match self.engine.get(ADMINS).await? {
            Some(entry) => decode(&entry),
            None => Ok(Stored { value: 0, version: None }),
        }
    }

    /// The part of a commit that sets the number of administrators.
    #[must_use]
    pub fn set_admins(&self, before: &Admins, count: u32) -> Commit {
        Commit::new().check(ADMINS, before.version).put(ADMINS, encode(&count))
    }

    /// The part of a commit that makes a user: id, name and address must be free.
    #[must_use]
    pub fn insert(&self, user: &User) -> Commit {
        let commit = Commit::new()
            .check(user_key(user.id), None)
            .put(user_key(user.id), encode(user))
            .check(name_key(&user.username), None)
            .put(name_key(&user.username), encode(&user.id));
        match &user.email {
            Some(email) => commit.and(take_email(email, user.id)),
            None => commit,
        }
    }

    /// The part of a commit that requires the user to be as it was read.
    #[must_use]
    pub fn unchanged(&self, user: &Stored<User>) -> Commit {
        Commit::new().check(user_key(user.value.id), user.version)
    }

    /// The part of a commit that changes a user, and moves its address in the index. Another epoch
    /// ends all its sessions.
    #[must_use]
    pub fn replace(&self, before: &Stored<User>, after: &User) -> Commit {
        let commit = self.unchanged(before).put(user_key(after.id), encode(after));
        let commit = if before.value.epoch == after.epoch {
            commit
        } else {
            commit.ending(Ends::AllOf(after.id))
        };
        let (old, new) = (before.value.email.as_ref(), after.email.as_ref());
        if old.map(Email::canonical) == new.map(Email::canonical) {
            return commit;
        }
        let commit = match old {
            Some(email) => commit.delete(email_key(email)),
            None => commit,
        };
        match new {
            Some(email) => commit.and(take_email(email, after.id)),
            None => commit,
        }
    }

    /// The part of a commit that removes a user with its name and address.
    #[must_use]
    pub fn remove(&self, user: &Stored<User>) -> Commit {
        let commit = self
            .unchanged(user)
            .delete(user_key(user.value.id))
            .delete(name_key(&user.value.username))
            .ending(Ends::AllOf(user.value.id));
        match &user.value.email {
            Some(email) => commit.delete(email_key(email)),
            None => commit,
        }
    }
}

fn take_email(email: &Email, id: UserId) -> Commit {
    Commit::new().check(email_key(email), None).put(email_key(email), encode(&id))
}
