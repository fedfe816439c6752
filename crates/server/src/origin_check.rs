//! The origin check and CORS of the Socket.IO endpoint: which pages may use it.

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
    refusal_log::{RefusalLog, peer},
    refusal_reason::Reason,
};

/// Checks the `Origin` of requests against the configured list.
#[derive(Debug)]
pub struct OriginCheck {
    /// Empty allows every origin.
    allowed_origins: Vec<String>,
    refusals: Arc<RefusalLog>,
}

impl OriginCheck {
    /// A check for the origins in `config`.
    pub fn new(config: &Config, refusals: Arc<RefusalLog>) -> Self {
        Self { allowed_origins: config.allowed_origins.clone(), refusals }
    }

    /// The CORS layer that lets pages of the allowed origins use long-polling. Without credentials: there are none.
    pub fn cors_layer(&self) -> CorsLayer {
        let origins = if self.allowed_origins.is_empty() {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(self.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        };
        CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST]).allow_headers([CONTENT_TYPE])
    }

    /// Browsers apply CORS to long-polling but not to WebSockets, so the origin is checked here for both. A request
    /// without an origin comes from no page. Pages of this server itself are always allowed.
    fn allows(&self, headers: &HeaderMap) -> bool {
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

/// Middleware that refuses requests of pages from other origins with 403.
pub async fn check_origin(State(check): State<Arc<OriginCheck>>, request: Request, next: Next) -> Response {
    if check.allows(request.headers()) {
        return next.run(request).await;
    }
    check.refusals.log_request(Reason::Origin, peer(request.extensions()), request.headers());
    // The refused page may read the refusal, so that it can show the reason.
    let readable = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (StatusCode::FORBIDDEN, readable, "this origin is not allowed").into_response()
}
