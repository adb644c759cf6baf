//! The headers that every answer carries.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};

use crate::error::Error;
use crate::http::RequestId;

/// Adds `x-request-id`, `cache-control`, `x-content-type-options`, and what an error's status asks for.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let error = response
        .extensions()
        .get::<std::sync::Arc<Error>>()
        .cloned();
    let headers = response.headers_mut();
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id.0).ok()) {
        headers.insert("x-request-id", id);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(error) = error {
        if let Some(secs) = error.retry_after_secs() {
            headers.insert(RETRY_AFTER, secs.into());
        }
        if error.code().status() == http::StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
    response
}
