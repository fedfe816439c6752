//! Why the WebSocket does not open. Browsers keep that from a page (WHATWG WebSockets §3, "fail the WebSocket
//! connection"), so the page asks the same address over HTTP, without the handshake: the server, or whatever answers in
//! its place, says it there.

use vitrine_protocol::json::Json;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestCredentials, RequestInit, Response};

/// Why there is no connection to the signaling server, where that can be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The browser has no network.
    #[error("the browser is offline")]
    Offline,
    /// The server can be reached, but not by WebSocket.
    #[error("the server answers over HTTP, and something on the way stops the WebSocket")]
    WebSocketBlocked,
    /// A proxy keeps the `Upgrade` header of WebSockets to itself.
    #[error("a proxy does not pass the Upgrade header on")]
    UpgradeDropped,
    /// The server has as many connections from here as it allows.
    #[error("too many connections from this address")]
    TooManyConnections,
    /// The server does not accept pages of this page's origin.
    #[error("this page's origin is not allowed")]
    OriginNotAllowed,
    /// Something answers that is no signaling server.
    #[error("there is no signaling server at this address")]
    NoSignalingServer,
}

/// What was answered over HTTP: status and body.
type Answer = (u16, String);

impl Refusal {
    /// What the answer tells; none where nothing answers, or a proxy says that nothing does.
    fn told_by(is_online: bool, answer: Option<Answer>) -> Option<Self> {
        let Some((status, body)) = answer else { return (!is_online).then_some(Self::Offline) };
        let is_dropped = || Json::parse(&body).is_ok_and(|body| body.field("upgrade").text() == Some("dropped"));
        match status {
            500.. => None,
            429 => Some(Self::TooManyConnections),
            403 if body.contains("origin") => Some(Self::OriginNotAllowed),
            // Engine.IO's answer to a WebSocket without a handshake.
            400 | 426 if is_dropped() => Some(Self::UpgradeDropped),
            200..400 | 404 | 405 | 410 => Some(Self::NoSignalingServer),
            _ => Some(Self::WebSocketBlocked),
        }
    }

    /// Asks the server at the WebSocket address `url`.
    pub(super) async fn find_out(url: &str) -> Option<Self> {
        let is_online = web_sys::window().is_none_or(|window| window.navigator().on_line());
        Self::told_by(is_online, ask(url).await.ok())
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
    Ok((response.status(), body.as_string().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Option<Refusal> {
        Refusal::told_by(true, Some((status, body.to_owned())))
    }

    #[test]
    fn every_answer_tells_its_refusal() {
        let missing = r#"{"code":3,"message":"Bad request","upgrade":"missing"}"#;
        let dropped = r#"{"code":3,"message":"Bad request","upgrade":"dropped"}"#;
        let of_node = r#"{"code":3,"message":"Bad request"}"#;
        for (status, body, refusal) in [
            (429, "there are too many connections from this address", Refusal::TooManyConnections),
            (403, "this origin is not allowed", Refusal::OriginNotAllowed),
            (403, "Access denied by policy", Refusal::WebSocketBlocked),
            (400, missing, Refusal::WebSocketBlocked),
            (400, of_node, Refusal::WebSocketBlocked),
            (426, "", Refusal::WebSocketBlocked),
            (400, dropped, Refusal::UpgradeDropped),
            (404, "not found", Refusal::NoSignalingServer),
            (200, "<!DOCTYPE html>", Refusal::NoSignalingServer),
        ] {
            assert_eq!(told(status, body), Some(refusal), "{status} {body}");
        }
    }

    #[test]
    fn a_server_that_is_down_is_no_refusal() {
        assert_eq!(Refusal::told_by(true, None), None);
        for status in [500, 502, 503, 504] {
            assert_eq!(told(status, "Bad Gateway"), None);
        }
    }

    #[test]
    fn without_a_network_nothing_is_the_servers_fault() {
        assert_eq!(Refusal::told_by(false, None), Some(Refusal::Offline));
        assert_eq!(Refusal::told_by(false, Some((429, String::new()))), Some(Refusal::TooManyConnections));
    }
}
