//! How the server is, for an administrator.

use std::time::Duration;

use super::{Access, Auth, Error, Measures};
use crate::model::{Role, Roles};

/// How the server is at one moment, and what of its configuration an administrator works with.
#[derive(Debug, Clone)]
pub struct Status {
    /// How long it has been running.
    pub uptime: Duration,
    /// What it knows of itself.
    pub measures: Measures,
    /// Every role that exists.
    pub roles: Roles,
    /// Whether anyone may make an account.
    pub registration_open: bool,
}

impl Auth {
    /// How the server is.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn status(&self, access: &Access) -> Result<Status, Error> {
        access.require(&Role::admin())?;
        Ok(Status {
            uptime: self.clock.monotonic().saturating_sub(self.started),
            measures: self.measure().await,
            roles: self.settings.roles.clone(),
            registration_open: self.settings.registration_open,
        })
    }
}
