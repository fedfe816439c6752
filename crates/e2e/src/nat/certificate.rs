//! A certificate that nobody has signed, for servers whose addresses are made up, and what makes a browser trust it.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::PublicKeyData as _;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{Result, error::Doing};

/// A certificate and its key, in files that are removed on drop.
pub struct Certificate {
    directory: TempDir,
    /// Hash of the key, as Chromium wants it.
    fingerprint: String,
}

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// When the system gives no random bytes or the files cannot be written.
    pub fn make() -> Result<Self> {
        let doing = || "make a certificate".to_owned();
        let made = rcgen::generate_simple_self_signed(["vitrine.example".to_owned()]);
        let made = made.map_err(std::io::Error::other).doing(doing)?;
        let fingerprint = BASE64_STANDARD.encode(Sha256::digest(made.signing_key.subject_public_key_info()));
        let certificate = Self { directory: tempfile::tempdir().doing(doing)?, fingerprint };
        std::fs::write(certificate.path(), made.cert.pem()).doing(doing)?;
        std::fs::write(certificate.key_path(), made.signing_key.serialize_pem()).doing(doing)?;
        Ok(certificate)
    }

    /// The certificate's file.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    /// The key's file.
    pub fn key_path(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    /// What makes Chromium take the certificate for a good one, whoever shows it: pages and TURN over TLS alike.
    pub fn browser_argument(&self) -> String {
        format!("--ignore-certificate-errors-spki-list={}", self.fingerprint)
    }
}
