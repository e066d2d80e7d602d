//! The issuer's public keys (RFC 7517).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::fetch::{FetchError, Issuer};
use super::options::Options;
use super::slot::{Kept, Slot, Source};
use crate::crypto::{Refusal, VerifyingKey};
use crate::model::{Clock, KeyId};

const PATH: &str = "/.well-known/jwks.json";
const MEDIA: &str = "application/jwk-set+json";
/// The largest set, in bytes, and the most keys that are read.
const MAX_BYTES: usize = 64 * 1024;
const MAX_KEYS: usize = 32;
/// How long a set is fresh when the issuer does not say, and the bounds of what it may say.
pub(super) const FRESH: Duration = Duration::from_mins(5);
const FRESH_AT_LEAST: Duration = Duration::from_secs(30);

/// All keys at one moment.
pub(super) struct KeySet(HashMap<KeyId, Arc<VerifyingKey>>);

/// The keys of the issuer, as they change.
pub(super) struct Keys {
    slot: Arc<Slot<KeySource>>,
    unknown_key_pause: Duration,
}

pub(super) struct KeySource {
    issuer: Arc<Issuer>,
    clock: Clock,
    keep: Duration,
}

/// Why something that is signed is not accepted.
pub(super) enum Unverified {
    /// There are no keys.
    NoKeys,
    /// It is not good.
    Refused(Refusal),
}

impl Keys {
    pub(super) fn new(issuer: Arc<Issuer>, options: &Options, clock: Clock) -> Self {
        let source = KeySource { issuer, clock: clock.clone(), keep: options.keep_keys };
        let slot = Arc::new(Slot::new(source, clock));
        Self { slot, unknown_key_pause: options.unknown_key_pause }
    }

    /// What `check` makes of the keys. When it misses one, the issuer is asked for them again: a
    /// key may have signed since.
    pub(super) async fn verify<T>(
        &self,
        check: impl Fn(&KeySet) -> Result<T, Refusal>,
    ) -> Result<T, Unverified> {
        let keys = self.slot.get().await.map_err(|_| Unverified::NoKeys)?;
        let first = check(&keys);
        if !matches!(first, Err(Refusal::UnknownKey)) {
            return first.map_err(Unverified::Refused);
        }
        let newer = self.slot.get_after(&keys, self.unknown_key_pause).await;
        match newer.filter(|newer| !Arc::ptr_eq(newer, &keys)) {
            Some(newer) => check(&newer).map_err(Unverified::Refused),
            None => first.map_err(Unverified::Refused),
        }
    }
}

impl KeySet {
    pub(super) fn find(&self, id: &KeyId) -> Option<Arc<VerifyingKey>> {
        self.0.get(id).cloned()
    }

    /// The keys of a set that are of use here; others are passed over (RFC 7517, 5).
    fn read(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).ok()?;
        let keys = set.keys.iter().take(MAX_KEYS).filter_map(VerifyingKey::from_jwk);
        let keys: HashMap<_, _> = keys.map(|key| (key.id(), Arc::new(key))).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }
}

impl Source for KeySource {
    type Item = KeySet;

    async fn fetch(&self) -> Result<Kept<KeySet>, FetchError> {
        let asked = self.clock.monotonic();
        let answer = self.issuer.get(PATH, MEDIA, MAX_BYTES).await?;
        let keys = KeySet::read(&answer.body);
        let keys = keys.ok_or(FetchError::Wrong("the JWKS has no key that can be used"))?;
        let fresh = answer.max_age.unwrap_or(FRESH).clamp(FRESH_AT_LEAST, FRESH);
        Ok(Kept {
            item: Arc::new(keys),
            renew_from: asked + fresh / 2,
            wait_from: asked + fresh,
            good_until: asked.saturating_add(self.keep),
            expires_at: None,
        })
    }
}
