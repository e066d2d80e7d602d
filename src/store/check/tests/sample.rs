//! The store that each test begins with, and its records.

use std::sync::Arc;

use crate::model::{
    Actor, Algorithm, ApiToken, ApiTokenId, Chain, ChainSpan, Digest, Email, EndedSessions, Event,
    EventId, EventKind, KeyId, Link, LinkId, LoginName, Outcome, PasswordHash, Role, Roles, Seal,
    SealContent, Service, ServiceId, Session, SessionId, SessionRef, SigningKey, StatusListId,
    StatusRef, Timestamp, TokenHash, TokenName, User, UserApiTokens, UserId, UserSessions,
};
use crate::store::{Memory, Store, Stored};

const END: Timestamp = Timestamp::from_seconds(1_000_000);

pub(super) fn user(number: u8, name: &str) -> User {
    User {
        id: UserId::from_bytes([number; 16]),
        username: LoginName::try_from(name).unwrap(),
        email: Some(Email::try_from(format!("{name}@Example.org")).unwrap()),
        email_verified: true,
        display_name: None,
        roles: Roles::from([Role::admin()]),
        disabled: false,
        created_at: Timestamp::EPOCH,
        epoch: 3,
        api_since: 2,
        password: Some(PasswordHash::from_phc("$secret$".to_owned())),
    }
}

pub(super) fn session(number: u8, owner: &User) -> Session {
    Session {
        id: SessionId::from_bytes([number; 16]),
        secret_hash: TokenHash::from_bytes([9; 32]),
        user: owner.id,
        epoch: owner.epoch,
        created_at: Timestamp::EPOCH,
        expires_at: END,
        last_used_at: Timestamp::EPOCH,
        user_agent: String::new(),
        ip: String::new(),
        revoked_at: None,
        status: None,
    }
}

pub(super) fn link(number: u8, owner: &User) -> Link {
    Link {
        id: LinkId::from_bytes([number; 16]),
        secret_hash: TokenHash::from_bytes([9; 32]),
        user: owner.id,
        epoch: owner.epoch,
        expires_at: END,
    }
}

pub(super) fn api_token(number: u8, owner: &User) -> ApiToken {
    ApiToken {
        id: ApiTokenId::from_bytes([number; 16]),
        secret_hash: TokenHash::from_bytes([9; 32]),
        user: owner.id,
        epoch: owner.epoch,
        name: TokenName::try_from("ci".to_owned()).unwrap(),
        roles: Roles::new(),
        created_at: Timestamp::EPOCH,
        expires_at: END,
        last_used_at: None,
    }
}

pub(super) fn tokens_of(tokens: &[&ApiToken]) -> UserApiTokens {
    UserApiTokens { tokens: tokens.iter().map(|token| token.id).collect() }
}

fn service() -> Service {
    Service {
        id: ServiceId::try_from("wiki").unwrap(),
        secret_hash: TokenHash::from_bytes([9; 32]),
        created_at: Timestamp::EPOCH,
    }
}

pub(super) fn signing_key() -> SigningKey {
    SigningKey {
        id: KeyId::from_bytes([7; 32]),
        algorithm: Algorithm::Es256,
        sealed: "sealed".to_owned(),
        created_at: Timestamp::EPOCH,
        signs_from: Timestamp::EPOCH,
    }
}

fn event() -> Event {
    Event {
        id: EventId::from_bytes([1; 16]),
        time: END,
        kind: EventKind::LoggedIn,
        actor: Actor::Operator,
        user: None,
        session: None,
        ip: None,
        request_id: None,
        outcome: Outcome::Done,
        detail: None,
        count: 1,
        seal: None,
    }
}

pub(super) fn ended(number: u8) -> EndedSessions {
    let place = StatusRef { list: StatusListId::from_bytes([number; 8]), index: 9 };
    EndedSessions { until: END, place, others: vec![] }
}

pub(super) fn seal() -> Seal {
    let (events, time) = (vec![], END);
    let content = SealContent { events, number: 1, previous: None, time, unproven: false };
    Seal { content, hash: Digest::NONE }
}

pub(super) fn list_of(sessions: &[&Session]) -> UserSessions {
    let entry = |s: &&Session| SessionRef { id: s.id, expires_at: s.expires_at };
    let mut list =
        UserSessions { sessions: sessions.iter().map(entry).collect(), networks: vec![] };
    list.remember_network("192.0.2.0/24", END);
    list
}

/// A clean store: `ann` with one session, and one that was removed, a link and an API token; a service; `bob`, an administrator as well; one key.
pub(super) async fn store() -> Store {
    let store = Store::new(Arc::new(Memory::new()));
    let (ann, bob) = (user(1, "ann"), user(2, "bob"));
    let (held, nothing) =
        (session(3, &ann), Stored { value: UserSessions::default(), version: None });
    let admins = store.users().admins().await.unwrap();
    let (token, none) =
        (api_token(5, &ann), Stored { value: UserApiTokens::default(), version: None });
    let services = store.services().all().await.unwrap();
    let commit = store
        .users()
        .insert(&ann)
        .and(store.users().insert(&bob))
        .and(store.users().set_admins(&admins, 2))
        .and(store.sessions().insert(&held))
        .and(store.sessions().set_list(ann.id, &nothing, &list_of(&[&held])))
        .and(store.links().insert(&link(4, &ann)))
        .and(store.api_tokens().insert(&token))
        .and(store.api_tokens().set_list(ann.id, &none, &tokens_of(&[&token])))
        .and(store.services().set(&services, &vec![service()]))
        .and(crate::store::ended::insert(&ended(13)))
        .and(store.keys().insert(&signing_key()))
        .and(store.events().insert(&event()))
        .and(store.seals().put(&seal()))
        .and(
            store.seals().set_chain(None, &Chain { mac: Digest::NONE, span: ChainSpan::default() }),
        )
        .and(store.setup().set(&TokenHash::from_bytes([5; 32])));
    store.commit(commit).await.unwrap();
    store
}
