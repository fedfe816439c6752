//! Security headers of the app's pages. The Content Security Policy allows what `index.html` needs and nothing else; it
//! is made from the page itself, because the build writes an inline script into it, and made anew when the page changes.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::html::{Element, elements};

/// What a call needs is for the page itself; what no call needs is for nobody. Of the W3C's registry of policy-controlled
/// features, those that current browsers know: they complain of any other at every load of the page.
const PERMISSIONS_POLICY: &str = "\
    camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), autoplay=(self), \
    fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), \
    accelerometer=(), browsing-topics=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
    local-fonts=(), magnetometer=(), midi=(), payment=(), publickey-credentials-create=(), \
    publickey-credentials-get=(), serial=(), usb=(), xr-spatial-tracking=()";

/// Headers that are the same for every page.
const FIXED: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Makes the headers for the pages of one app.
#[derive(Debug)]
pub struct SecurityHeaders {
    /// Where `index.html` is; `None` where it never changes.
    index: Option<PathBuf>,
    /// The policy, and what `index.html` was like when it was made.
    policy: Mutex<Option<(Stamp, HeaderValue)>>,
}

/// Modification time and length; `None` where there is no file.
type Stamp = Option<(SystemTime, u64)>;

impl SecurityHeaders {
    /// Headers for the pages of `directory`.
    pub fn of_directory(directory: &Path) -> Self {
        Self { index: Some(directory.join("index.html")), policy: Mutex::new(None) }
    }

    /// Headers for an app whose `index.html` is `page`.
    pub fn of_page(page: &str) -> Self {
        Self { index: None, policy: Mutex::new(Some((None, content_security_policy(page)))) }
    }

    /// Sets the headers of one response.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
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
                let value = content_security_policy(&page);
                *policy = Some((stamp, value.clone()));
                value
            }
        }
    }
}

/// A policy that lets `page` do what it is built to do.
fn content_security_policy(page: &str) -> HeaderValue {
    let scripts = inline_hashes(page, "script");
    let styles = inline_hashes(page, "style");
    let signaling = signaling_sources(page);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'{styles}; \
         img-src 'self' data:; manifest-src 'self'; connect-src 'self'{signaling}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Hash sources (CSP level 3, section 2.3.1) of the inline elements of a name, each with a space before it.
fn inline_hashes(page: &str, name: &str) -> String {
    elements(page, name)
        .iter()
        .filter(|element| element.attribute("src").is_none() && !element.text.is_empty())
        .map(|element| {
            // A browser hashes the text after it has normalised line ends (HTML section 13.2.3.5).
            let text = element.text.replace("\r\n", "\n").replace('\r', "\n");
            format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
        })
        .collect()
}

/// The origin of `<meta name="signaling-server" content="https://…">`, for long-polling and WebSocket; nothing when it
/// is empty, which means the page's own origin.
fn signaling_sources(page: &str) -> String {
    let metas = elements(page, "meta");
    let is_named = |meta: &&Element<'_>| meta.attribute("name") == Some("signaling-server");
    let Some(uri) = metas.iter().find(is_named).and_then(|meta| meta.attribute("content")?.trim().parse::<Uri>().ok())
    else {
        return String::new();
    };
    // An authority has no character that could end a source or a directive.
    match (uri.scheme_str(), uri.authority()) {
        (Some("https" | "wss"), Some(authority)) => {
            format!(" https://{authority} wss://{authority}")
        }
        (Some("http" | "ws"), Some(authority)) => format!(" http://{authority} ws://{authority}"),
        _ => String::new(),
    }
}
