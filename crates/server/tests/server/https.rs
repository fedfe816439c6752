//! HTTPS: pages and signaling over it, its certificate, and clients that do not speak it.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
        version::{TLS12, TLS13},
    },
};
use vitrine_server::{Config, Dist, SelfSigned, ServeError, TlsError, TlsOptions};

use crate::{
    client::{Client, Server, TIMEOUT},
    http::{get, request, request_over},
    program::{program, start},
    static_files::directory,
};

/// A certificate for localhost and its key, as PEM.
struct Certificate {
    certificate: String,
    key: String,
}

impl Certificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    /// Valid from the first year until before the second.
    fn of_years(from: i32, until: i32) -> Self {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        Self { certificate: parameters.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }

    fn options(directory: &Path) -> TlsOptions {
        TlsOptions {
            tls_cert: Some(directory.join("cert.pem")),
            tls_key: Some(directory.join("key.pem")),
            ..TlsOptions::default()
        }
    }

    fn write(&self, directory: &Path) {
        fs::write(directory.join("cert.pem"), &self.certificate).unwrap();
        fs::write(directory.join("key.pem"), &self.key).unwrap();
    }
}

/// A client that trusts one certificate.
fn connector(pem: &str) -> TlsConnector {
    connector_of(pem, &[&TLS13, &TLS12])
}

