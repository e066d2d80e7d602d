//! The rules between records.

use serde::de::DeserializeOwned;

use super::{Checker, Flaw};
use crate::model::{
    ApiToken, Email, EndedSessions, Link, Session, Timestamp, User, UserApiTokens, UserId,
    UserSessions,
};
use crate::store::Error;
use crate::store::api_tokens::token_key;
use crate::store::expiry;
use crate::store::layout::{Record, ended_mark, link_mark, session_mark, token_mark};
use crate::store::record::decode;
use crate::store::sessions::session_key;
use crate::store::users::{email_key, name_key, user_key};

/// A record that another one depends on. A damaged one is a finding of its own, and nothing
/// more is said of those that depend on it.
enum Other<T> {
    Absent,
    Damaged,
    There(T),
}

impl Checker<'_> {
    async fn other<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Other<T>, Error> {
        Ok(match self.engine.get(key).await?.as_ref().map(decode::<T>) {
            None => Other::Absent,
            Some(Err(_)) => Other::Damaged,
            Some(Ok(stored)) => Other::There(stored.value),
        })
    }

    /// Checks what `record` has to do with others.
    pub(super) async fn relations(&mut self, key: &[u8], record: Record) -> Result<(), Error> {
        match record {
            Record::User(user) => self.user(key, &user).await,
            Record::Holder(id) => self.holder(key, id).await,
            Record::Session(session) => self.session(key, &session).await,
            Record::Logins(list) => self.logins(key, &list).await,
            Record::Link(link) => self.link(key, &link).await,
            Record::ApiToken(token) => self.api_token(key, &token).await,
            Record::ApiTokens(list) => self.api_tokens(key, &list).await,
            Record::Ended(ended) => self.marked(key, &ended_mark(&ended)).await,
            Record::Mark => self.mark(key).await,
            Record::Admins(stored) => {
                self.admins_stored = Some(stored);
                Ok(())
            }
            Record::Unfinished => {
                self.report.note(key, Flaw::Unfinished);
                Ok(())
            }
            Record::Key(_) | Record::Event(_) | Record::Seal(_) | Record::Alone => Ok(()),
        }
    }

    /// A user has its name, and its address if it has one, in the index.
    async fn user(&mut self, key: &[u8], user: &User) -> Result<(), Error> {
        self.admins_counted += u32::from(user.is_enabled_admin());
        let entries = [Some(name_key(&user.username)), user.email.as_ref().map(email_key)];
        for entry in entries.into_iter().flatten() {
            let is_missing = match self.other::<UserId>(&entry).await? {
                Other::Absent => true,
                Other::Damaged => false,
                Other::There(id) => id != user.id,
            };
            if is_missing {
                self.report.note(key, Flaw::NoEntry(super::printable(&entry)));
            }
        }
        Ok(())
    }

    /// An entry of the index leads to the user who has this very name or address.
    async fn holder(&mut self, key: &[u8], id: UserId) -> Result<(), Error> {
        match self.other::<User>(&user_key(id)).await? {
            Other::Absent => self.report.note(key, Flaw::NoUser),
            Other::Damaged => {}
            Other::There(user) => {
                let is_email = |email: &Email| email_key(email) == key;
                if name_key(&user.username) != key && !user.email.as_ref().is_some_and(is_email) {
                    self.report.note(key, Flaw::OtherUser);
                }
            }
        }
        Ok(())
    }

    async fn session(&mut self, key: &[u8], session: &Session) -> Result<(), Error> {
        self.epoch(key, (session.user, session.epoch)).await?;
        self.marked(key, &session_mark(session.id, session.expires_at)).await
    }

    async fn link(&mut self, key: &[u8], link: &Link) -> Result<(), Error> {
        self.epoch(key, (link.user, link.epoch)).await?;
        self.marked(key, &link_mark(link.id, link.expires_at)).await
    }

    async fn api_token(&mut self, key: &[u8], token: &ApiToken) -> Result<(), Error> {
        self.epoch(key, (token.user, token.epoch)).await?;
        self.marked(key, &token_mark(token.id, token.expires_at)).await
    }

    /// Epochs only rise. The user may be gone: nothing else of it is looked for.
    async fn epoch(&mut self, key: &[u8], (id, epoch): (UserId, u64)) -> Result<(), Error> {
        if let Other::There(user) = self.other::<User>(&user_key(id)).await?
            && epoch > user.epoch
        {
            self.report.note(key, Flaw::LaterEpoch);
        }
        Ok(())
    }

    async fn marked(&mut self, key: &[u8], mark: &str) -> Result<(), Error> {
        if self.engine.get(mark.as_bytes()).await?.is_none() {
            self.report.note(key, Flaw::NoMark);
        }
        Ok(())
    }

    /// A mark goes together with its record, and says when that one ends.
    async fn mark(&mut self, key: &[u8]) -> Result<(), Error> {
        let Some((_, target)) = expiry::parse(key) else { return Ok(()) };
        let mark = if target.starts_with("session/") {
            let mark_of = |s: Session| session_mark(s.id, s.expires_at);
            self.mark_of(target, mark_of).await?
        } else if target.starts_with("apitoken/") {
            self.mark_of(target, |token: ApiToken| token_mark(token.id, token.expires_at)).await?
        } else if target.starts_with("ended/") {
            self.mark_of(target, |ended: EndedSessions| ended_mark(&ended)).await?
        } else {
            self.mark_of(target, |link: Link| link_mark(link.id, link.expires_at)).await?
        };
        let is_wrong = match mark {
            Other::Absent => true,
            Other::Damaged => false,
            Other::There(mark) => mark.as_bytes() != key,
        };
        if is_wrong {
            self.report.note(key, Flaw::NothingMarked);
        }
        Ok(())
    }

    async fn mark_of<T: DeserializeOwned>(
        &self,
        target: &str,
        mark: impl Fn(T) -> String,
    ) -> Result<Other<String>, Error> {
        Ok(match self.other::<T>(target.as_bytes()).await? {
            Other::Absent => Other::Absent,
            Other::Damaged => Other::Damaged,
            Other::There(record) => Other::There(mark(record)),
        })
    }

    /// A list goes together with its user, whose key this is.
    async fn owner(&mut self, key: &[u8]) -> Result<Vec<u8>, Error> {
        let id = key.iter().position(|byte| *byte == b'/').map_or(&[][..], |at| &key[at + 1..]);
        let user = [b"user/", id].concat();
        if matches!(self.other::<User>(&user).await?, Other::Absent) {
            self.report.note(key, Flaw::NoUser);
        }
        Ok(user)
    }

    /// What a list of API tokens names and is still there is its user's.
    async fn api_tokens(&mut self, key: &[u8], list: &UserApiTokens) -> Result<(), Error> {
        let owner = self.owner(key).await?;
        for id in &list.tokens {
            let found = self.other::<ApiToken>(&token_key(*id)).await?;
            if matches!(found, Other::There(token) if user_key(token.user) != owner) {
                self.report.note(key, Flaw::OtherToken);
            }
        }
        Ok(())
    }

    /// What a list names and is still there is this user's.
    async fn logins(&mut self, key: &[u8], list: &UserSessions) -> Result<(), Error> {
        let user = self.owner(key).await?;
        for entry in &list.sessions {
            let found = self.other::<Session>(&session_key(entry.id)).await?;
            let Other::There(session) = found else { continue };
            let said: (Vec<u8>, Timestamp) = (user_key(session.user), session.expires_at);
            if said != (user.clone(), entry.expires_at) {
                self.report.note(key, Flaw::OtherSession);
            }
        }
        Ok(())
    }
}
