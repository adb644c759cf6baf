//! Renders errors, and logs the cause of those that are ours.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::error::Error;
use crate::http::RequestId;
use crate::telemetry::causes;

/// Gives a response that carries an [`Error`] its problem+json body.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions().get::<Arc<Error>>().cloned() else {
        return response;
    };
    if let Some(cause) = std::error::Error::source(&*error) {
        let cause = causes(cause);
        if error.code().status().is_server_error() {
            tracing::error!(code = error.code().as_str(), cause, "request failed");
        } else {
            tracing::info!(code = error.code().as_str(), cause, "request refused");
        }
    }
    let body = error
        .body(id.as_ref().map_or("none", |id| &id.0))
        .to_string();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    *response.body_mut() = Body::from(body);
    response
}
