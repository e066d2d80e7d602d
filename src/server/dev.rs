//! What `serve --dev` seeds: an administrator and a user, with passwords of this run.

use super::{Error, Server};
use crate::auth::{Access, Client, Error as AuthError, NewUser};
use crate::crypto::Random;
use crate::model::Secret;

/// An account whose password is printed.
#[derive(Debug)]
pub struct Seeded {
    /// Its name.
    pub username: &'static str,
    /// Its password.
    pub password: Secret,
}

/// Long enough for every profile.
const PASSWORD_LENGTH: usize = 20;

/// Makes the accounts `admin` and `user` with fresh passwords. In a named data folder that has
/// them already their passwords stay as they are, and only new ones are told.
///
/// # Errors
/// [`Error`], when they could not be stored.
pub async fn seed(server: &Server, random: &Random) -> Result<Vec<Seeded>, Error> {
    let mut seeded = Vec::new();
    for (username, roles) in [("admin", ["admin", "user"].as_slice()), ("user", &["user"])] {
        let password = random.text(PASSWORD_LENGTH);
        let new = NewUser {
            username: username.to_owned(),
            password: Some(password.clone()),
            email: None,
            roles: Some(roles.iter().map(|&role| role.to_owned()).collect()),
        };
        match server.auth.create_user(&Access::operator(), new, &Client::operator()).await {
            Ok(_) => seeded.push(Seeded { username, password }),
            Err(AuthError::UsernameTaken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seeded)
}
