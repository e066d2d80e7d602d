//! The words of the field: what things are and how they may change. Pure: no I/O, and nothing
//! of ours is imported here.

mod access;
mod api_token;
mod clock;
mod colour;
mod denial;
mod event;
mod forward_cookie;
mod id;
mod key;
mod names;
mod network;
pub mod rfc3339;
mod role;
mod rule;
mod seal;
mod secret;
mod service;
mod session;
mod status;
mod token;
mod token_check;
mod user;
mod word;

pub use access::{
    AccessRule, AccessRules, Address, AppRequest, CanonicalPath, Effect, Host, HostPattern,
    Judgement, MethodWord, NotCanonical, PathPattern,
};
pub use api_token::{ApiToken, PlainApiToken, UserApiTokens};
pub use clock::{BUILD_FLOOR, Clock, ClockState, Reading, Timestamp};
pub use colour::{Colour, NotAColour};
pub use denial::Denial;
pub use event::{Actor, Event, EventKind, Outcome};
pub use forward_cookie::ForwardCookie;
pub use id::{
    ApiTokenId, EventId, FromRandom, KeyId, LinkId, NotAnId, SessionId, StatusListId, TokenId,
    UserId,
};
pub use key::{Algorithm, KeySchedule, KeyState, SigningKey, UnknownAlgorithm};
pub use names::{BadName, DisplayName, Email, LoginName, TokenName};
pub use network::{IpNetwork, NotANetwork};
pub use role::{NotARole, Role, Roles};
pub use rule::Rule;
pub use seal::{Chain, ChainPlace, ChainSpan, Digest, NotADigest, Seal, SealContent, SealedEvent};
pub use secret::{Password, PasswordHash, Secret, TooLong};
pub use service::{NotAService, Service, ServiceId, ServiceSecret};
pub use session::{KnownNetwork, Session, SessionRef, SessionState, UserSessions};
pub use status::{EndedSessions, StatusRef};
pub use token::{
    AccessToken, Claims, FormCookie, Link, LinkToken, NotAToken, RefreshToken, TokenHash,
    TokenSecret,
};
pub use token_check::TokenCheck;
pub use user::User;
