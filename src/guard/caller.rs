//! Who calls.

use crate::model::{Claims, Role, Roles, SessionId, Timestamp, UserId};

/// Whose token a request brought, as the issuer said it: what a guarded handler gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user: random, permanent, never given to another.
    pub user: UserId,
    /// What the user may reach. For an access token as of its making, at most 15 minutes ago.
    pub roles: Roles,
    /// The session; `None` for an API token, which belongs to none.
    pub session: Option<SessionId>,
    /// The login of that session; `None` for an API token. To ask for a fresh one.
    pub signed_in_at: Option<Timestamp>,
    /// When the token was made.
    pub issued_at: Timestamp,
    /// When the token expires.
    pub expires_at: Timestamp,
}

impl Caller {
    /// Whether the user has this role.
    #[must_use]
    pub fn has(&self, role: &Role) -> bool {
        self.roles.contains(role)
    }
}

impl From<Claims> for Caller {
    fn from(claims: Claims) -> Self {
        Self {
            user: claims.subject,
            roles: claims.roles,
            session: Some(claims.session),
            signed_in_at: Some(claims.auth_time),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
        }
    }
}
