//! Self-signed certificates, for trying a browser on the same network. They meet the rules under which browsers let a
//! user proceed: valid for at most 398 days, for TLS servers only, with all names listed.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::CryptoProvider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    sign::CertifiedKey,
};

use super::{TlsError, pem_files::PemFiles};

/// Backdating, for clients whose clock is behind.
const BEFORE: Duration = Duration::days(1);
const AFTER: Duration = Duration::days(396);
/// A stored certificate is replaced in its last days, so that it does not expire while the server runs.
const SPARE: Duration = Duration::days(7);

/// Creates a certificate for `names`, each a host name or an IP address.
///
/// # Errors
/// [`TlsError::NotGenerated`], [`TlsError::Setup`].
pub fn create(names: &[String], provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let (certificate, key) = generate(names)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(CertifiedKey::from_der(vec![certificate.der().clone()], key, provider)?)
}

/// Loads the certificate stored in `directory`. Creates and stores a new one if it cannot be used for all of `names`.
///
/// # Errors
/// Those of [`create`], and [`TlsError::NotStored`].
pub fn load_or_create(
    directory: &Path,
    names: &[String],
    provider: &Arc<CryptoProvider>,
) -> Result<CertifiedKey, TlsError> {
    let files = PemFiles {
        certificate: directory.join("self-signed-certificate.pem"),
        key: directory.join("self-signed-key.pem"),
    };
    let stored = files.read().and_then(|texts| files.certified_key(&texts, provider));
    if let Ok(stored) = stored
        && is_usable(&stored, names, provider)
    {
        return Ok(stored);
    }
    let (certificate, key) = generate(names)?;
    let not_stored = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::NotStored { path, error }
    };
    fs::create_dir_all(directory).map_err(not_stored(directory))?;
    write_private(&files.key, &key.serialize_pem()).map_err(not_stored(&files.key))?;
    fs::write(&files.certificate, certificate.pem()).map_err(not_stored(&files.certificate))?;
    files.certified_key(&files.read()?, provider)
}

fn generate(names: &[String]) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "vitrine-server, self-signed");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = OffsetDateTime::now_utc();
    parameters.not_before = now - BEFORE;
    parameters.not_after = now + AFTER;
    let key = KeyPair::generate()?;
    Ok((parameters.self_signed(&key)?, key))
}

/// Whether a client that trusts this certificate accepts it for all of `names`, now and for [`SPARE`] to come.
fn is_usable(certified: &CertifiedKey, names: &[String], provider: &Arc<CryptoProvider>) -> bool {
    let Ok(certificate) = certified.end_entity_cert() else {
        return false;
    };
    let mut roots = RootCertStore::empty();
    if roots.add(certificate.clone()).is_err() {
        return false;
    }
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build() else {
        return false;
    };
    let soon = std::time::Duration::from_secs(UnixTime::now().as_secs()) + SPARE.unsigned_abs();
    names.iter().all(|name| {
        ServerName::try_from(name.as_str()).is_ok_and(|name| {
            let soon = UnixTime::since_unix_epoch(soon);
            verifier.verify_server_cert(certificate, &[], &name, &[], soon).is_ok()
        })
    })
}

/// Writes a file that only this user can read.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // An existing file would keep its permissions.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::rustls::crypto::ring;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn certificate_is_usable_for_its_names_only() {
        let provider = Arc::new(ring::default_provider());
        let made = create(&names(&["localhost", "192.0.2.7", "2001:db8::7"]), &provider).unwrap();
        assert!(is_usable(&made, &names(&["2001:db8::7", "localhost", "192.0.2.7"]), &provider));
        assert!(!is_usable(&made, &names(&["localhost", "192.0.2.8"]), &provider));
    }

    #[test]
    fn stored_certificate_is_used_until_another_name_is_needed() {
        let directory = std::env::temp_dir().join(format!("vitrine-self-signed-{}", std::process::id()));
        let provider = Arc::new(ring::default_provider());
        let load = |wanted: &[&str]| load_or_create(&directory, &names(wanted), &provider).unwrap().cert;
        let first = load(&["localhost", "192.0.2.7"]);
        assert_eq!(load(&["localhost"]), first);
        let second = load(&["localhost", "192.0.2.8"]);
        assert_ne!(second, first);
        // An unusable key file is replaced.
        fs::write(directory.join("self-signed-key.pem"), "nonsense").unwrap();
        let third = load(&["localhost"]);
        assert_ne!(third, second);
        assert_eq!(load(&["localhost"]), third);
        fs::remove_dir_all(&directory).unwrap();
    }
}
