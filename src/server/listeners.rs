//! What the server listens on: the API in clear or under TLS, and the metrics.

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::outside::Outside;
use super::tls::{Tls, TlsError, files_of};
use super::{Server, self_signed, settings};
use crate::http::listen::{self, Certificate, Exempt, Limits, TlsListener};

/// Bound sockets, and how the API is served on its own.
pub struct Listeners {
    /// The API.
    pub api: TcpListener,
    /// The metrics; `None`: nowhere.
    pub metrics: Option<TcpListener>,
    /// The certificate of the API; `None`: plain HTTP.
    pub tls: Option<Tls>,
}

impl Server {
    /// The certificate to serve: the configured files, or the one of `--dev --tls` in the data
    /// folder. `None` without TLS. What is wrong with it and no reason to stop is in the log.
    ///
    /// # Errors
    /// [`TlsError`], a sentence for the operator.
    pub fn tls(&self) -> Result<Option<Tls>, TlsError> {
        let (config, now) = (&self.loaded.config, self.clock.now());
        let files = if config.tls.self_signed {
            Some(self_signed::open(&self.data, now)?)
        } else {
            files_of(&config.tls)
        };
        let Some(files) = files else { return Ok(None) };
        let tls = Tls::open(files, self.clock.clone())?;
        if let Some(url) = &config.http.public_url
            && !tls.certificate().borrow().names(url.host())
        {
            tracing::warn!(%url, "the TLS certificate does not name the host of http.public_url");
        }
        Ok(Some(tls))
    }

    /// Serves the metrics, where they are on.
    pub(super) async fn serve_metrics(
        &self,
        (listener, everyone): (Option<TcpListener>, Exempt),
        ended: impl Future<Output = ()>,
    ) {
        let (Some(listener), Some(metrics)) = (listener, self.api.metrics()) else { return };
        let limits = settings::listen_metrics(&self.loaded.config);
        listen::serve(listener, metrics, (limits, everyone), ended).await;
    }
}

/// Serves the API, under TLS where there is a certificate.
pub(super) async fn serve_api(
    (listener, certificate): (TcpListener, Option<watch::Receiver<Certificate>>),
    handler: Outside,
    limits: (Limits, Exempt),
    ended: impl Future<Output = ()>,
) {
    match certificate {
        Some(certificate) => {
            let listener = TlsListener::new(listener, certificate);
            listen::serve(listener, handler, limits, ended).await;
        }
        None => listen::serve(listener, handler, limits, ended).await,
    }
}

/// Follows the files of the certificate until the end, where there is one.
pub(super) async fn follow(tls: Option<&mut Tls>, ended: impl Future<Output = ()>) {
    match tls {
        Some(tls) => tls.follow(ended).await,
        None => ended.await,
    }
}
