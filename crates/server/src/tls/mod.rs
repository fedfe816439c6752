//! HTTPS: where the certificate comes from, that it stays current, and the handshake. Which connections are encrypted is
//! decided in `accept`.

mod options;
mod pair;
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
use pair::{Pair, Texts};

/// What is spoken on this port, by its registered names (RFC 7301, RFC 7443). A client that names others only is refused.
const APPLICATION_PROTOCOLS: [&str; 3] = ["http/1.1", "stun.turn", "stun.nat-discovery"];

/// How often the certificate's dates are looked at.
const DATES_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Why there is no certificate that could be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One of the two files is not named.
    #[error("--tls-cert and --tls-key belong together: name both files or neither")]
    HalfAPair,
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what RFC 7468 describes.
    #[error("{} is not a PEM file: {error}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: pem::Error,
    },
    /// A file has no certificate.
    #[error("there is no certificate in {}: a PEM file with one has a line BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key that can be read.
    #[error("there is no private key in {}: a PEM file with one has a line BEGIN PRIVATE KEY; it must not be encrypted", .0.display())]
    NoKey(PathBuf),
    /// The key is another certificate's.
    #[error("the private key in {} does not belong to the first certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The files are of a kind that TLS cannot use here.
    #[error("the certificate in {} cannot be used with the private key in {}: {error}", .certificate.display(), .key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    NotMade(#[from] rcgen::Error),
    /// A certificate that was made cannot be kept where it should be.
    #[error("cannot keep the certificate in {}: {error}", .path.display())]
    NotKept {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// TLS cannot be set up at all.
    #[error("cannot speak TLS: {0}")]
    Setup(#[from] rustls::Error),
}

/// Encrypts connections.
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    /// Where the certificate comes from and what was there last, if it comes from files.
    source: Option<(Pair, Texts)>,
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

    /// Logs that the certificate has expired or is not valid yet: no browser accepts it then.
    fn warn_of_dates(&self) {
        let certified = self.get();
        let Some(end_entity) =
            certified.end_entity_cert().ok().and_then(|der| webpki::EndEntityCert::try_from(der).ok())
        else {
            return;
        };
        // The dates are checked before the issuer, which is unknown here.
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
    /// Reads or makes the certificate; `None` where the options ask for plain HTTP.
    ///
    /// # Errors
    /// Everything in [`TlsError`], each in words for whoever started the server.
    pub fn new(options: &TlsOptions) -> Result<Option<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let mut source = None;
        let certified = match (options.pair()?, &options.tls_self_signed) {
            (Some(pair), _) => {
                let texts = pair.read()?;
                let certified = pair.certified_key(&texts, &provider)?;
                source = Some((pair, texts));
                certified
            }
            (None, Some(SelfSigned::Memory)) => self_signed::make(&addresses::own_names(), &provider)?,
            (None, Some(SelfSigned::Directory(directory))) => {
                self_signed::kept_in(directory, &addresses::own_names(), &provider)?
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

    /// The handshake.
    ///
    /// # Errors
    /// When the client does not speak TLS as it should, or went away.
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

/// In UTC.
fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| format!("{seconds}"), |time| time.date().to_string())
}

/// Keeps the certificate the one that is in its files and warns of its dates, for as long as it is polled; it never
/// completes. It does nothing where there is no TLS.
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
            if let Some((pair, texts)) = source {
                pair.watch(texts, &provider, replace).await;
            }
        };
        tokio::join!(dates, files);
    }
}

/// Answers plain HTTP where HTTPS is spoken: browsers are sent on, everybody else is told.
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
