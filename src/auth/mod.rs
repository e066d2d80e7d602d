//! The use cases: one file, one verb. Each gets what it needs as arguments, asks the clock and
//! the store, and refuses without telling which part was wrong.

mod account;
mod api_access;
mod api_tokens;
mod audit;
mod authenticate;
mod back_up;
mod change_password;
mod clock;
mod create_user;
mod error;
mod events;
mod form;
mod form_token;
mod forward;
mod forward_cookie;
mod held;
mod import;
mod inspect;
mod introspect;
mod keyring;
mod last_used;
mod list_users;
mod login;
mod logout;
mod measure;
mod network;
mod refresh;
mod register;
mod rehash;
mod reset;
mod resolve;
mod revoke;
mod rotate;
mod seen;
mod services;
mod sessions;
mod setup;
mod signed_in;
mod status;
mod status_list;
mod tend;
mod throttle;
mod tokens;
mod trail;
mod users;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use self::account::ProfileChange;
pub use self::api_access::ApiAccess;
pub use self::api_tokens::{IssuedApiToken, MOST_API_TOKENS, NewApiToken};
pub use self::audit::FAILURES_EVERY;
pub use self::authenticate::Access;
pub use self::back_up::{BackupJob, BackupStatus};
pub use self::change_password::PasswordChange;
pub use self::clock::{AcceptedClock, ClockView, resume_clock};
pub use self::create_user::NewUser;
pub use self::error::{Error, FieldError};
pub use self::events::{EventFilter, EventPage};
pub use self::forward::{Checked as CheckedAccess, Identity, Passage, Proof};
pub use self::import::{Imported, ImportedUser, MOST_IMPORTED};
pub use self::inspect::{Checked, Inspection, Passed, TokenKind};
pub use self::introspect::ActiveToken;
pub use self::keyring::{KeyView, Keyring, StartError};
pub use self::list_users::{UserList, UserQuery};
pub use self::login::{Credentials, SignIn};
pub use self::measure::Measures;
pub use self::refresh::Refreshed;
pub use self::register::Registration;
pub use self::reset::{IssuedLink, NewPassword};
pub use self::services::{IssuedService, MOST_SERVICES, ServiceAccess, ServiceView};
pub use self::sessions::SessionView;
pub use self::setup::SetupRequest;
pub use self::status::Status;
pub use self::status_list::{SignedStatusList, StatusListLoad, StatusLists};
pub use self::throttle::{Limits, Throttle};
pub use self::trail::{
    EventLine, Expected, Line, TrailFinding, TrailFlaw, TrailPage, TrailReport, Verifier,
};
pub use self::users::UserChange;
use crate::crypto::{
    CredentialKey, CredentialName, FormKey, ForwardKey, Issuer, PasswordPolicy, Passwords,
    PublicIds, Random,
};
pub use crate::crypto::{PoolLoad, PublicJwk as JwksKey};
use crate::model::{
    AccessRules, Algorithm, ApiTokenId, Clock, EventId, Roles, ServiceId, SessionId, TokenHash,
};
use crate::store::Store;

/// What the deployment decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether anyone may register.
    pub registration_open: bool,
    /// Every role that exists.
    pub roles: Roles,
    /// The life of an access token.
    pub access_ttl: Duration,
    /// The life of a session.
    pub session_ttl: Duration,
    /// How many sessions a user may have; the oldest makes room.
    pub max_sessions: usize,
    /// How long an API token may live.
    pub max_api_ttl: Duration,
    /// The services of the configuration, each with the hash of its secret.
    pub services: Vec<(ServiceId, TokenHash)>,
    /// Who may reach what of other people's apps.
    pub access: Arc<AccessRules>,
    /// `iss` and `aud`.
    pub issuer: Issuer,
    /// Which passwords are accepted.
    pub policy: PasswordPolicy,
    /// The origin that links start with.
    pub public_url: String,
    /// How new keys sign.
    pub algorithm: Algorithm,
    /// How long the audit trail is kept.
    pub keep_events: Duration,
    /// How long a verifier may keep a status list: after that it knows of every logout.
    pub status_ttl: Duration,
    /// Whether tokens are issued by the known time when the wall clock is behind it or was never
    /// set.
    pub trust_mark: bool,
}

