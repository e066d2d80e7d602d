//! The rules by which a request can be refused: one word and one sentence for each. They are for
//! who administers the server; what the client learns is coarser.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($rule:ident = $word:literal, $sentence:literal;)+) => {
        /// The exact rule that refused a request.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $sentence] $rule,)+
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// The stable word for programs.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$rule => $word,)+ }
            }

            /// What was wrong, in one sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$rule => $sentence,)+ }
            }
        }
    };
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

rules! {
    // The way to a route.
    UriTooLong = "uri_too_long", "The path and the query together are too long.";
    RouteUnknown = "route_unknown", "No route has this path.";
    RouteOfOperator = "route_of_operator", "The route is the operator's, who comes over the control socket.";
    SetupOver = "setup_over", "There is an administrator already, so there is no setup.";
    MethodUnknown = "method_unknown", "The path has no such method.";
    FileUnknown = "file_unknown", "No file that the pages load has this name.";
    PageUnknown = "page_unknown", "No problem has this code, so there is no page about it.";
    NotTheOwner = "not_the_owner", "The process at the control socket belongs to another user than the data folder.";
    ConnectionLimit = "connection_limit", "The address had as many open connections as one may have; this one was closed.";

    // Pages of other sites.
    OriginForeign = "origin_foreign", "The page is of an origin that is neither the server's own nor listed in `http.cors_origins`.";
    OriginUnclear = "origin_unclear", "The Origin header is there more than once, or is no text.";
    FetchSiteForeign = "fetch_site_foreign", "The browser says that the page is of another site, and names no origin.";
    FormToken = "form_token", "The token of the form is missing, was made for another form or another browser, or is older than 12 hours.";
    OriginMissing = "origin_missing", "There is neither Origin nor Sec-Fetch-Site, and `http.strict_origin` asks for one.";

    // The Authorization header.
    BearerMissing = "bearer_missing", "There is no Authorization header.";
    SchemeOther = "scheme_other", "The Authorization header is of another scheme than Bearer.";
    AuthorizationRepeated = "authorization_repeated", "There is more than one Authorization header.";
    AuthorizationNotText = "authorization_not_text", "The Authorization header has bytes outside ASCII.";
    BearerForm = "bearer_form", "The Authorization header is not 'Bearer', one space and one token.";
    BearerHidden = "bearer_hidden", "The Authorization header hides a Bearer token behind another scheme.";
    BearerInQuery = "bearer_in_query", "There is a token in the query beside the one in the header.";

    // What proves a service.
    ServiceMissing = "service_missing", "There is no Basic authentication, by which a service proves itself.";
    BasicForm = "basic_form", "The Authorization header is not 'Basic', one space, and base64 of a name, a colon and a secret.";
    ServiceForm = "service_form", "The name or the secret has not the form of one of a service.";
    ServiceUnknown = "service_unknown", "No service has this name. The name is not kept.";
    ServiceSecret = "service_secret", "The secret is not that of the service.";

    // An API token.
    ApiTokenHere = "api_token_here", "It is an API token: those are good at services, and open no route of this server.";
    ApiTokenForm = "api_token_form", "The text has not the form of an API token, or its checksum is wrong.";
    ApiTokenUnknown = "api_token_unknown", "There is no such API token: it was revoked, swept, or never made.";
    ApiTokenSecret = "api_token_secret", "The secret in the API token is not that of its record.";
    ApiTokenUserUnknown = "api_token_user_unknown", "The owner of the API token is deleted.";
    ApiTokenDead = "api_token_dead", "The API token has expired, or its owner is disabled or has ended everything since it was made.";
    TokenOfSession = "token_of_session", "It is a good token of a session, which no service ends.";

    // Forward-auth: the proxy's question.
    ForwardUntrusted = "forward_untrusted", "The request comes from no address of `http.trusted_proxies`, and only those proxies may ask.";
    ForwardQuestion = "forward_question", "What tells what was asked for is missing, is there more than once, or is not in its one form; the detail says which, and `forward.proxy` which headers are read.";
    ForwardAlias = "forward_alias", "A header of the request is another spelling of one that tells apps who is there.";
    ForwardMode = "forward_mode", "The query of the question is not `mode=` and one of redirect, location and deny.";

    // Forward-auth: the answer.
    AccessUnruled = "access_unruled", "No rule of `access` fits the request, and what none fits nobody gets.";
    AccessDenies = "access_denies", "The first rule of `access` that fits the request denies it to everyone.";
    AccessRoles = "access_roles", "The account, or its API token, has none of the roles that the rule of `access` asks for.";
    ForwardAnonymous = "forward_anonymous", "There is neither a bearer token nor the cookie of forward-auth.";
    ForwardBearer = "forward_bearer", "The Authorization header cannot be read in exactly one way.";
    ForwardCookieForm = "forward_cookie_form", "The cookie of forward-auth is there more than once, is of another form, or a cookie has bytes outside ASCII.";
    ForwardCookieProof = "forward_cookie_proof", "The cookie of forward-auth was not made for this session under its present secret.";
    ForwardSessionUnknown = "forward_session_unknown", "The session of the forward-auth cookie is not known any more.";
    ForwardSessionEnded = "forward_session_ended", "The session of the forward-auth cookie was ended, has reached its end, or is of an earlier epoch of its account.";
    ForwardUserGone = "forward_user_gone", "The account of the forward-auth cookie is deleted or disabled.";

    // The access token itself.
    TokenTooLong = "token_too_long", "The token is longer than 8 KiB.";
    TokenForm = "token_form", "The token is not three parts of base64url with a JSON object as header.";
    TokenHeader = "token_header", "The header of the token is not exactly alg, typ and kid, each a text.";
    TokenType = "token_type", "The token is of another type than at+jwt.";
    TokenKey = "token_key", "The token names no key that is accepted now.";
    TokenAlgorithm = "token_algorithm", "The algorithm of the token is not that of the key it names.";
    TokenEncoding = "token_encoding", "The signature or the claims are not in the one form of base64url.";
    TokenSignature = "token_signature", "The key that the token names did not make this signature.";
    TokenClaims = "token_claims", "The claims are not those of an access token: one is missing, unknown, repeated or of the wrong kind.";
    TokenIssuer = "token_issuer", "The token is of another issuer.";
    TokenAudience = "token_audience", "The token is for another audience.";
    TokenClient = "token_client", "The token was made for another client.";
    TokenLife = "token_life", "The token expires before it was issued, or more than 15 minutes after.";
    TokenEarly = "token_early", "The token was issued in the future, or is not to be used yet.";
    TokenExpired = "token_expired", "The token has expired.";
    TokenSessionUnknown = "token_session_unknown", "The session of the token is not known any more.";
    TokenSessionRevoked = "token_session_revoked", "The session of the token was ended.";
    TokenSessionExpired = "token_session_expired", "The session of the token has reached its end.";
    TokenUserUnknown = "token_user_unknown", "There is no account with the id in the token.";
    TokenUserOther = "token_user_other", "The session of the token belongs to another account.";
    TokenUserDisabled = "token_user_disabled", "The account of the token is disabled.";
    TokenEpochOld = "token_epoch_old", "The account has ended its sessions, or changed its password, since the token was issued.";
    TokenOvertaken = "token_overtaken", "The account or the session changed while the request was under way.";

    // What the caller may do.
    RoleMissing = "role_missing", "The account lacks the role.";
    RoleLost = "role_lost", "The account lost the role while the request was under way.";
    RolesOwn = "roles_own", "Nobody changes the roles of the own account.";
    OperatorOnly = "operator_only", "Only the operator may do this.";
    OperatorNobody = "operator_nobody", "The operator has no account of its own to do this with.";
    ReauthenticationNeeded = "reauthentication_needed", "The login is more than ten minutes ago, and this asks for a fresh one.";

    // The body and the query.
    BodyTooLarge = "body_too_large", "The body is larger than the route takes.";
    BodyTooSlow = "body_too_slow", "The body took too long to arrive.";
    BodyBroken = "body_broken", "The body broke off, or its framing is broken.";
    MediaType = "media_type", "The body is not declared as application/json, or as a form where a page takes one, in UTF-8, uncompressed, once.";
    FormMedia = "form_media", "The body is not declared as application/x-www-form-urlencoded in UTF-8, uncompressed, once.";
    FormRefused = "form_refused", "The form is no text, or a parameter is repeated, missing, or contradicts the header.";
    JsonForm = "json_form", "The body is not one well-formed JSON object in UTF-8.";
    JsonTwice = "json_twice", "A member of the JSON object is there twice.";
    MemberUnknown = "member_unknown", "The JSON object has a member that the route does not know.";
    MemberMissing = "member_missing", "A member is missing in the JSON object.";
    MemberType = "member_type", "A member of the JSON object has the wrong type.";
    MemberValue = "member_value", "A member of the JSON object has a value that is never valid.";
    FieldRefused = "field_refused", "A field does not keep to its rule.";
    FormFields = "form_fields", "A field of the form is unknown, repeated or missing, or the form is no text.";
    QueryRefused = "query_refused", "A parameter of the query is unknown, repeated or not valid.";

    // The refresh cookie.
    CookieMissing = "cookie_missing", "There is no refresh cookie of this exact name.";
    CookieForm = "cookie_form", "The refresh cookie has not the form of a refresh token.";
    CookieRepeated = "cookie_repeated", "The refresh cookie is there more than once.";
    CookieNotText = "cookie_not_text", "A cookie has bytes outside ASCII.";
    RefreshSessionUnknown = "refresh_session_unknown", "The refresh token names a session that is not known, or not any more.";
    RefreshSecret = "refresh_secret", "The secret in the refresh token is not that of its session.";
    RefreshSessionRevoked = "refresh_session_revoked", "The session was ended.";
    RefreshSessionExpired = "refresh_session_expired", "The session has reached its end.";
    RefreshUserUnknown = "refresh_user_unknown", "The account of the session is deleted.";
    RefreshUserDisabled = "refresh_user_disabled", "The account of the session is disabled.";
    RefreshEpochOld = "refresh_epoch_old", "The account has ended its sessions, or changed its password, since the session began.";

    // Passwords and other secrets that are typed.
    NameUnknown = "name_unknown", "No account has this name or verified address. The name is not kept: it may be a password in the wrong field.";
    PasswordWrong = "password_wrong", "The password is wrong.";
    PasswordNone = "password_none", "The account has no password yet: its invite was not used.";
    PasswordUnreadable = "password_unreadable", "The stored hash is damaged or too large to verify; the log says which.";
    AccountDisabled = "account_disabled", "The account is disabled; its password was not compared.";
    AccountOvertaken = "account_overtaken", "The account changed while its password was verified.";
    SetupSecret = "setup_secret", "The setup secret is wrong.";
    LinkForm = "link_form", "The token has not the form of one of a link.";
    LinkUnknown = "link_unknown", "The link is not known: it was used, or never made.";
    LinkSecret = "link_secret", "The secret in the token is not that of its link.";
    LinkExpired = "link_expired", "The link is too old, or was made by a clock that was wrong.";
    LinkUserGone = "link_user_gone", "The account of the link is deleted or disabled.";
    LinkEpochOld = "link_epoch_old", "The account has another password, or ended its sessions, since the link was made.";

    // Too much.
    ThrottleAccountNetwork = "throttle_account_network", "Too many failures in a row of this account from this network or device: each one delays the next.";
    ThrottleAccount = "throttle_account", "Too many failures in a row of this account from anywhere: only devices and networks that it knows get through.";
    ThrottleNetwork = "throttle_network", "Too many failures of this network within a minute, whatever the account.";
    ThrottleRegistrations = "throttle_registrations", "Too many registrations of this network within a minute.";
    ThrottleProfile = "throttle_profile", "Too many changes of this profile within a minute.";
    ThrottleServices = "throttle_services", "Too many services of this network did not prove themselves within a minute.";
    QueueAttempts = "queue_attempts", "Too many attempts waited for the answers of others.";
    QueuePasswords = "queue_passwords", "The queue of passwords to hash was full.";
    StatusListsFull = "status_lists_full", "There are as many status lists as there may be, and all are full.";
    StatusListNotRead = "status_list_not_read", "The status lists of earlier runs are not read from the store yet.";

    // What does not fit what is there.
    RegistrationClosed = "registration_closed", "Registration is closed: administrators make accounts.";
    UsernameTaken = "username_taken", "Another account has this name.";
    EmailTaken = "email_taken", "Another account has this address.";
    LastAdmin = "last_admin", "Without this account nobody could administer.";
    ClientTaken = "client_taken", "Another service has this name.";
    ClientConfigured = "client_configured", "The service is in the configuration, where alone it can be removed.";
    ClientUnknown = "client_unknown", "No registered service has this name.";
    ClientLimit = "client_limit", "There are as many registered services as there may be.";
    ApiTokenLimit = "api_token_limit", "The account has as many API tokens as it may.";
    ApiTokenNotLive = "api_token_not_live", "The account has no live API token with this id.";
    IdForm = "id_form", "The id in the path is none.";
    UserUnknown = "user_unknown", "There is no account with this id.";
    SessionNotLive = "session_not_live", "The account has no live session with this id.";
    KeyUnknown = "key_unknown", "There is no signing key with this id.";
    StatusListUnknown = "status_list_unknown", "No session has a place in a status list of this name.";
    RequestUnknown = "request_unknown", "Neither the audit trail nor the kept refusals know this request.";

    // Faults of ours.
    ClockNotSet = "clock_not_set", "The machine's clock is not set, or is behind what is known of the time.";
    StoreBusy = "store_busy", "Others changed the same records again and again.";
    StoreUnavailable = "store_unavailable", "The store did not answer; the log says why.";
    StoreBroken = "store_broken", "A record is damaged or too large; the log says which.";
    CryptoFailed = "crypto_failed", "Signing or making a key failed; the log says why.";
    Panicked = "panicked", "The request met a mistake in the program; the log says where.";
    TooSlow = "too_slow", "The request took longer than `http.request_timeout`.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rule_has_its_own_word_and_whole_sentences() {
        let mut words = HashSet::new();
        for rule in Rule::ALL {
            let (word, sentence) = (rule.word(), rule.sentence());
            assert!(words.insert(word), "{word} is there twice");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{word}");
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{word}");
        }
    }
}
