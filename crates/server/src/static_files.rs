//! The files of the app over HTTP, from a directory or from inside the program: precompressed variants, caching, and a
//! page that says what to do when there is no app yet. Which room is meant stands in the fragment, so every path that
//! is no file is simply not found.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, VARY},
    },
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Response},
};
use tower_http::services::{
    ServeDir,
    fs::{Backend, DefaultServeDirFallback},
};

use crate::{Dist, headers::SecurityHeaders};

const NO_APP: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Vitrine</title>\
    <h1>The app is not built yet</h1>\
    <p>This server is running, but its directory of the app has no <code>index.html</code>. In the project's directory, \
    <code>cargo xtask serve</code> builds the app and serves it; <code>trunk build --release</code> builds it only. \
    Then reload this page.</p>";

/// Serves the app; without one, finds nothing.
pub fn router(dist: &Dist) -> Router {
    match dist {
        Dist::None => Router::new(),
        Dist::Directory(directory) => serve(ServeDir::new(directory), SecurityHeaders::of_directory(directory)),
        Dist::Embedded(app) => serve(ServeDir::with_backend("", *app), SecurityHeaders::of_page(app.index())),
    }
}

fn serve<B: Backend>(files: ServeDir<DefaultServeDirFallback, B>, headers: SecurityHeaders) -> Router {
    let files = files.precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(middleware::from_fn_with_state(Arc::new(headers), finish))
}

/// Adds caching and security headers to what the file service answered.
async fn finish(State(headers): State<Arc<SecurityHeaders>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let may_explain =
        matches!(path.as_str(), "/" | "/index.html") && matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = next.run(request).await;
    if may_explain && response.status() == StatusCode::NOT_FOUND {
        response = (StatusCode::SERVICE_UNAVAILABLE, Html(NO_APP)).into_response();
    }
    let is_file = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cache = if is_file && has_hashed_name(&path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    // Also on 304, where the file service leaves it out (RFC 9110 section 15.4.5).
    fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.apply(fields);
    response
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
    use super::has_hashed_name;

    #[test]
    fn hashed_names() {
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
}
