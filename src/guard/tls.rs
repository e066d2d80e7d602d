//! TLS to the issuer, by the certificates that are trusted.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::BadOptions;
use super::options::Roots;

/// TLS 1.2 or 1.3 with certificates under these roots.
pub(super) fn connector(roots: &Roots) -> Result<TlsConnector, BadOptions> {
    let no_roots = |error: rustls::Error| BadOptions::NoRoots(error.to_string());
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(no_roots)?
        .with_root_certificates(store(roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn store(roots: &Roots) -> Result<RootCertStore, BadOptions> {
    let mut store = RootCertStore::empty();
    match roots {
        // One that the machine has and rustls does not take is no reason to trust none.
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
        }
        Roots::Pem(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|e| BadOptions::NoRoots(e.to_string()))?;
                store.add(certificate).map_err(|e| BadOptions::NoRoots(e.to_string()))?;
            }
        }
    }
    if store.is_empty() {
        return Err(BadOptions::NoRoots("none was found".to_owned()));
    }
    Ok(store)
}
