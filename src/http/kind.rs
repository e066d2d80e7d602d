//! The one table of what can go wrong: a row for every problem a client may be told about.

use warp::http::StatusCode;

/// What there is to say about one [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable word for programs; also the last part of the problem's `type`.
    pub code: &'static str,
    /// One short sentence for people, the same every time (RFC 9457, 3.1.3).
    pub title: &'static str,
    /// What a client can do about it, for the page at `/problems/<code>`.
    pub help: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $status:ident $code:literal, $title:literal, $help:literal;)+) => {
        /// What went wrong, as far as a client may know. Every kind has one status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// Every kind there is, in the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its row of the table.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$kind => Row {
                        status: StatusCode::$status,
                        code: $code,
                        title: $title,
                        help: $help,
                    },)+
                }
            }
        }
    };
}

kinds! {
    /// The body is not one well-formed JSON object, or names a member twice.
    MalformedJson = BAD_REQUEST "malformed_json", "The body is not one JSON object.",
        "Send exactly one JSON object in UTF-8, each member named once, with nothing before or after it.";
    /// A header that decides about identity is ambiguous or broken.
    MalformedHeader = BAD_REQUEST "malformed_header", "A header is malformed.",
        "Send one Authorization header of the form 'Bearer <token>', and each cookie once, in ASCII.";
    /// The body is no form that the route takes.
    MalformedForm = BAD_REQUEST "malformed_form", "The form is not one that the route takes.",
        "Send each parameter once, in the body alone, as application/x-www-form-urlencoded in UTF-8, and 'token' among them.";
    /// A service asks to revoke a good token that is not one of its own (RFC 7009, 2.2.1).
    UnsupportedTokenType = BAD_REQUEST "unsupported_token_type",
        "Tokens of this kind are not revoked here.",
        "Services revoke API tokens. A session ends by its user's logout or by an administrator.";
    /// A service has not proved who it is (RFC 6749, 5.2).
    InvalidClient = UNAUTHORIZED "invalid_client", "The service was not recognized.",
        "Send the client_id and the secret of a registered service by HTTP Basic authentication, and nothing of them in the body.";
    /// No access token, or one that is not accepted.
    InvalidToken = UNAUTHORIZED "invalid_token", "A valid access token is needed.",
        "Get a new access token from /auth/refresh, or log in again, and repeat the request.";
    /// The login failed, for whatever reason.
    InvalidCredentials = UNAUTHORIZED "invalid_credentials", "The login was not accepted.",
        "Check the name and the password. The answer is the same for every reason.";
    /// The refresh cookie is missing or leads to no live session.
    SessionEnded = UNAUTHORIZED "session_ended", "The session has ended.",
        "Log in again. A session ends by logout, by its age, by a new password or by an administrator.";
    /// Nobody is signed in where an app asks for it.
    SignInNeeded = UNAUTHORIZED "sign_in_needed", "A sign-in is needed.",
        "Sign in on the page of the server, or send an access token or an API token as 'Authorization: Bearer'.";
    /// The caller is known but lacks the role.
    InsufficientScope = FORBIDDEN "insufficient_scope", "The caller may not do this.",
        "Ask an administrator for the role that is needed. Repeating the request does not help.";
    /// The rules of the deployment let nobody, or not this caller, through.
    AccessDenied = FORBIDDEN "access_denied", "The access is denied.",
        "Tell the operator the request_id: 'doorkey explain' says which rule denied it. Repeating the request does not help.";
    /// A cookie came with a request from another site.
    ForeignOrigin = FORBIDDEN "foreign_origin", "The request comes from a foreign origin.",
        "Send the request from a page of this server, or have the page's origin listed in http.cors_origins.";
    /// The login is too long ago for this change.
    ReauthenticationRequired = FORBIDDEN "reauthentication_required", "A fresh login is needed.",
        "Log in again and repeat the request within ten minutes.";
    /// New accounts are made by administrators only.
    RegistrationClosed = FORBIDDEN "registration_closed", "Registration is closed.",
        "Ask an administrator for an account.";
    /// Nothing is there, or nothing the caller may see.
    NotFound = NOT_FOUND "not_found", "There is nothing here.",
        "Check the path, which is exact to the letter and has no slash at its end, and the id in it.";
    /// The path exists, the method does not.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed", "The method is not allowed here.",
        "Use one of the methods of the Allow header.";
    /// The client took too long to send its body.
    RequestTimeout = REQUEST_TIMEOUT "request_timeout", "The request took too long to arrive.",
        "Send the request again, without pauses in its body.";
    /// Someone has this name.
    UsernameTaken = CONFLICT "username_taken", "The username is taken.",
        "Choose another username.";
    /// Someone has this address.
    EmailTaken = CONFLICT "email_taken", "The e-mail address is taken.",
        "Use another e-mail address, or log in to the account that has it.";
    /// Without this account nobody could administer the server.
    LastAdmin = CONFLICT "last_admin", "This is the last administrator.",
        "Make somebody else an administrator first.";
    /// Another service has this name.
    ClientTaken = CONFLICT "client_taken", "The name of the service is taken.",
        "Choose another id, or remove the service that has it.";
    /// The service stands in the configuration.
    ClientConfigured = CONFLICT "client_configured", "The service is in the configuration.",
        "Remove its lines from auth.toml and start the server again.";
    /// There are as many as there may be.
    LimitReached = CONFLICT "limit_reached", "There are as many of these as there may be.",
        "Revoke or remove one that is no longer used first.";
    /// The body is over the limit of the route.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large", "The body is too large.",
        "Send a smaller body. The requests of this server need a few hundred bytes.";
    /// The URI is over the limit.
    UriTooLong = URI_TOO_LONG "uri_too_long", "The URI is too long.",
        "Shorten the path and the query.";
    /// The body is not declared as JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type",
        "The media type is not supported.",
        "Send the body as application/json in UTF-8, uncompressed, and say so in one Content-Type header.";
    /// The JSON is well formed, its content is not what the route takes.
    InvalidRequest = UNPROCESSABLE_ENTITY "invalid_request", "The request is not valid.",
        "Correct the members that 'errors' names. Members that the route does not know are refused.";
    /// A limit of tries was reached.
    TooManyAttempts = TOO_MANY_REQUESTS "too_many_attempts", "Too many attempts.",
        "Wait for as many seconds as the Retry-After header says.";
    /// A fault of ours.
    Internal = INTERNAL_SERVER_ERROR "internal", "The server failed.",
        "Tell the operator the request_id; the log explains it.";
    /// The queue for expensive work is full.
    Busy = SERVICE_UNAVAILABLE "busy", "The server is busy.",
        "Try again after as many seconds as the Retry-After header says.";
    /// The store, or something else we rely on, does not answer.
    Unavailable = SERVICE_UNAVAILABLE "unavailable", "The server cannot do this now.",
        "Try again later. Do not take the request for done.";
    /// The machine's clock is unusable, so no token can be judged.
    ClockNotSet = SERVICE_UNAVAILABLE "clock_not_set", "The server's clock is not set.",
        "Tell the operator to set the clock of the machine.";
}

