//! What a browser shows at forward-auth.

use std::fmt;

use super::id::SessionId;
use super::seal::Digest;
use super::secret::Secret;
use super::token::NotAToken;

/// The cookie of forward-auth: a session's id, and the proof that it was made here for that session
/// under its present secret. It is good for a look at apps and for nothing else: there is no secret
/// of the session in it, and its form is that of no other token.
#[derive(Clone)]
pub struct ForwardCookie {
    /// The session it stands for.
    pub session: SessionId,
    /// What proves it.
    pub proof: Digest,
}

impl ForwardCookie {
    const START: &str = "f.";
    /// The start, 22 characters of the id, a dot, 43 of the proof.
    const LENGTH: usize = 68;

    /// The text for the cookie.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::new(format!("{}{}.{}", Self::START, self.session, self.proof))
    }

    /// Reads the text of a cookie, before anything is looked up.
    ///
    /// # Errors
    /// [`NotAToken`] for any other length, alphabet or encoding.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let rest = text.strip_prefix(Self::START).filter(|_| text.len() == Self::LENGTH);
        let (session, proof) = rest.and_then(|rest| rest.split_once('.')).ok_or(NotAToken)?;
        Ok(Self {
            session: SessionId::try_from(session).map_err(|_| NotAToken)?,
            proof: Digest::try_from(proof).map_err(|_| NotAToken)?,
        })
    }
}

impl fmt::Debug for ForwardCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardCookie")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RefreshToken;

    /// FWD-01.
    #[test]
    fn it_has_one_form_and_no_other_token_has_it() {
        let cookie = ForwardCookie {
            session: SessionId::from_bytes([1; 16]),
            proof: Digest::from_bytes([2; 32]),
        };
        let text = cookie.to_text();
        let text = text.expose();
        let read = ForwardCookie::parse(text).unwrap();
        assert_eq!((read.session, read.proof), (cookie.session, cookie.proof));
        assert!(RefreshToken::parse(text).is_err() && RefreshToken::parse(&text[2..]).is_ok());
        assert_eq!(format!("{cookie:?}"), "ForwardCookie");
        let spaced = format!(" {text}");
        for bad in ["", "f.", &text[2..], &text[..67], &format!("{text}A"), &spaced] {
            assert!(ForwardCookie::parse(bad).is_err(), "{bad}");
        }
        assert!(ForwardCookie::parse(&text.replace('A', "+")).is_err());
    }
}
