//! The services that may ask about tokens: those of the configuration, and those that an
//! administrator registered.

use super::audit::About;
use super::network::known_network;
use super::{Access, Auth, Client, Error};
use crate::crypto::{fingerprint, hash_text};
use crate::model::{EventKind, Role, Rule, Secret, Service, ServiceId, ServiceSecret, Timestamp};

/// How many services administrators may register.
pub const MOST_SERVICES: usize = 64;

/// The proven service: the only argument by which anyone asks about a token.
#[derive(Debug, Clone)]
pub struct ServiceAccess(ServiceId);

impl ServiceAccess {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &ServiceId {
        &self.0
    }
}

/// A service for whoever may see it.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Its name.
    pub id: ServiceId,
    /// When an administrator registered it; `None` for one of the configuration.
    pub created_at: Option<Timestamp>,
}

/// A service with the secret to hand to it, once.
#[derive(Debug)]
pub struct IssuedService {
    /// The service.
    pub service: ServiceView,
    /// The secret that is stored nowhere.
    pub secret: ServiceSecret,
}

impl Auth {
    /// The service of this name with this secret. A right secret is never delayed: nobody guesses 256
    /// bits, and the work is one hash. The limit bounds what wrong ones may cause.
    ///
    /// # Errors
    /// [`Error::InvalidClient`] for an unknown name and a wrong secret alike, [`Error::Throttled`]
    /// instead when there were too many of them from this network.
    pub async fn authenticate_service(
        &self,
        (id, secret): (&str, Secret),
        client: &Client,
    ) -> Result<ServiceAccess, Error> {
        match self.proved_service(id, secret).await? {
            Ok(id) => Ok(ServiceAccess(id)),
            Err(rule) => Err(self.refuse_service(rule, client)),
        }
    }

    /// The service, or which rule it did not keep.
    async fn proved_service(
        &self,
        id: &str,
        secret: Secret,
    ) -> Result<Result<ServiceId, Rule>, Error> {
        let (Ok(id), Ok(secret)) = (ServiceId::try_from(id), ServiceSecret::try_from(secret))
        else {
            return Ok(Err(Rule::ServiceForm));
        };
        let hash = hash_text(secret.expose());
        let configured = self.settings.services.iter().find(|(known, _)| *known == id);
        let stored = if let Some((_, stored)) = configured {
            Some(stored.clone())
        } else {
            let all = self.store.services().all().await?.value;
            all.into_iter().find(|service| service.id == id).map(|service| service.secret_hash)
        };
        Ok(match stored {
            None => Err(Rule::ServiceUnknown),
            Some(stored) if stored != hash => Err(Rule::ServiceSecret),
            Some(_) => Ok(id),
        })
    }

    /// Notes a service that proved nothing.
    fn refuse_service(&self, rule: Rule, client: &Client) -> Error {
        if let Err(refused) = self.throttle.refuse_service(client.ip) {
            return self.refused(refused, None);
        }
        let network = client.ip.map(known_network).unwrap_or_default();
        self.note_refused_service(fingerprint(&[b"service", network.as_bytes()]), client);
        Error::InvalidClient(rule.into())
    }

    /// All services, by their names.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn services(&self, access: &Access) -> Result<Vec<ServiceView>, Error> {
        access.require(&Role::admin())?;
        let stored = self.store.services().all().await?.value.into_iter();
        let stored = stored
            .filter(|service| !self.is_configured(&service.id))
            .map(|s| ServiceView { id: s.id, created_at: Some(s.created_at) });
        let configured = self.settings.services.iter();
        let configured = configured.map(|(id, _)| ServiceView { id: id.clone(), created_at: None });
        let mut all: Vec<ServiceView> = configured.chain(stored).collect();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    /// Registers a service.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::ClientTaken`],
    /// [`Error::LimitReached`] for more than [`MOST_SERVICES`].
    pub async fn add_service(
        &self,
        access: &Access,
        id: &str,
        client: &Client,
    ) -> Result<IssuedService, Error> {
        access.require(&Role::admin())?;
        let id = ServiceId::try_from(id).map_err(|why| Error::invalid("id", why.to_string()))?;
        self.store.retry(|| self.try_add_service(access, &id, client)).await
    }

    async fn try_add_service(
        &self,
        access: &Access,
        id: &ServiceId,
        client: &Client,
    ) -> Result<IssuedService, Error> {
        let before = self.store.services().all().await?;
        if self.is_configured(id) || before.value.iter().any(|service| service.id == *id) {
            return Err(Error::ClientTaken);
        }
        if before.value.len() >= MOST_SERVICES {
            return Err(Error::LimitReached(Rule::ClientLimit));
        }
        let (secret, created_at) = (self.random.service_secret(), self.clock.now());
        let secret_hash = hash_text(secret.expose());
        let mut after = before.value.clone();
        after.push(Service { id: id.clone(), secret_hash, created_at });
        let commit =
            self.still_allowed(access).await?.and(self.store.services().set(&before, &after));
        self.commit_service(access, (EventKind::ServiceAdded, id), (commit, client)).await?;
        let service = ServiceView { id: id.clone(), created_at: Some(created_at) };
        Ok(IssuedService { service, secret })
    }

    /// Removes a service: its secret is good for nothing from then on.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::ClientConfigured`] for one of the
    /// configuration.
    pub async fn remove_service(
        &self,
        access: &Access,
        id: &ServiceId,
        client: &Client,
    ) -> Result<(), Error> {
        access.require(&Role::admin())?;
        if self.is_configured(id) {
            return Err(Error::ClientConfigured);
        }
        self.store.retry(|| self.try_remove_service(access, id, client)).await
    }

    async fn try_remove_service(
        &self,
        access: &Access,
        id: &ServiceId,
        client: &Client,
    ) -> Result<(), Error> {
        let before = self.store.services().all().await?;
        let mut after = before.value.clone();
        after.retain(|service| service.id != *id);
        if after.len() == before.value.len() {
            return Err(Error::NotFound(Rule::ClientUnknown));
        }
        let commit =
            self.still_allowed(access).await?.and(self.store.services().set(&before, &after));
        self.commit_service(access, (EventKind::ServiceRemoved, id), (commit, client)).await
    }

    async fn commit_service(
        &self,
        access: &Access,
        (kind, id): (EventKind, &ServiceId),
        (commit, client): (crate::store::engine::Commit, &Client),
    ) -> Result<(), Error> {
        let mut event = self.event(About::nobody(kind), access.actor(), client);
        event.detail = Some(format!("the service {id}"));
        self.commit_with(commit, event).await
    }

    fn is_configured(&self, id: &ServiceId) -> bool {
        self.settings.services.iter().any(|(known, _)| known == id)
    }
}
