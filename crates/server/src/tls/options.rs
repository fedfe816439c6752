//! The options of HTTPS.

use std::path::PathBuf;

use clap::Args;
use tokio_rustls::rustls::crypto::ring;

use super::{TlsError, pem_files::PemFiles};

const MEMORY: &str = "memory";

/// The flags of HTTPS.
#[derive(Args, Clone, Debug, Default)]
// The comments are the text of --help, where links have no brackets.
#[allow(rustdoc::bare_urls)]
pub struct TlsOptions {
    /// Certificate for HTTPS: a PEM file with the server's own first and then the chain that signed it.
    ///
    /// With it and --tls-key the server speaks HTTPS (TLS 1.2 and 1.3) instead of HTTP. When the files change, for
    /// example because certbot renews them, new connections get the new certificate within seconds. If the new files
    /// cannot be used, the server logs a warning and keeps the old certificate.
    #[arg(long, env = "VITRINE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate: a PEM file, not encrypted.
    #[arg(long, env = "VITRINE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Speak HTTPS with a self-signed certificate, to try the app from a phone on the same network.
    ///
    /// It names localhost, the host name and every address of this machine. Each browser warns of it once, and again
    /// when it has changed: that is at every start, unless a directory is given in which it is kept together with its
    /// key. It is then replaced only when it expires, after a year, or when the machine has another name or
    /// address. For the internet get a real one, for example with certbot: TURN over TLS works with no other.
    #[arg(
        long, env = "VITRINE_TLS_SELF_SIGNED", value_name = "DIRECTORY", num_args = 0..=1, require_equals = true,
        default_missing_value = MEMORY, conflicts_with_all = ["tls_cert", "tls_key"], value_parser = parse_self_signed
    )]
    pub tls_self_signed: Option<SelfSigned>,
}

/// Where a self-signed certificate is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelfSigned {
    /// In memory: each start generates a new one.
    Memory,
    /// In files in this directory.
    Directory(PathBuf),
}

fn parse_self_signed(text: &str) -> Result<SelfSigned, String> {
    match text {
        "" => Err(format!("it takes a directory, or {MEMORY:?} to generate a new certificate at every start")),
        MEMORY => Ok(SelfSigned::Memory),
        directory => Ok(SelfSigned::Directory(directory.into())),
    }
}

impl TlsOptions {
    /// Whether the server speaks HTTPS.
    pub fn is_on(&self) -> bool {
        self.tls_cert.is_some() || self.tls_key.is_some() || self.tls_self_signed.is_some()
    }

    /// The files of the certificate and its key; `None` without --tls-cert.
    pub(super) fn pem_files(&self) -> Result<Option<PemFiles>, TlsError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Ok(Some(PemFiles { certificate: certificate.clone(), key: key.clone() })),
            (None, None) => Ok(None),
            _ => Err(TlsError::IncompletePair),
        }
    }

    /// The domain names in the certificate of --tls-cert, without wildcards.
    pub(crate) fn certified_names(&self) -> Vec<String> {
        let Ok(Some(files)) = self.pem_files() else {
            return Vec::new();
        };
        let Ok(certified) = files.read().and_then(|texts| files.certified_key(&texts, &ring::default_provider()))
        else {
            return Vec::new();
        };
        let names = certified.end_entity_cert().ok().and_then(|der| {
            let certificate = webpki::EndEntityCert::try_from(der).ok()?;
            Some(certificate.valid_dns_names().map(str::to_owned).collect::<Vec<_>>())
        });
        names.unwrap_or_default().into_iter().filter(|name| !name.starts_with('*')).collect()
    }
}
