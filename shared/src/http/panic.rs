//! Turns a panic in a handler into an answer, so that the process lives on.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::error::{Code, Error};
use crate::telemetry::{self, Metric};

/// Answers 500 `internal` when the rest of the way panics. The panic's text is not logged: it may hold a value.
pub(super) async fn layer(request: Request, next: Next) -> Response {
    // The request is dropped with the future, so nothing half-changed outlives the panic but shared state, whose locks
    // recover from poisoning.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            telemetry::count(Metric::Panics);
            Error::new(Code::Internal)
                .caused_by("the handler panicked")
                .into_response()
        }
    }
}
