//! The files of the app over HTTP, from a directory or from inside the program: precompressed variants, caching, and an
//! explaining page while the app is not built. The room stands in the fragment of a link, so a path that is no file is
//! a broken link: it redirects to the app.

use std::{io, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, LOCATION, VARY},
    },
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Response},
};
use tower_http::services::{
    ServeDir,
    fs::{Backend, DefaultServeDirFallback},
};

use crate::{
    Dist,
    headers::{Embedding, SecurityHeaders},
};

const NO_APP: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Vitrine</title>\
    <h1>The app is not built yet</h1>\
    <p>This server is running, but its directory of the app has no <code>index.html</code>. In the project's directory, \
    <code>cargo xtask serve</code> builds the app and serves it; <code>trunk build --release</code> builds it only. \
    Then reload this page.</p>";

const SIGNALING_ONLY: &str = "This server carries signaling only. The app is elsewhere.\n";
const NO_FILE: &str = "There is no such file. If the app was updated, reload its page.\n";
const LOST: &str = "There is no such page. The app is at the address that this answer names.\n";

/// Extensions of files that browsers and pages request by themselves. A redirect to the app would hide that one is
/// missing.
const FILE_TYPES: &str = "js mjs wasm css map json webmanifest svg png jpg gif webp ico woff woff2 txt xml php";

/// Serves the app, which pages of the origins in `embedding` may show in a frame. Without an app, responds that the
/// server carries signaling only.
pub fn router(dist: &Dist, embedding: &[String]) -> Router {
    let embedding = Embedding::allowing(embedding);
    match dist {
        Dist::None => Router::new().fallback((StatusCode::NOT_FOUND, SIGNALING_ONLY)),
        Dist::Directory(directory) => {
            serve(ServeDir::new(directory), SecurityHeaders::of_directory(directory, embedding))
        }
        Dist::Embedded(app) => {
            serve(ServeDir::with_backend("", *app), SecurityHeaders::of_page(app.index(), embedding))
        }
    }
}

fn serve<B: Backend>(files: ServeDir<DefaultServeDirFallback, B>, headers: SecurityHeaders) -> Router {
    let files = files.precompressed_br().precompressed_gzip();
    let answer = async move |request: Request| {
        let mut files = files;
        match files.try_call(request).await {
            Ok(response) => response.into_response(),
            Err(error) if is_not_found(&error) => StatusCode::NOT_FOUND.into_response(),
            Err(error) => {
                tracing::error!(%error, "cannot read a file of the app");
                (StatusCode::INTERNAL_SERVER_ERROR, "The server cannot read this file.\n").into_response()
            }
        }
    };
    Router::new().fallback(answer).layer(middleware::from_fn_with_state(Arc::new(headers), finish))
}

/// Whether a file does not exist. A name that is too long does not exist either.
fn is_not_found(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename | PermissionDenied)
}

/// Redirects unknown paths to the app, and adds caching and security headers.
async fn finish(State(headers): State<Arc<SecurityHeaders>>, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let path = uri.path();
    let mut response = next.run(request).await;
    response = match response.status() {
        StatusCode::NOT_FOUND if matches!(path, "/" | "/index.html") => {
            (StatusCode::SERVICE_UNAVAILABLE, Html(NO_APP)).into_response()
        }
        StatusCode::NOT_FOUND => not_found(&uri),
        StatusCode::TEMPORARY_REDIRECT => redirect_to(with_trailing_slash(&uri)),
        _ => response,
    };
    let is_file = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cache = if is_file && has_hashed_name(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    // Also on 304, where the file service omits it (RFC 9110 section 15.4.5).
    fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.apply(fields);
    response
}

fn not_found(uri: &Uri) -> Response {
    let path = uri.path();
    let fragment = lost_fragment(path);
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_file_name =
        name.rsplit_once('.').is_some_and(|(_, extension)| FILE_TYPES.split(' ').any(|known| known == extension));
    if fragment.is_none() && is_file_name {
        return (StatusCode::NOT_FOUND, NO_FILE).into_response();
    }
    // Relative, because a proxy may have stripped a prefix of the path.
    let depth = path.matches('/').count().saturating_sub(1);
    let root = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    let room = fragment.map(|fragment| format!("#{fragment}"));
    let room = room.or_else(|| room_query(uri).map(|query| format!("?{query}"))).unwrap_or_default();
    redirect_to(root + &room)
}

/// The fragment of a link whose `#` was percent-encoded (`/%23room=x`), encoded twice or dropped (`/room=x`,
/// `/Room%3Dx/`) in transit.
fn lost_fragment(path: &str) -> Option<String> {
    let path = if path.contains("%2523") { path.replace("%25", "%") } else { path.to_owned() };
    if let Some((_, fragment)) = path.split_once("%23") {
        return Some(fragment.to_owned());
    }
    let name = path.trim_end_matches('/').rsplit('/').next()?;
    let lower = name.to_ascii_lowercase();
    (lower.starts_with("room=") || lower.starts_with("room%3d")).then(|| name.to_owned())
}

/// The query of a link, if it names a room: the page reads the room from there, too.
fn room_query(uri: &Uri) -> Option<&str> {
    uri.query().filter(|query| query.split('&').any(|field| field.to_ascii_lowercase().starts_with("room=")))
}

/// The location of a directory with a trailing slash. Without it, relative URLs resolve differently.
fn with_trailing_slash(uri: &Uri) -> String {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("./{name}/{query}")
}

fn redirect_to(location: String) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)], LOST).into_response()
}

/// Whether a path ends in a file name with a hash of the file's content, as Trunk writes it:
/// `name-<hash>.ext` or `name-<hash>_bg.wasm`, the hash being 64 bits in hexadecimal without leading zeros.
fn has_hashed_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, _)) = name.split_once('.') else {
        return false;
    };
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        (12..=16).contains(&hash.len()) && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_are_recognized() {
        for path in
            ["/vitrine-1a2b3c4d5e6f7a8b_bg.wasm", "/vitrine-1a2b3c4d5e6f7a8b.js", "/sub/style-a2b3c4d5e6f7a8b.css"]
        {
            assert!(has_hashed_name(path), "{path}");
        }
        for path in [
            "/",
            "/index.html",
            "/favicon.svg",
            "/apple-touch-icon.png",
            "/vitrine_bg.wasm",
            "/snippets/vitrine-1a2b3c4d5e6f7a8b/inline0.js",
            "/name-1A2B3C4D5E6F7A8B.js",
            "/icon-512.png",
        ] {
            assert!(!has_hashed_name(path), "{path}");
        }
    }

    #[test]
    fn lost_fragment_is_recovered() {
        for (path, fragment) in [
            ("/%23room=x", Some("room=x")),
            ("/meet/%23room=50%25", Some("room=50%25")),
            ("/%23room%3Dx", Some("room%3Dx")),
            ("/%2523room=a%2520b", Some("room=a%20b")),
            ("/room=x", Some("room=x")),
            ("/meet/room=x", Some("room=x")),
            ("/room", None),
            ("/bedroom=x", None),
        ] {
            assert_eq!(lost_fragment(path).as_deref(), fragment, "{path}");
        }
    }
}
