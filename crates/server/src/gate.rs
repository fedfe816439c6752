//! The gate in front of the Socket.IO endpoint: which pages may use it, and who may speak on a connection.
//!
//! Participants know each other by `UserId`, which is also the Engine.IO session id: whoever knows it could post
//! packets into a session that still uses HTTP long-polling, or take it over by an upgrade, and so speak as somebody
//! else. Therefore the session id that goes out over HTTP carries a seal that only its own client sees, and requests
//! that name a session without its seal find none.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN},
        uri::PathAndQuery,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{Config, ServeError, metrics::Metrics};

/// Upper bound of an Engine.IO handshake, in bytes.
const HANDSHAKE_LIMIT: usize = 4096;

/// What the gate checks requests against.
#[derive(Debug)]
pub struct Gate {
    key: [u8; 32],
    /// Empty: every origin.
    allowed_origins: Vec<String>,
    metrics: Arc<Metrics>,
}

impl Gate {
    /// A gate with a key of its own.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, ServeError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, allowed_origins: config.allowed_origins.clone(), metrics })
    }

    /// The CORS answers that let pages of the allowed origins use long-polling. No credentials: there are none.
    pub fn cors(&self) -> CorsLayer {
        let origins = if self.allowed_origins.is_empty() {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(self.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        };
        CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST]).allow_headers([CONTENT_TYPE])
    }

    /// Browsers apply CORS to long-polling but not to WebSockets, so the origin is checked here for both. Clients
    /// without an origin are no pages; and a page of this server itself is always welcome.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        self.allowed_origins.is_empty()
            || self.allowed_origins.iter().any(|allowed| allowed == origin)
            || origin
                .split_once("://")
                .is_some_and(|(_, authority)| headers.get(HOST).is_some_and(|host| host == authority))
    }

    /// The session id with its seal.
    fn seal(&self, id: &str) -> String {
        // Nothing can be appended to an id without making it invalid, so a plain keyed hash serves as a MAC.
        let mac = Sha256::new().chain_update(self.key).chain_update(id).finalize();
        format!("{id}.{}", BASE64_URL_SAFE_NO_PAD.encode(&mac[..16]))
    }

    /// The address with the seal taken off its session id; `None` when a seal is missing or wrong.
    fn unsealed(&self, uri: &Uri) -> Option<Uri> {
        let mut parameters = Vec::new();
        for parameter in uri.query().unwrap_or_default().split('&') {
            parameters.push(match parameter.strip_prefix("sid=") {
                None => parameter,
                Some(sealed) => {
                    let (id, _) = sealed.split_once('.')?;
                    // Whether the comparison takes the same time for every seal does not matter: each wrong guess of
                    // a prefix costs a request, and the session that it could reach ends with its short call set-up.
                    if self.seal(id) != sealed {
                        return None;
                    }
                    &parameter[..parameter.len() - (sealed.len() - id.len())]
                }
            });
        }
        let path_and_query = format!("{}?{}", uri.path(), parameters.join("&"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Middleware: refuses pages of other origins, takes seals off requests and puts them on handshakes.
pub async fn guard(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if !gate.admits(request.headers()) {
        gate.metrics.turned_away.add("origin");
        return (StatusCode::FORBIDDEN, "this origin is not allowed").into_response();
    }
    let Some(uri) = gate.unsealed(request.uri()) else {
        // The words of Engine.IO: clients take them as the end of the session and start a new one.
        let body = r#"{"code":1,"message":"Session ID unknown"}"#;
        return (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body).into_response();
    };
    let query = uri.query().unwrap_or_default();
    let is_handshake = query.split('&').any(|parameter| parameter == "transport=polling")
        && !query.split('&').any(|parameter| parameter.starts_with("sid="));
    *request.uri_mut() = uri;
    let response = next.run(request).await;
    if is_handshake && response.status() == StatusCode::OK { seal_handshake(&gate, response).await } else { response }
}

/// Puts the seal on the `sid` of an Engine.IO open packet, `0{"sid":"…",…}`.
async fn seal_handshake(gate: &Gate, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let sealed = async {
        let body = to_bytes(body, HANDSHAKE_LIMIT).await.ok()?;
        let json = body.strip_prefix(b"0")?;
        let mut open: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).ok()?;
        let id = open.get("sid")?.as_str()?;
        let sealed = gate.seal(id);
        open.insert("sid".to_owned(), sealed.into());
        serde_json::to_string(&open).ok()
    };
    let Some(open) = sealed.await else {
        tracing::error!("a handshake that cannot be read");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(format!("0{open}")))
}
