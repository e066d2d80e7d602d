//! Lists of accounts, and single ones, for an administrator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Access, Auth, Error};
use crate::model::{Role, Rule, User, UserId};
use crate::store::{Stored, UserPage};

/// Which users, and from where on.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// 1 to 100.
    pub limit: usize,
    /// Where the last page ended; only what a page gave is accepted.
    pub cursor: Option<String>,
    /// A prefix of name or address.
    pub prefix: String,
}

/// A page of users.
#[derive(Debug)]
pub struct UserList {
    /// By name; then those found by address alone, by address.
    pub users: Vec<User>,
    /// For the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

impl Auth {
    /// A page of users whose name or address starts with a prefix.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::Invalid`] for a cursor that no page gave.
    pub async fn users(&self, access: &Access, query: &UserQuery) -> Result<UserList, Error> {
        access.require(&Role::admin())?;
        let prefix = query.prefix.to_ascii_lowercase();
        let users = self.store.users();
        let place = Place::parse(query.cursor.as_deref())?;
        if let Place::Names(after) = &place {
            let page = users.list_by_name(&prefix, after.as_deref(), query.limit).await?;
            if page.next.is_some() || prefix.is_empty() || page.users.len() >= query.limit {
                let next = page.next.clone().map(|key| Place::Names(Some(key)));
                return Ok(list(page, next.as_ref()));
            }
            let rest = query.limit - page.users.len();
            let more = self.by_email_alone(&prefix, None, rest).await?;
            return Ok(joined(page, more));
        }
        let Place::Emails(after) = place else { return Err(bad_cursor()) };
        let page = self.by_email_alone(&prefix, after.as_deref(), query.limit).await?;
        let next = page.next.clone().map(|key| Place::Emails(Some(key)));
        Ok(list(page, next.as_ref()))
    }

    /// Users found by their address whose name does not start with the prefix as well.
    async fn by_email_alone(
        &self,
        prefix: &str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<UserPage, Error> {
        let mut page = self.store.users().list_by_email(prefix, after, limit).await?;
        page.users.retain(|user| !user.value.username.as_str().starts_with(prefix));
        Ok(page)
    }

    /// One user.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`].
    pub async fn user(&self, access: &Access, id: UserId) -> Result<User, Error> {
        access.require(&Role::admin())?;
        Ok(self.store.users().get(id).await?.ok_or(Error::NotFound(Rule::UserUnknown))?.value)
    }
}

/// Where a page starts: in the index of names, then in that of addresses.
#[derive(Debug)]
enum Place {
    Names(Option<Vec<u8>>),
    Emails(Option<Vec<u8>>),
}

fn bad_cursor() -> Error {
    Error::invalid("cursor", "must be the next_cursor of an earlier page")
}

impl Place {
    fn parse(cursor: Option<&str>) -> Result<Self, Error> {
        let Some(cursor) = cursor else { return Ok(Self::Names(None)) };
        let key = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
        match key.as_slice() {
            b"email/" => Ok(Self::Emails(None)),
            k if k.starts_with(b"name/") => Ok(Self::Names(Some(key))),
            k if k.starts_with(b"email/") => Ok(Self::Emails(Some(key))),
            &[..] => Err(bad_cursor()),
        }
    }

    fn to_cursor(&self) -> String {
        let key: &[u8] = match self {
            Self::Names(Some(key)) | Self::Emails(Some(key)) => key,
            Self::Names(None) => b"name/",
            Self::Emails(None) => b"email/",
        };
        URL_SAFE_NO_PAD.encode(key)
    }
}

fn list(page: UserPage, next: Option<&Place>) -> UserList {
    let users = page.users.into_iter().map(|Stored { value, .. }| value).collect();
    UserList { users, next_cursor: next.map(Place::to_cursor) }
}

/// The last names and the first addresses on one page.
fn joined(mut names: UserPage, emails: UserPage) -> UserList {
    names.users.extend(emails.users);
    let next = emails.next.map(|key| Place::Emails(Some(key)));
    list(names, next.as_ref())
}
