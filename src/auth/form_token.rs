//! Forms of the hosted pages: each holds a token that ties it to the browser it was shown to, so
//! that no other site can send it in that browser's name, nor log it in as somebody else.

use std::time::Duration;

use super::Auth;
use crate::model::{Clock, Digest, FormCookie, Secret, Timestamp};

/// How long a form that was shown may be sent.
const FORM_TTL: Duration = Duration::from_hours(12);

impl Auth {
    /// A new value for the cookie of a browser. A login gives one, too, so that forms from
    /// before it are no longer good.
    #[must_use]
    pub fn new_form_cookie(&self) -> FormCookie {
        FormCookie::new(self.random.secret())
    }

    /// The token for the form at the path `form`, in the browser that holds `cookie`.
    #[must_use]
    pub fn form_token(&self, form: &str, cookie: &FormCookie) -> Secret {
        let shown = self.clock.now();
        let mac = self.form_key.mac(&text(form, cookie, shown));
        Secret::new(format!("{}.{mac}", shown.seconds()))
    }

    /// Whether `token` was made for this form in this browser, not too long ago.
    #[must_use]
    pub fn proves_form(&self, form: &str, cookie: &FormCookie, token: &Secret) -> bool {
        let Some((shown, mac)) = parse(token.expose()) else { return false };
        let now = self.clock.now();
        let is_fresh = shown <= now.plus(Clock::STEP) && now < shown.plus(FORM_TTL);
        is_fresh && self.form_key.proves(&text(form, cookie, shown), &mac)
    }
}

/// What the token proves. Only its last part varies in length, so no two are alike.
fn text(form: &str, cookie: &FormCookie, shown: Timestamp) -> Vec<u8> {
    [cookie.expose().as_slice(), &shown.seconds().to_be_bytes(), form.as_bytes()].concat()
}

fn parse(token: &str) -> Option<(Timestamp, Digest)> {
    let (shown, mac) = token.split_once('.')?;
    let digits = shown.bytes().all(|b| b.is_ascii_digit());
    let shown = shown.parse().ok().filter(|_| digits).map(Timestamp::from_seconds)?;
    Some((shown, Digest::try_from(mac).ok()?))
}
