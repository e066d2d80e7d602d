//! Who is logged in in a browser, for a page that says so.

use super::{Auth, Error};
use crate::model::{RefreshToken, User};

impl Auth {
    /// The account of the live session of this refresh token; `None` when it gives nothing.
    /// Nothing is renewed, written or noted.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn signed_in(&self, token: &RefreshToken) -> Result<Option<User>, Error> {
        match self.accept_refresh(token, self.clock.now()).await {
            Ok((user, _)) => Ok(Some(user.value)),
            Err(Error::SessionEnded(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
