//! The app's files over HTTP, and the health check.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use vitrine_server::{Config, Dist, EmbeddedApp, EmbeddedFile, ServeError};

use crate::{
    client::Server,
    http::{get, request},
};

const WASM: &str = "/vitrine-1a2b3c4d5e6f7a8b_bg.wasm";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// An empty directory for one test.
pub fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn page(signaling: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><meta name=\"signaling-server\" content=\"{signaling}\">\
         <script type=\"module\" src=\"./vitrine-1a2b3c4d5e6f7a8b.js\"></script></head><body></body></html>"
    )
}

fn dist(name: &str) -> PathBuf {
    let dist = directory(name);
    fs::write(dist.join("index.html"), page("")).unwrap();
    fs::write(dist.join("favicon.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    fs::write(dist.join(&WASM[1..]), "plain").unwrap();
    fs::write(dist.join(format!("{}.br", &WASM[1..])), "brotli").unwrap();
    fs::write(dist.join(format!("{}.gz", &WASM[1..])), "gzip").unwrap();
    fs::write(dist.join("vitrine-1a2b3c4d5e6f7a8b.js"), "export default 1").unwrap();
    fs::write(dist.join("vitrine-1a2b3c4d5e6f7a8b.js.gz"), "gzip").unwrap();
    fs::write(dist.join("style-0123456789abcdef.css"), "p{}").unwrap();
    dist
}

async fn serving(dist: PathBuf) -> Server {
    Server::with_files(Config { dist: Dist::Directory(dist), ..Config::default() }).await
}

#[tokio::test]
async fn best_accepted_encoding_is_served() {
    let server = serving(dist("encodings")).await;
    for (accepted, encoding, body) in [
        ("", "", "plain"),
        ("gzip", "gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let response = get(server.address, WASM, &[("accept-encoding", accepted)]).await;
        assert_eq!(response.status, 200);
        assert_eq!((response.header("content-encoding"), response.text()), (encoding, body), "{accepted}");
        assert_eq!(response.header("content-type"), "application/wasm");
        assert_eq!(response.header("vary"), "accept-encoding");
        assert_eq!(response.header("cache-control"), IMMUTABLE);
    }
    // If one variant is missing, the next best is served.
    let path = "/vitrine-1a2b3c4d5e6f7a8b.js";
    let response = get(server.address, path, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(response.header("content-encoding"), "gzip");
    assert_eq!(response.header("content-type"), "text/javascript");
}

#[tokio::test]
async fn hashed_files_are_immutable_and_others_are_revalidated() {
    let server = serving(dist("caching")).await;
    for (path, kind, cache) in [
        ("/", "text/html", "no-cache"),
        ("/index.html", "text/html", "no-cache"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/style-0123456789abcdef.css", "text/css", IMMUTABLE),
        (WASM, "application/wasm", IMMUTABLE),
    ] {
        let response = get(server.address, path, &[]).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("content-type"), kind, "{path}");
        assert_eq!(response.header("cache-control"), cache, "{path}");
        let (tag, date) = (response.header("etag").to_owned(), response.header("last-modified").to_owned());
        for condition in [("if-none-match", tag.as_str()), ("if-modified-since", date.as_str())] {
            let response = get(server.address, path, &[condition]).await;
            assert_eq!((response.status, response.text()), (304, ""), "{path} {condition:?}");
            assert_eq!(response.header("cache-control"), cache, "{path}");
        }
    }
    let head = request(server.address, "HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.text()), (200, ""));
}

#[tokio::test]
async fn unknown_path_redirects_to_the_app() {
    let server = serving(dist("missing")).await;
    fs::write(directory("missing-outside").join("secret"), "secret").unwrap();
    let long = format!("/{}", "x".repeat(300));
    let longer = "/long".repeat(2000);
    let root = "../".repeat(1999);
    for (path, location) in [
        ("/room", "./"),
        ("/room?query", "./"),
        ("/assets/", "../"),
        ("/a/b/c", "../../"),
        ("/index.html/x", "../"),
        ("/nul%00byte", "./"),
        ("/not-utf8%ff", "./"),
        // Invitation links, as other programs mangle them.
        ("/%23room=a%20b", "./#room=a%20b"),
        ("/%23room=v1.js", "./#room=v1.js"),
        ("/%23room%3Dx", "./#room%3Dx"),
        ("/meet/%2523room=x", "../#room=x"),
        ("/room=x", "./#room=x"),
        ("/meet/Room%3Dx/", "../../#Room%3Dx"),
        ("/meet?room=x", "./?room=x"),
        ("/../missing-outside/secret", "../../"),
        ("/%2e%2e/missing-outside/secret", "../../"),
        ("/..%2fmissing-outside%2fsecret", "./"),
        ("//elsewhere.example/x", "../../"),
        (&long, "./"),
        (&longer, &root),
    ] {
        let response = get(server.address, path, &[]).await;
        assert_eq!((response.status, response.header("location")), (307, location), "{path}");
        assert_eq!(response.header("cache-control"), "no-cache", "{path}");
        assert!(response.text().contains("no such page"), "{path}");
    }
    assert_eq!(request(server.address, "POST", "/", &[], "").await.status, 405);
}

#[tokio::test]
async fn missing_file_is_not_found() {
    let server = serving(dist("missing-files")).await;
    for path in ["/app-ffffffffffffffff.js", "/meet/app_bg.wasm", "/style.css", "/favicon.ico", "/robots.txt"] {
        let response = get(server.address, path, &[]).await;
        assert_eq!((response.status, response.header("location")), (404, ""), "{path}");
        assert!(response.text().contains("reload"), "{path}");
    }
}

#[tokio::test]
async fn directory_without_a_slash_gets_a_relative_redirect() {
    let dist = dist("directories");
    fs::create_dir(dist.join("help")).unwrap();
    fs::write(dist.join("help/index.html"), "help").unwrap();
    let server = serving(dist).await;
    let response = get(server.address, "/help?a=b", &[]).await;
    assert_eq!((response.status, response.header("location")), (307, "./help/?a=b"));
    assert_eq!(get(server.address, "/help/", &[]).await.text(), "help");
    // A browser would read `//help` in a location as another host.
    assert_eq!(get(server.address, "//help", &[]).await.header("location"), "./help/");
}

#[tokio::test]
async fn security_headers_allow_only_what_the_page_needs() {
    let dist = dist("policy");
    let server = serving(dist.clone()).await;
    let response = get(server.address, "/", &[]).await;
    assert_eq!(
        response.header("content-security-policy"),
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let permissions = response.header("permissions-policy");
    for allowed in ["camera=(self)", "microphone=(self)", "display-capture=(self)"] {
        assert!(permissions.contains(allowed), "{permissions}");
    }
    assert!(permissions.contains("geolocation=()"));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(response.header(name), value);
    }

    // The page is replaced by one that names another signaling server, while the server runs.
    fs::write(dist.join("index.html"), page("https://signal.example:8443")).unwrap();
    let response = get(server.address, "/", &[]).await;
    let policy = response.header("content-security-policy");
    assert!(policy.contains("connect-src 'self' https://signal.example:8443 wss://signal.example:8443;"), "{policy}");
}

#[tokio::test]
async fn configured_sites_may_embed_the_app() {
    let origins = ["https://one.example", "https://two.example:8443"].map(str::to_owned).to_vec();
    let config = Config { dist: Dist::Directory(dist("embedding")), allow_embedding: origins, ..Config::default() };
    let server = Server::with_files(config).await;
    let response = get(server.address, "/", &[]).await;
    let policy = response.header("content-security-policy");
    assert!(policy.ends_with("; frame-ancestors https://one.example https://two.example:8443"), "{policy}");
    let permissions = response.header("permissions-policy");
    let sources = r#"(self "https://one.example" "https://two.example:8443")"#;
    for feature in ["camera", "microphone", "display-capture", "autoplay", "fullscreen"] {
        assert!(permissions.contains(&format!("{feature}={sources}, ")), "{permissions}");
    }
    assert!(permissions.contains("geolocation=()"), "{permissions}");
    assert_eq!(response.header("cross-origin-opener-policy"), "unsafe-none");
    assert_eq!(response.header("cross-origin-resource-policy"), "cross-origin");
}

/// The files of a directory as the program embeds them.
fn embedded(dist: &Path, modified: u64) -> EmbeddedApp {
    let file = |path: &str| EmbeddedFile {
        path: path.to_owned().leak(),
        content: fs::read(dist.join(path)).unwrap().leak(),
        modified,
    };
    let names = fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (directories, files): (Vec<_>, Vec<_>) = names.partition(|name| dist.join(name).is_dir());
    assert_eq!(directories, ["icons"]);
    EmbeddedApp(files.iter().map(|name| file(name)).chain([file("icons/one.svg")]).collect::<Vec<_>>().leak())
}

#[tokio::test]
async fn embedded_app_is_served_like_one_on_disk() {
    const MODIFIED: u64 = 1_700_000_000;
    let dist = dist("embedded");
    fs::create_dir(dist.join("icons")).unwrap();
    fs::write(dist.join("icons/one.svg"), "<svg/>").unwrap();
    for file in fs::read_dir(&dist).unwrap().map(|entry| entry.unwrap().path()).chain([dist.join("icons/one.svg")]) {
        fs::File::open(file).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(MODIFIED)).unwrap();
    }
    let embedded = Dist::Embedded(embedded(&dist, MODIFIED));
    let embedded = Server::with_files(Config { dist: embedded, ..Config::default() }).await;
    let on_disk = serving(dist).await;
    let first = get(on_disk.address, WASM, &[]).await;
    let conditions = [
        [("accept-encoding", "gzip, deflate, br, zstd")].as_slice(),
        &[("accept-encoding", "gzip")],
        &[("range", "bytes=1-2")],
        &[("range", "bytes=100-")],
        &[("if-none-match", first.header("etag"))],
        &[("if-modified-since", first.header("last-modified"))],
        &[("if-match", "\"another\"")],
        &[],
    ];
    for path in [
        "/",
        "/index.html",
        WASM,
        "/favicon.svg",
        "/icons/one.svg",
        "/icons",
        "/icons/",
        "/icons/two.svg",
        "/room",
        "/..%2findex.html",
        "//index.html",
    ] {
        for method in ["GET", "HEAD", "POST"] {
            for headers in conditions {
                let expected = request(on_disk.address, method, path, headers, "").await;
                let answer = request(embedded.address, method, path, headers, "").await;
                assert_eq!(answer, expected, "{method} {path} {headers:?}");
            }
        }
    }
    assert_eq!(first.text(), "plain");
}

#[tokio::test]
async fn removed_app_is_reported_until_it_is_rebuilt() {
    let dist = dist("empty");
    let server = serving(dist.clone()).await;
    assert_eq!(get(server.address, "/", &[]).await.status, 200);
    fs::remove_file(dist.join("index.html")).unwrap();
    let response = get(server.address, "/", &[]).await;
    assert_eq!((response.status, response.header("content-type")), (503, "text/html; charset=utf-8"));
    assert!(response.text().contains("cargo xtask serve"));
    // The rebuilt app is served without a restart.
    fs::write(dist.join("index.html"), page("")).unwrap();
    assert_eq!(get(server.address, "/", &[]).await.status, 200);
}

#[tokio::test]
async fn directory_without_the_app_is_a_startup_error() {
    let missing = directory("gone").join("nothing");
    let empty = directory("no-app");
    for dist in [missing.clone(), empty.clone()] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config { dist: Dist::Directory(dist.clone()), ..Config::default() };
        let error = vitrine_server::serve(config, listener, std::future::pending()).await.unwrap_err();
        match error {
            ServeError::DistMissing(path) => assert_eq!(path, missing),
            ServeError::DistEmpty(path) => assert_eq!(path, empty),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn health_check_works_with_and_without_files() {
    for server in [serving(dist("health")).await, Server::start().await] {
        let response = get(server.address, "/healthz", &[]).await;
        assert_eq!((response.status, response.text()), (200, "ok"));
    }
}

#[tokio::test]
async fn server_without_files_carries_signaling_only() {
    let server = Server::start().await;
    let response = get(server.address, "/", &[]).await;
    assert_eq!(response.status, 404);
    assert!(response.text().contains("signaling only"));
    server.participant("room").await;
}
