//! The checks between a token and its acceptance, in their order.

use serde::Serialize;

/// One check of a token. The order is that in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenCheck {
    /// Its text is that of a token of its kind.
    Form,
    /// The header has the members alg, typ and kid and no others.
    Header,
    /// It is an access token.
    Type,
    /// It names a key that is accepted now.
    Key,
    /// Its algorithm is that of the key.
    Algorithm,
    /// The key made its signature.
    Signature,
    /// The claims are all there, each of its kind, and no others.
    Claims,
    /// We issued it.
    Issuer,
    /// It is for us.
    Audience,
    /// It was made for the client that there is.
    Client,
    /// It is of a due life, not of the future and not expired.
    Times,
    /// Its session is known, its secret (of a refresh token) right, and it has not ended.
    Session,
    /// Its account is there, the session's and not disabled.
    User,
    /// The account has not ended its sessions since.
    Epoch,
}

impl TokenCheck {
    /// The checks of an access token.
    pub const OF_ACCESS: [Self; 14] = [
        Self::Form,
        Self::Header,
        Self::Type,
        Self::Key,
        Self::Algorithm,
        Self::Signature,
        Self::Claims,
        Self::Issuer,
        Self::Audience,
        Self::Client,
        Self::Times,
        Self::Session,
        Self::User,
        Self::Epoch,
    ];

    /// The checks of a refresh token.
    pub const OF_REFRESH: [Self; 4] = [Self::Form, Self::Session, Self::User, Self::Epoch];
}
