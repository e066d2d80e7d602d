//! The cookie of forward-auth: a proof about a session that costs no write.

use super::Auth;
use crate::model::{ForwardCookie, Session};

impl Auth {
    /// The cookie that stands for this session at forward-auth. It is good as long as the session is
    /// and has the secret that it has now; nothing is stored of it.
    #[must_use]
    pub fn forward_cookie(&self, session: &Session) -> ForwardCookie {
        ForwardCookie { session: session.id, proof: self.forward_key.mac(&text(session)) }
    }

    /// Whether the cookie was made here for this very session, user, epoch and secret.
    pub(super) fn proves_session(&self, cookie: &ForwardCookie, session: &Session) -> bool {
        self.forward_key.proves(&text(session), &cookie.proof)
    }
}

/// What the cookie proves. Every part has one length, so no two sessions have one text.
fn text(session: &Session) -> Vec<u8> {
    [
        session.id.to_bytes().as_slice(),
        &session.user.to_bytes(),
        &session.epoch.to_be_bytes(),
        &session.secret_hash.to_bytes(),
    ]
    .concat()
}