fn connector_of(pem: &str, versions: &[&'static tokio_rustls::rustls::SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn connect_to(server: SocketAddr, connector: &TlsConnector, name: &str) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    timeout(TIMEOUT, connector.connect(name, stream)).await.expect("a handshake in time")
}

async fn connect(server: SocketAddr, pem: &str) -> io::Result<TlsStream<TcpStream>> {
    connect_to(server, &connector(pem), "localhost").await
}

/// A server with a new certificate, and a client that trusts it.
pub async fn secured(name: &str, config: Config) -> (Server, Trust) {
    secured_files(name, Config { dist: Dist::None, ..config }).await
}

/// The same, with files.
pub async fn secured_files(name: &str, config: Config) -> (Server, Trust) {
    let directory = directory(name);
    let certificate = Certificate::new();
    certificate.write(&directory);
    let server = Server::with_files(Config { tls: Certificate::options(&directory), ..config }).await;
    (server, Trust(certificate.certificate))
}

/// Trusts one server, by its certificate.
pub struct Trust(String);

impl Trust {
    pub async fn connect(&self, server: &Server) -> io::Result<TlsStream<TcpStream>> {
        connect(server.address, &self.0).await
    }
}

#[tokio::test]
async fn page_and_signaling_are_served_over_https() {
    let dist = directory("https-dist");
    fs::write(dist.join("index.html"), "<p>the page").unwrap();
    let certificate = Certificate::new();
    let files = directory("https-files");
    certificate.write(&files);
    let config = Config { dist: Dist::Directory(dist), tls: Certificate::options(&files), ..Config::default() };
    let server = Server::with_files(config).await;
    for version in [&TLS12, &TLS13] {
        let connector = connector_of(&certificate.certificate, &[version]);
        let stream = connect_to(server.address, &connector, "localhost").await.unwrap();
        let page = request_over(stream, server.address, "GET", "/", &[], "").await;
        assert_eq!((page.status, page.text()), (200, "<p>the page"));
        // HSTS is the decision of the owner of the domain.
        assert_eq!(page.header("strict-transport-security"), "");
    }

    let url = format!("wss://localhost:{}", server.address.port());
    let origin = format!("https://localhost:{}", server.address.port());
    let mut clients = Vec::new();
    for origin in [None, Some(origin.as_str())] {
        let stream = connect(server.address, &certificate.certificate).await.unwrap();
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let mut client = Client::connect_over(stream, &url, &headers).await.unwrap();
        assert_eq!(client.request("join-room", &json!("room")).await["success"], true);
        clients.push(client);
    }
    let mut b = clients.pop().unwrap();
    let mut a = clients.pop().unwrap();
    assert_eq!(a.event().await.data, json!({"userId": b.id}));
    a.emit("offer", &json!({"target": b.id, "offer": {"sdp": "x".repeat(40_000)}})).await;
    let offer = b.event().await;
    assert_eq!((offer.name.as_str(), offer.data["from"].as_str()), ("offer", Some(a.id.as_str())));
    assert_eq!(offer.data["offer"]["sdp"].as_str().unwrap().len(), 40_000);

    server.stop().await.unwrap();
    assert_eq!(a.frame().await, None);
}

#[tokio::test]
async fn renewed_certificate_is_used_and_a_broken_one_is_not() {
    let files = directory("https-renewed");
    let (old, new, newest) = (Certificate::new(), Certificate::new(), Certificate::new());
    old.write(&files);
    let mut command = program(&["--listen", "127.0.0.1:0", "--dist", "none"]);
    command.env("VITRINE_TLS_CERT", files.join("cert.pem")).env("VITRINE_TLS_KEY", files.join("key.pem"));
    let (_child, server, stderr) = start(&mut command).await;
    let mut log = BufReader::new(stderr).lines();
    let mut until = async |words: &str| {
        let logged = async { while !log.next_line().await.unwrap().expect("a log").contains(words) {} };
        timeout(TIMEOUT, logged).await.unwrap_or_else(|_| panic!("{words}"));
    };
    let stream = connect(server, &old.certificate).await.unwrap();
    let mut first = Client::connect_over(stream, "wss://localhost", &[]).await.unwrap();
    assert_eq!(first.request("join-room", &json!("room")).await["success"], true);
    let event = tokio::spawn(async move { first.event().await });

    // Only the key is replaced.
    fs::write(files.join("key.pem"), &new.key).unwrap();
    until("does not belong").await;
    connect(server, &old.certificate).await.unwrap();
    new.write(&files);
    until("new connections get the new one").await;
    connect(server, &new.certificate).await.unwrap();
    assert!(connect(server, &old.certificate).await.is_err());

    fs::write(files.join("cert.pem"), "nonsense").unwrap();
    until("no certificate").await;
    fs::remove_file(files.join("cert.pem")).unwrap();
    until("cannot read").await;
    connect(server, &new.certificate).await.unwrap();
    newest.write(&files);
    until("new connections get the new one").await;
    let stream = connect(server, &newest.certificate).await.unwrap();
    // Connections outlive the certificate of their handshake.
    let mut second = Client::connect_over(stream, "wss://localhost", &[]).await.unwrap();
    assert_eq!(second.request("join-room", &json!("room")).await["existingUsers"].as_array().map(Vec::len), Some(1));
    assert_eq!(event.await.unwrap().name, "user-joined");
}

#[tokio::test]
async fn certificate_outside_its_dates_is_logged() {
    let files = directory("https-dates");
    Certificate::of_years(2001, 2002).write(&files);
    let mut command = program(&["--listen", "127.0.0.1:0", "--dist", "none"]);
    command.env("VITRINE_TLS_CERT", files.join("cert.pem")).env("VITRINE_TLS_KEY", files.join("key.pem"));
    let (_child, _, stderr) = start(&mut command).await;
    let mut log = BufReader::new(stderr).lines();
    let mut until = async |words: &str| {
        let logged = async { while !log.next_line().await.unwrap().expect("a log").contains(words) {} };
        timeout(TIMEOUT, logged).await.unwrap_or_else(|_| panic!("{words}"));
    };
    until("the certificate expired on 2002-01-01").await;
    Certificate::of_years(2901, 2902).write(&files);
    until("the certificate is not valid before 2901-01-01").await;
}

#[tokio::test]
async fn unusable_certificate_is_refused_with_the_reason() {
    let files = directory("https-refused");
    let (one, other) = (Certificate::new(), Certificate::new());
    let write = |name: &str, text: &str| {
        let path = files.join(name);
        fs::write(&path, text).unwrap();
        Some(path)
    };
    let (cert, key) = (write("cert.pem", &one.certificate), write("key.pem", &one.key));
    let (other_key, empty) = (write("other.pem", &other.key), write("empty.pem", ""));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let encrypted = write("encrypted.pem", encrypted);
    let cut = write("cut.pem", &one.certificate[..200]);
    let missing = Some(files.join("missing.pem"));
    for (tls_cert, tls_key, words) in [
        (&cert, &None, vec!["--tls-cert", "--tls-key"]),
        (&None, &key, vec!["--tls-cert", "--tls-key"]),
        (&missing, &key, vec!["cannot read", "missing.pem"]),
        (&cert, &missing, vec!["cannot read", "missing.pem"]),
        (&empty, &key, vec!["no certificate", "empty.pem"]),
        (&key, &key, vec!["no certificate", "key.pem"]),
        (&cut, &key, vec!["not a PEM file", "cut.pem"]),
        (&cert, &empty, vec!["no private key", "empty.pem"]),
        (&cert, &cert, vec!["no private key", "cert.pem"]),
        (&cert, &encrypted, vec!["no private key", "encrypted"]),
        (&cert, &other_key, vec!["does not belong", "cert.pem", "other.pem"]),
    ] {
        let tls = TlsOptions { tls_cert: tls_cert.clone(), tls_key: tls_key.clone(), ..TlsOptions::default() };
        let config = Config { dist: Dist::None, tls, ..Config::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = vitrine_server::serve(config, listener, std::future::pending()).await.unwrap_err();
        assert!(matches!(error, ServeError::Tls(_)));
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }

    // A directory that cannot be created, because a file has its name.
    let tls = TlsOptions { tls_self_signed: cert.map(SelfSigned::Directory), ..TlsOptions::default() };
    let error = Config { dist: Dist::None, tls, ..Config::default() }.check().unwrap_err();
    assert!(matches!(error, ServeError::Tls(TlsError::NotStored { .. })), "{error}");
}

#[tokio::test]
async fn self_signed_certificate_names_every_address_and_is_stored() {
    let keep = directory("https-self-signed").join("kept");
    let pem = keep.join("self-signed-certificate.pem");
    let tls = TlsOptions { tls_self_signed: Some(SelfSigned::Directory(keep.clone())), ..TlsOptions::default() };
    let config = Config { tls, ..Config::default() };
    let server = Server::with(config.clone()).await;
    // The server responds once the certificate exists.
    get(server.address, "/healthz", &[]).await;
    let first = fs::read_to_string(&pem).unwrap();
    let trusting = connector(&first);
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let interfaces = if_addrs::get_if_addrs().unwrap();
    let of_this_machine = interfaces.iter().filter(|interface| !interface.is_link_local());
    names.extend(of_this_machine.map(|interface| interface.ip().to_string()));
    names.push(gethostname::gethostname().into_string().unwrap());
    for name in &names {
        let stream =
            connect_to(server.address, &trusting, name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let response = request_over(stream, server.address, "GET", "/healthz", &[], "").await;
        assert_eq!(response.text(), "ok");
    }
    assert!(connect_to(server.address, &trusting, "elsewhere.example").await.is_err());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = fs::metadata(keep.join("self-signed-key.pem")).unwrap();
        assert_eq!(key.permissions().mode() & 0o077, 0);
    }
    server.stop().await.unwrap();

    let again = Server::with(config).await;
    connect(again.address, &first).await.expect("the same certificate");
    assert_eq!(fs::read_to_string(&pem).unwrap(), first);
}

#[tokio::test]
async fn program_serves_https() {
    let keep = directory("https-program");
    let keep = keep.to_str().unwrap();
    let mut command = program(&["--listen", "127.0.0.1:0", "--dist", "none"]);
    command.env("VITRINE_TLS_SELF_SIGNED", keep);
    let (_child, address, _stderr) = start(&mut command).await;
    let pem = fs::read_to_string(Path::new(keep).join("self-signed-certificate.pem")).unwrap();
    let stream = connect(address, &pem).await.unwrap();
    assert_eq!(request_over(stream, address, "GET", "/healthz", &[], "").await.text(), "ok");

    let (_child, address, _stderr) =
        start(&mut program(&["--listen", "127.0.0.1:0", "--dist", "none", "--tls-self-signed"])).await;
    assert_eq!(get(address, "/", &[]).await.status, 307);
}

#[tokio::test]
async fn plain_http_on_the_https_port_is_redirected() {
    let (server, _) = secured("https-plain", Config::default()).await;
    let response = get(server.address, "/path?query", &[]).await;
    assert_eq!(response.status, 307);
    assert_eq!(response.header("location"), format!("https://{}/path?query", server.address));
    assert!(response.text().contains("https://"));
    let response = request(server.address, "POST", "/socket.io/", &[], "40").await;
    assert_eq!((response.status, response.header("location")), (400, ""));
    assert!(response.text().contains("https://"));
    assert_eq!(Client::connect_with_origin(server.address, None).await.err(), Some(307));
}

#[tokio::test]
async fn connection_without_tls_is_closed() {
    let (server, trust) = secured("https-nonsense", Config::default()).await;
    for nonsense in [b"\x16nonsense nonsense nonsense".as_slice(), b"\xff\xff\xff\xff", b"\x00\x01\x00\x00"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        let mut answer = Vec::new();
        // A close or a reset will do.
        let _ = timeout(TIMEOUT, stream.read_to_end(&mut answer)).await.expect("the connection closes in time");
    }
    let stream = trust.connect(&server).await.unwrap();
    assert_eq!(request_over(stream, server.address, "GET", "/healthz", &[], "").await.text(), "ok");
}
