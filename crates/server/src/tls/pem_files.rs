//! A certificate and its key in two PEM files: reading them, and watching them for changes.

use std::{
    convert::identity,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio_rustls::rustls::{
    Error, InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    sign::CertifiedKey,
};

use super::TlsError;

/// How often the files are read. They must be the same twice in a row, so that half-written files are not used.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The paths of the files.
#[derive(Clone, Debug)]
pub struct PemFiles {
    /// The certificate and the chain that signed it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The content of the files.
#[derive(Clone, PartialEq, Eq)]
pub struct PemTexts {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl PemFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError::Unreadable`].
    pub fn read(&self) -> Result<PemTexts, TlsError> {
        Ok(PemTexts { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }

    /// Parses the content of the files for TLS.
    ///
    /// # Errors
    /// When there is no certificate or no key, or they do not belong together.
    pub fn certified_key(&self, texts: &PemTexts, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let malformed = |path: &Path| {
            let path = path.to_owned();
            move |error| TlsError::Malformed { path, error }
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&texts.certificate)
            .collect::<Result<_, _>>()
            .map_err(malformed(&self.certificate))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(self.certificate.clone()));
        }
        let key = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey(self.key.clone()),
            error => malformed(&self.key)(error),
        })?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch { certificate, key },
                error => TlsError::Unusable { certificate, key, error },
            }
        })
    }

    /// Calls `replace` whenever the files differ from `known` and can be used; logs a warning if they cannot. Never
    /// completes. The files are compared by content: they are small, and modification times can miss a change.
    pub async fn watch(self, known: PemTexts, provider: &CryptoProvider, replace: impl Fn(CertifiedKey)) {
        // An error counts as content, so that it is logged once.
        let mut known = Ok(known);
        let mut previous = None;
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            let files = self.clone();
            let read = move || files.read().map_err(|error| error.to_string());
            let found = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string()).and_then(identity);
            let is_stable = previous.as_ref() == Some(&found);
            if is_stable && found != known {
                let certified = found
                    .as_ref()
                    .map_err(String::clone)
                    .and_then(|texts| self.certified_key(texts, provider).map_err(|error| error.to_string()));
                match certified {
                    Ok(certified) => {
                        replace(certified);
                        tracing::info!("the certificate has changed: new connections get the new one");
                    }
                    Err(error) => tracing::warn!(%error, "the certificate has changed: the old one stays in use"),
                }
                known = found.clone();
            }
            previous = Some(found);
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}
