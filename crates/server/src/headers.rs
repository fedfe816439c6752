//! Security headers of the app's pages. The Content Security Policy allows what the app needs and nothing else. It
//! depends on `index.html`, which may name another signaling server, and is rebuilt when that file changes.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

use crate::html::{Element, elements};

/// The features that a call needs, for the page itself and for the sites that may embed it.
const ALLOWED_FEATURES: [&str; 9] = [
    "camera",
    "microphone",
    "display-capture",
    "speaker-selection",
    "autoplay",
    "fullscreen",
    "picture-in-picture",
    "screen-wake-lock",
    "clipboard-write",
];

/// The features that no call needs, denied to every origin. Of the W3C's registry of policy-controlled features only
/// those that current browsers know: they log a warning about any other at every load of the page.
const DENIED_FEATURES: &str = "\
    accelerometer=(), browsing-topics=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
    local-fonts=(), magnetometer=(), midi=(), payment=(), publickey-credentials-create=(), \
    publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The security headers of one app.
#[derive(Debug)]
pub struct SecurityHeaders {
    /// The path of `index.html`; `None` if it never changes.
    index: Option<PathBuf>,
    /// The policy, and the stamp of the `index.html` that it was built from.
    policy: Mutex<Option<(Stamp, HeaderValue)>>,
    embedding: Embedding,
}

/// The sites that may show the app in a frame, as header values.
#[derive(Debug)]
pub struct Embedding {
    frame_ancestors: String,
    permissions: HeaderValue,
    /// With embedding, a site that opens the app in a new window keeps its handle on that window.
    opener: HeaderValue,
    /// Sites with a Cross-Origin-Embedder-Policy load a frame only if it allows that.
    resource: HeaderValue,
}

/// Modification time and length; `None` if the file is missing.
type Stamp = Option<(SystemTime, u64)>;

impl Embedding {
    /// Allows embedding by `origins`, each as browsers write it; an empty list allows none.
    pub fn allowing(origins: &[String]) -> Self {
        let quoted: String = origins.iter().map(|origin| format!(" \"{origin}\"")).collect();
        let allowed: String = ALLOWED_FEATURES.map(|feature| format!("{feature}=(self{quoted}), ")).concat();
        let permissions = HeaderValue::try_from(allowed + DENIED_FEATURES);
        let (ancestors, opener, resource) = match origins {
            [] => ("'none'".to_owned(), "same-origin", "same-origin"),
            origins => (origins.join(" "), "unsafe-none", "cross-origin"),
        };
        Self {
            frame_ancestors: ancestors,
            permissions: permissions.unwrap_or(HeaderValue::from_static(DENIED_FEATURES)),
            opener: HeaderValue::from_static(opener),
            resource: HeaderValue::from_static(resource),
        }
    }
}

impl SecurityHeaders {
    /// Headers for the pages of `directory`.
    pub fn of_directory(directory: &Path, embedding: Embedding) -> Self {
        Self { index: Some(directory.join("index.html")), policy: Mutex::new(None), embedding }
    }

    /// Headers for an app whose `index.html` is `page`.
    pub fn of_page(page: &str, embedding: Embedding) -> Self {
        let policy = content_security_policy(page, &embedding.frame_ancestors);
        Self { index: None, policy: Mutex::new(Some((None, policy))), embedding }
    }

    /// Sets the headers of one response.
    pub fn apply(&self, headers: &mut HeaderMap) {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(HeaderName::from_static("permissions-policy"), self.embedding.permissions.clone());
        headers.insert(HeaderName::from_static("cross-origin-opener-policy"), self.embedding.opener.clone());
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), self.embedding.resource.clone());
        headers.insert(CONTENT_SECURITY_POLICY, self.policy());
    }

    /// Reads the file's metadata each time and the file itself only when that has changed; both are quick enough to
    /// be done where they are needed.
    fn policy(&self) -> HeaderValue {
        let stamp = self.index.as_ref().and_then(|index| {
            let metadata = std::fs::metadata(index).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        });
        let mut policy = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        match &*policy {
            Some((known, value)) if *known == stamp => value.clone(),
            _ => {
                let page =
                    self.index.as_ref().and_then(|index| std::fs::read_to_string(index).ok()).unwrap_or_default();
                let value = content_security_policy(&page, &self.embedding.frame_ancestors);
                *policy = Some((stamp, value.clone()));
                value
            }
        }
    }
}

/// The Content Security Policy for `page`, which `ancestors` may show in a frame. The build has no inline script and no
/// inline style.
fn content_security_policy(page: &str, ancestors: &str) -> HeaderValue {
    let signaling = signaling_sources(page);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         manifest-src 'self'; connect-src 'self'{signaling}; base-uri 'none'; form-action 'none'; \
         frame-ancestors {ancestors}"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The `connect-src` sources for `<meta name="signaling-server" content="https://…">`, for long-polling and WebSocket.
/// Empty if the content is empty or relative, which means the page's own origin.
fn signaling_sources(page: &str) -> String {
    let metas = elements(page, "meta");
    let is_named = |meta: &&Element<'_>| meta.attribute("name") == Some("signaling-server");
    let Some(uri) = metas.iter().find(is_named).and_then(|meta| meta.attribute("content")?.trim().parse::<Uri>().ok())
    else {
        return String::new();
    };
    // No character of an authority can end a source or a directive.
    match (uri.scheme_str(), uri.authority()) {
        (Some("https" | "wss"), Some(authority)) => {
            format!(" https://{authority} wss://{authority}")
        }
        (Some("http" | "ws"), Some(authority)) => format!(" http://{authority} ws://{authority}"),
        _ => String::new(),
    }
}