impl Kind {
    /// The kind with this code; `None` for any other word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.row().code == code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_stable_code_and_a_whole_row() {
        let mut codes = HashSet::new();
        for kind in Kind::ALL {
            let row = kind.row();
            assert!(codes.insert(row.code), "{} is there twice", row.code);
            assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.code);
            assert!(row.status.is_client_error() || row.status.is_server_error());
            assert!(row.title.ends_with('.') && row.help.ends_with('.'), "{}", row.code);
            assert_eq!(Kind::from_code(row.code), Some(*kind));
        }
        assert_eq!(codes.len(), 32);
    }

    #[test]
    fn the_statuses_are_those_of_the_contract() {
        let contract = [
            (400, "malformed_json malformed_header malformed_form unsupported_token_type"),
            (401, "invalid_token invalid_credentials session_ended invalid_client sign_in_needed"),
            (403, "insufficient_scope foreign_origin reauthentication_required"),
            (403, "registration_closed access_denied"),
            (404, "not_found"),
            (405, "method_not_allowed"),
            (408, "request_timeout"),
            (409, "username_taken email_taken last_admin"),
            (409, "client_taken client_configured limit_reached"),
            (413, "body_too_large"),
            (414, "uri_too_long"),
            (415, "unsupported_media_type"),
            (422, "invalid_request"),
            (429, "too_many_attempts"),
            (500, "internal"),
            (503, "busy unavailable clock_not_set"),
        ];
        for (status, codes) in contract {
            for code in codes.split(' ') {
                let kind = Kind::from_code(code).unwrap();
                assert_eq!(kind.row().status.as_u16(), status, "{code}");
            }
        }
    }
}
