//! The certificate of `serve --dev --tls`: for this machine's own names, made once, kept in the
//! data folder and made again shortly before its end.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::master_key::write_new;
use super::tls::{TlsError, TlsFiles};
use crate::http::listen::Validity;
use crate::model::{Secret, Timestamp};

/// How this machine is called by itself.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

const DAY: Duration = Duration::from_hours(24);
/// How long one is valid; browsers refuse more than some 13 months.
const LIFE: Duration = Duration::from_hours(90 * 24);
/// It is made again when it ends sooner than this.
const RENEW: Duration = Duration::from_hours(7 * 24);

/// The files in the data folder, with a certificate in them that is valid for days to come.
///
/// # Errors
/// [`TlsError`], when it cannot be made or kept.
pub(super) fn open(folder: &Path, now: Timestamp) -> Result<TlsFiles, TlsError> {
    let path = |name: &str| folder.join(name);
    let files = TlsFiles { certificate: path("dev-tls.pem"), key: path("dev-tls.key") };
    let is_good = files.open().is_ok_and(|certificate| {
        [now, now.plus(RENEW)].iter().all(|time| certificate.validity(*time) == Validity::Valid)
    });
    if !is_good {
        let failed = |why: String| TlsError::SelfSigned(files.certificate.clone(), why);
        let (certificate, key) = make(now).map_err(|error| failed(error.to_string()))?;
        keep(&files, &certificate, &key).map_err(|error| failed(error.to_string()))?;
    }
    Ok(files)
}

/// A certificate and its key, both in PEM.
fn make(now: Timestamp) -> Result<(String, Secret), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, "doorkey on this machine");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A day of room for the other clock of this machine, as that of a container.
    let [from, to] = [now.minus(DAY), now.plus(LIFE)].map(since_1970);
    params.not_before = date_time_ymd(1970, 1, 1) + from;
    params.not_after = date_time_ymd(1970, 1, 1) + to;
    let certificate = params.self_signed(&key)?;
    let key = pem("PRIVATE KEY", &key.serialize_der());
    Ok((pem("CERTIFICATE", certificate.der()), Secret::new(key)))
}

/// No certificate can name a year after 9999.
fn since_1970(time: Timestamp) -> Duration {
    const YEAR_9999: u64 = 253_370_764_800;
    Duration::from_secs(time.seconds().min(YEAR_9999))
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = after;
    }
    lines.push(format!("-----END {label}-----"));
    lines.join("\n")
}

/// The key for its owner only. A pair that was half written is made again by the next start.
fn keep(files: &TlsFiles, certificate: &str, key: &Secret) -> io::Result<()> {
    match fs::remove_file(&files.key) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    write_new(&files.key, key)?;
    fs::write(&files.certificate, format!("{certificate}\n"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn one_is_made_for_this_machine_and_used_until_shortly_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), NOW).unwrap();
        let certificate = files.open().unwrap();
        assert!(NAMES.iter().all(|name| certificate.names(name)));
        assert!(!certificate.names("example.org") && !certificate.names("127.0.0.2"));
        let read = || fs::read(&files.certificate).unwrap();
        let first = read();
        open(folder.path(), NOW.plus(DAY * 82)).unwrap();
        assert_eq!(read(), first);
        open(folder.path(), NOW.plus(DAY * 84)).unwrap();
        assert_ne!(read(), first);
        let renewed = files.open().unwrap();
        assert_eq!(renewed.validity(NOW.plus(DAY * 120)), Validity::Valid);
    }

    /// KEY-03: its key is private, and one that was opened to others is not used on.
    #[test]
    fn the_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), NOW).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&files.key), 0o600);
        let key = fs::read(&files.key).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
        open(folder.path(), NOW).unwrap();
        assert_eq!(mode(&files.key), 0o600);
        assert_ne!(fs::read(&files.key).unwrap(), key);
    }

    #[test]
    fn what_a_crash_left_half_written_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path(), NOW).unwrap();
        fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nMII").unwrap();
        open(folder.path(), NOW).unwrap().open().unwrap();
        fs::remove_file(&files.certificate).unwrap();
        open(folder.path(), NOW).unwrap().open().unwrap();
    }
}
