//! A password hashed anew under the parameters of now, once it was typed.

use super::{Auth, Error};
use crate::model::{Password, PasswordHash, User};
use crate::store::Stored;

impl Auth {
    /// Hashes a password anew under the current parameters. A password that changed meanwhile
    /// stays changed; a full queue or a busy store leaves it for the next login.
    pub(super) async fn rehash(&self, verified: &Stored<User>, password: &Password) {
        let Ok(hash) = self.passwords.hash(password).await else { return };
        let done = self.store.retry(|| self.store_rehashed(verified, &hash)).await;
        if let Err(error) = done {
            tracing::warn!(user = %verified.value.id, %error, "the password was not rehashed");
        }
    }

    async fn store_rehashed(
        &self,
        verified: &Stored<User>,
        hash: &PasswordHash,
    ) -> Result<(), Error> {
        let Some(user) = self.store.users().get(verified.value.id).await? else { return Ok(()) };
        if user.value.password != verified.value.password {
            return Ok(());
        }
        let after = user.value.clone().with_rehashed_password(hash.clone());
        Ok(self.store.commit(self.store.users().replace(&user, &after)).await?)
    }
}