/// Where a request comes from: for the audit trail, the session list and the throttle.
#[derive(Debug, Clone)]
pub struct Client {
    /// `None` for the command line.
    pub ip: Option<IpAddr>,
    /// The browser's name for itself; any text.
    pub user_agent: String,
    /// `None` where there is no request.
    pub request_id: Option<String>,
}

impl Client {
    /// The command line on the store itself.
    #[must_use]
    pub fn operator() -> Self {
        Self { ip: None, user_agent: String::new(), request_id: None }
    }
}

/// What the use cases stand on, besides their settings.
#[derive(Debug)]
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The hashing pool.
    pub passwords: Passwords,
    /// The signing keys.
    pub keyring: Keyring,
    /// The counters.
    pub throttle: Arc<Throttle>,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub random: Random,
}

/// Everything doorkey can do, as methods.
#[derive(Debug)]
pub struct Auth {
    store: Store,
    passwords: Passwords,
    keyring: Keyring,
    throttle: Arc<Throttle>,
    clock: Clock,
    random: Random,
    request_ids: PublicIds,
    settings: Settings,
    failures: audit::Failures,
    told: audit::Told,
    last_used: last_used::LastUsed<SessionId>,
    tokens_used: last_used::LastUsed<ApiTokenId>,
    credential_key: CredentialKey,
    seen_tokens: seen::Seen<CredentialName, authenticate::GoodToken>,
    seen_api_tokens: seen::Seen<CredentialName, api_access::GoodApiToken>,
    seen_sessions: seen::Seen<SessionId, held::Held>,
    setup_used: tokio::sync::Notify,
    watch: clock::ClockWatch,
    backups: back_up::Backups,
    sealer: trail::Sealer,
    form_key: FormKey,
    forward_key: ForwardKey,
    status_lists: Arc<StatusLists>,
    /// When it was made, in monotonic time.
    started: Duration,
}

impl Auth {
    /// The use cases over these parts.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let sealer = trail::Sealer::new(parts.keyring.audit_key());
        let (form_key, forward_key) = (parts.keyring.form_key(), parts.keyring.forward_key());
        let started = parts.clock.monotonic();
        let lists = Arc::new(StatusLists::new(parts.clock.clone(), settings.status_ttl));
        Self {
            store: parts.store.watched_by(lists.clone()),
            passwords: parts.passwords,
            keyring: parts.keyring,
            throttle: parts.throttle,
            clock: parts.clock,
            request_ids: PublicIds::new(parts.random.clone()),
            credential_key: CredentialKey::new(&parts.random),
            random: parts.random,
            settings,
            failures: audit::Failures::default(),
            told: audit::Told::default(),
            last_used: last_used::LastUsed::default(),
            tokens_used: last_used::LastUsed::default(),
            seen_tokens: seen::Seen::default(),
            seen_api_tokens: seen::Seen::default(),
            seen_sessions: seen::Seen::default(),
            setup_used: tokio::sync::Notify::new(),
            watch: clock::ClockWatch::default(),
            backups: back_up::Backups::default(),
            sealer,
            form_key,
            forward_key,
            status_lists: lists,
            started,
        }
    }

    /// A fresh id for a request.
    #[must_use]
    pub fn new_request_id(&self) -> String {
        self.request_ids.next::<EventId>().to_string()
    }

    /// Whether anyone may make an account.
    #[must_use]
    pub fn is_registration_open(&self) -> bool {
        self.settings.registration_open
    }

    /// The fewest characters of a new password.
    #[must_use]
    pub fn shortest_password(&self) -> usize {
        self.settings.policy.min_chars
    }

    /// Whether the store answers, and the clock is good enough to issue tokens by.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::ClockNotSet`].
    pub async fn ready(&self) -> Result<(), Error> {
        self.store.ping().await?;
        self.issuing_time().map(|_| ())
    }
}
