//! HTTPS: the source of the certificate, its renewal, and the handshake. Which connections are encrypted is decided in
//! `accept`.

mod options;
mod pem_files;
mod self_signed;

use std::{
    fmt::Write as _,
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    http::{
        Method, StatusCode,
        header::{HOST, LOCATION},
        uri::Authority,
    },
    response::{IntoResponse as _, Response},
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{UnixTime, pem},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
    server::TlsStream,
};

use crate::addresses;

pub use options::{SelfSigned, TlsOptions};
use pem_files::{PemFiles, PemTexts};

/// The ALPN protocols of this port (RFC 7301, RFC 7443). A client that offers others only is refused.
const APPLICATION_PROTOCOLS: [&str; 3] = ["http/1.1", "stun.turn", "stun.nat-discovery"];

/// How often the certificate's dates are checked.
const DATES_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Why no certificate can be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// Only one of the two files is given.
    #[error("--tls-cert and --tls-key belong together: give both files or neither")]
    IncompletePair,
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A file is no PEM file (RFC 7468).
    #[error("{} is not a PEM file: {error}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        error: pem::Error,
    },
    /// A file has no certificate.
    #[error("there is no certificate in {}: a PEM file with one has a line BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no readable key.
    #[error("there is no private key in {}: a PEM file with one has a line BEGIN PRIVATE KEY; it must not be encrypted", .0.display())]
    NoKey(PathBuf),
    /// The key belongs to another certificate.
    #[error("the private key in {} does not belong to the first certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// TLS does not support the certificate or key.
    #[error("the certificate in {} cannot be used with the private key in {}: {error}", .certificate.display(), .key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The TLS library's error.
        error: rustls::Error,
    },
    /// A self-signed certificate cannot be generated.
    #[error("cannot generate a certificate: {0}")]
    NotGenerated(#[from] rcgen::Error),
    /// A self-signed certificate cannot be stored.
    #[error("cannot store the certificate in {}: {error}", .path.display())]
    NotStored {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}

/// The TLS acceptor and its certificate.
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    /// The files of the certificate and their content when last read; `None` if it is self-signed.
    source: Option<(PemFiles, PemTexts)>,
    provider: Arc<CryptoProvider>,
}

/// The certificate in use.
#[derive(Debug)]
struct Certificate(RwLock<Arc<CertifiedKey>>);

impl Certificate {
    fn get(&self) -> Arc<CertifiedKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, certified: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
    }

    /// Warns if the certificate has expired or is not valid yet: no browser accepts it then.
    fn warn_of_dates(&self) {
        let certified = self.get();
        let Some(end_entity) =
            certified.end_entity_cert().ok().and_then(|der| webpki::EndEntityCert::try_from(der).ok())
        else {
            return;
        };
        // webpki checks the dates before the issuer, which is unknown here.
        let usage = webpki::KeyUsage::server_auth();
        match end_entity.verify_for_usage(&[], &[], &[], UnixTime::now(), usage, None, None) {
            Err(webpki::Error::CertExpired { not_after, .. }) => {
                tracing::warn!("the certificate expired on {}: browsers refuse it", date(not_after));
            }
            Err(webpki::Error::CertNotValidYet { not_before, .. }) => {
                tracing::warn!("the certificate is not valid before {}: browsers refuse it", date(not_before));
            }
            _ => {}
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

impl Tls {
    /// Reads or generates the certificate; `None` if the options ask for plain HTTP.
    ///
    /// # Errors
    /// [`TlsError`]; its messages are for the operator.
    pub fn new(options: &TlsOptions) -> Result<Option<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let mut source = None;
        let certified = match (options.pem_files()?, &options.tls_self_signed) {
            (Some(files), _) => {
                let texts = files.read()?;
                let certified = files.certified_key(&texts, &provider)?;
                source = Some((files, texts));
                certified
            }
            (None, Some(SelfSigned::Memory)) => self_signed::create(&addresses::local_names(), &provider)?,
            (None, Some(SelfSigned::Directory(directory))) => {
                self_signed::load_or_create(directory, &addresses::local_names(), &provider)?
            }
            (None, None) => return Ok(None),
        };
        let certificate = Arc::new(Certificate(RwLock::new(Arc::new(certified))));
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificate.clone());
        config.alpn_protocols = APPLICATION_PROTOCOLS.map(|name| name.as_bytes().to_vec()).to_vec();
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate, source, provider }))
    }

    /// Performs the handshake.
    ///
    /// # Errors
    /// When the handshake fails or the client closes the connection.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        self.acceptor.accept(stream).await
    }

    /// The SHA-256 fingerprint of the certificate in use, as browsers show it.
    pub fn fingerprint(&self) -> String {
        let digest = self.certificate.get().cert.first().map(Sha256::digest).unwrap_or_default();
        digest.iter().fold(String::new(), |mut text, byte| {
            let colon = if text.is_empty() { "" } else { ":" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{colon}{byte:02X}");
            text
        })
    }
}

/// The date in UTC.
fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| format!("{seconds}"), |time| time.date().to_string())
}

/// Reloads the certificate when its files change and checks its dates daily. Never completes; does nothing without TLS.
pub fn keep_current(tls: Option<&Tls>) -> impl Future<Output = ()> + use<> {
    let watched = tls.map(|tls| (tls.source.clone(), tls.certificate.clone(), tls.provider.clone()));
    async move {
        let Some((source, certificate, provider)) = watched else { return std::future::pending().await };
        let dates = async {
            let mut interval = tokio::time::interval(DATES_INTERVAL);
            loop {
                interval.tick().await;
                certificate.warn_of_dates();
            }
        };
        let replace = |certified| {
            certificate.set(certified);
            certificate.warn_of_dates();
        };
        let files = async {
            if let Some((files, texts)) = source {
                files.watch(texts, &provider, replace).await;
            }
        };
        tokio::join!(dates, files);
    }
}

/// The response to plain HTTP on the port of HTTPS: a redirect for browsers, and an explanation for other clients.
pub fn redirect() -> Router {
    Router::new().fallback(to_https)
}

const USE_HTTPS: &str = "This port speaks HTTPS. Write https:// instead of http:// in the address.\n";

async fn to_https(request: Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match (request.method(), host) {
        (&Method::GET | &Method::HEAD, Some(host)) if !host.as_str().contains('@') => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, format!("https://{host}{path}"))], USE_HTTPS).into_response()
        }
        _ => (StatusCode::BAD_REQUEST, USE_HTTPS).into_response(),
    }
}
