//! The gate in front of the Socket.IO endpoint: which pages may use it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    Config,
    refusals::{Reason, Refusals, peer},
};

/// What the gate checks requests against.
#[derive(Debug)]
pub struct Gate {
    /// Empty: every origin.
    allowed_origins: Vec<String>,
    refusals: Arc<Refusals>,
}

impl Gate {
    /// A gate for the origins that are configured.
    pub fn new(config: &Config, refusals: Arc<Refusals>) -> Self {
        Self { allowed_origins: config.allowed_origins.clone(), refusals }
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
}

/// Middleware: refuses pages of other origins.
pub async fn guard(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    if gate.admits(request.headers()) {
        return next.run(request).await;
    }
    gate.refusals.request(Reason::Origin, peer(request.extensions()), request.headers());
    // The page that is refused may read that it is: it has to tell so.
    let readable = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (StatusCode::FORBIDDEN, readable, "this origin is not allowed").into_response()
}
