//! TLS on the listener: versions 1.2 and 1.3, the protocol `http/1.1` alone. Home of rustls.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{InconsistentKeys, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use webpki::{EndEntityCert, KeyUsage};

use super::{Accepted, Listener, Peer};
use crate::model::Timestamp;

/// The one protocol that is spoken behind the handshake (RFC 7301). A client that names others
/// only is refused; one that names none is taken for an HTTP/1.1 client.
const ALPN: &[u8] = b"http/1.1";

/// A certificate with its chain and its key, ready to be served.
#[derive(Clone)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    leaf: CertificateDer<'static>,
}

/// Why two texts are no [`Certificate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadCertificate {
    /// The first text has no certificate in PEM.
    NoCertificate,
    /// The first certificate of the text cannot be read as one.
    Unreadable,
    /// The second text has no private key in PEM, or an encrypted one.
    NoKey,
    /// The key is of a kind that is not served.
    UnknownKey,
    /// The key is not the one of the first certificate.
    Mismatch,
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "holds no certificate (PEM, the server's own first)",
            Self::Unreadable => "begins with a certificate that cannot be read as X.509 version 3",
            Self::NoKey => "holds no private key (PEM, not encrypted)",
            Self::UnknownKey => "holds a key of another kind than ECDSA, Ed25519 or RSA",
            Self::Mismatch => "holds the key of another certificate",
        })
    }
}

impl std::error::Error for BadCertificate {}

/// Where a moment stands to a certificate's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Before its first moment.
    NotYet(Timestamp),
    /// Within it.
    Valid,
    /// After its last moment.
    Expired(Timestamp),
}

impl Certificate {
    /// Reads both from PEM: the certificate with its chain, and its key.
    ///
    /// # Errors
    /// [`BadCertificate`]. An expired certificate is none: see [`Certificate::validity`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, BadCertificate> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| BadCertificate::NoCertificate)?;
        let leaf = chain.first().ok_or(BadCertificate::NoCertificate)?.clone();
        EndEntityCert::try_from(&leaf).map_err(|_| BadCertificate::Unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| BadCertificate::NoKey)?;
        let config = Arc::new(config(chain, key)?);
        Ok(Self { config, leaf })
    }

    /// Whether it is valid at this moment.
    #[must_use]
    pub fn validity(&self, now: Timestamp) -> Validity {
        let Ok(leaf) = EndEntityCert::try_from(&self.leaf) else { return Validity::Valid };
        let time = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
        let moment = |time: UnixTime| Timestamp::from_seconds(time.as_secs());
        // The time is looked at before the issuer, and with no issuer to trust it always fails:
        // every other failure means that the time is right.
        match leaf.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None) {
            Err(webpki::Error::CertExpired { not_after, .. }) => {
                Validity::Expired(moment(not_after))
            }
            Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
                Validity::NotYet(moment(not_before))
            }
            Ok(_) | Err(_) => Validity::Valid,
        }
    }

    /// Whether it names this host, a domain name or an address without brackets.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        let leaf = EndEntityCert::try_from(&self.leaf);
        let named = |leaf: EndEntityCert<'_>| {
            let name = ServerName::try_from(host).ok()?;
            leaf.verify_is_valid_for_subject_name(&name).ok()
        };
        leaf.ok().and_then(named).is_some()
    }
}

/// The same certificate; its key is then the same.
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.leaf == other.leaf
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, BadCertificate> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider has suites for both versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| refusal(&error))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Sessions are resumed from the memory of this process, which holds the last 256 of them: no
    // ticket holds a session's key, there is no ticket key to keep or to lose, and a new
    // certificate begins with none. Early data, which could be replayed, is off by default.
    config.send_tls13_tickets = 1;
    Ok(config)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds errors")]
fn refusal(error: &rustls::Error) -> BadCertificate {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => BadCertificate::Mismatch,
        rustls::Error::InvalidCertificate(_) => BadCertificate::Unreadable,
        _ => BadCertificate::UnknownKey,
    }
}

/// A listener whose connections begin with a handshake, by the certificate of that moment.
pub struct TlsListener {
    inner: TcpListener,
    certificate: watch::Receiver<Certificate>,
}

impl TlsListener {
    /// Every connection is answered with what `certificate` holds when it comes.
    #[must_use]
    pub const fn new(inner: TcpListener, certificate: watch::Receiver<Certificate>) -> Self {
        Self { inner, certificate }
    }
}

impl Listener for TlsListener {
    type Accepted = TlsAccepted;

    async fn accept(&self) -> io::Result<(TlsAccepted, Peer)> {
        let (stream, peer) = Listener::accept(&self.inner).await?;
        let config = Arc::clone(&self.certificate.borrow().config);
        Ok((TlsAccepted { stream, config }, peer))
    }
}

/// A connection before its handshake.
pub struct TlsAccepted {
    stream: TcpStream,
    config: Arc<ServerConfig>,
}

impl Accepted for TlsAccepted {
    type Io = TlsStream<TcpStream>;

    async fn establish(self) -> io::Result<Self::Io> {
        TlsAcceptor::from(self.config).accept(self.stream).await
    }
}
