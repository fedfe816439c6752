//! Finds out why the WebSocket does not open. Browsers hide the reason from a page (WHATWG WebSockets §3, "fail the
//! WebSocket connection"). So the page probes the same address over plain HTTP, where the server, or a proxy in its
//! place, answers with the reason.

use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestCredentials, RequestInit, Response};

use crate::browser::json;

/// Why the signaling server cannot be connected to, if the probe could tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The browser has no network.
    #[error("the browser is offline")]
    Offline,
    /// The server answers over HTTP, but not over a WebSocket.
    #[error("the server answers over HTTP, but something on the way blocks the WebSocket")]
    WebSocketBlocked,
    /// A proxy drops the WebSocket's `Upgrade` header.
    #[error("a proxy drops the Upgrade header")]
    UpgradeDropped,
    /// The server's connection limit for this address is reached.
    #[error("too many connections from this address")]
    TooManyConnections,
    /// The server's origin check rejects this page.
    #[error("this page's origin is not allowed")]
    OriginNotAllowed,
    /// The answer is not a signaling server's.
    #[error("there is no signaling server at this address")]
    NoSignalingServer,
}

/// The answer over HTTP.
struct Answer {
    status: u16,
    body: String,
    /// The body, if it is Engine.IO's.
    details: Option<Details>,
}

/// The body of Engine.IO's answer to a WebSocket without a handshake.
#[derive(Deserialize)]
struct Details {
    /// Whether the `Upgrade` header is missing or was dropped, as Vitrine's server reports.
    upgrade: Option<String>,
}

impl Refusal {
    /// The reason that the answer shows; `None` if nothing answers, or a proxy reports that the server does not.
    fn from_response(is_online: bool, answer: Option<Answer>) -> Option<Self> {
        let Some(Answer { status, body, details }) = answer else { return (!is_online).then_some(Self::Offline) };
        let is_dropped = details.and_then(|details| details.upgrade).as_deref() == Some("dropped");
        match status {
            500.. => None,
            429 => Some(Self::TooManyConnections),
            403 if body.contains("origin") => Some(Self::OriginNotAllowed),
            400 | 426 if is_dropped => Some(Self::UpgradeDropped),
            200..400 | 404 | 405 | 410 => Some(Self::NoSignalingServer),
            _ => Some(Self::WebSocketBlocked),
        }
    }

    /// Probes the server at the WebSocket address `url`.
    pub(super) async fn probe(url: &str) -> Option<Self> {
        let is_online = web_sys::window().is_none_or(|window| window.navigator().on_line());
        Self::from_response(is_online, ask(url).await.ok())
    }
}

async fn ask(url: &str) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let url = url.strip_prefix("ws").map_or_else(|| url.to_owned(), |rest| format!("http{rest}"));
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    options.set_credentials(RequestCredentials::Omit);
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(&url, &options)).await?.unchecked_into();
    let body = JsFuture::from(response.text()?).await?;
    let body = body.as_string().unwrap_or_default();
    Ok(Answer { status: response.status(), details: json::parse(&body).ok(), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned(), details: serde_json::from_str(body).ok() }
    }

    fn refusal_for(status: u16, body: &str) -> Option<Refusal> {
        Refusal::from_response(true, Some(answer(status, body)))
    }

    #[test]
    fn every_answer_has_its_refusal() {
        let missing = r#"{"code":3,"message":"Bad request","upgrade":"missing"}"#;
        let dropped = r#"{"code":3,"message":"Bad request","upgrade":"dropped"}"#;
        let node_js = r#"{"code":3,"message":"Bad request"}"#;
        for (status, body, refusal) in [
            (429, "there are too many connections from this address", Refusal::TooManyConnections),
            (403, "this origin is not allowed", Refusal::OriginNotAllowed),
            (403, "Access denied by policy", Refusal::WebSocketBlocked),
            (400, missing, Refusal::WebSocketBlocked),
            (400, node_js, Refusal::WebSocketBlocked),
            (426, "", Refusal::WebSocketBlocked),
            (400, dropped, Refusal::UpgradeDropped),
            (404, "not found", Refusal::NoSignalingServer),
            (200, "<!DOCTYPE html>", Refusal::NoSignalingServer),
        ] {
            assert_eq!(refusal_for(status, body), Some(refusal), "{status} {body}");
        }
    }

    #[test]
    fn server_that_is_down_is_no_refusal() {
        assert_eq!(Refusal::from_response(true, None), None);
        for status in [500, 502, 503, 504] {
            assert_eq!(refusal_for(status, "Bad Gateway"), None);
        }
    }

    #[test]
    fn missing_network_is_reported_only_without_an_answer() {
        assert_eq!(Refusal::from_response(false, None), Some(Refusal::Offline));
        assert_eq!(Refusal::from_response(false, Some(answer(429, ""))), Some(Refusal::TooManyConnections));
    }
}
