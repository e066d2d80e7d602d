//! Who is logged in in a browser, for a page that says so.

use super::{Auth, Error};
use crate::model::{RefreshToken, Session, User};

impl Auth {
    /// The live session of this refresh token and its account; `None` when it gives nothing.
    /// Nothing is renewed, written or noted.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot answer.
    pub async fn signed_in(&self, token: &RefreshToken) -> Result<Option<(User, Session)>, Error> {
        match self.accept_refresh(token, self.clock.now()).await {
            Ok(held) => Ok(Some((held.user.value.clone(), held.session.value.clone()))),
            Err(Error::SessionEnded(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
