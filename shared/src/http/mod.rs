//! The HTTP edge that `login`, `users` and `presign` share: one small file for each concern.

mod authentication;
pub mod body;
pub mod conditions;
pub mod cursor;
mod deadline;
mod errors;
pub mod event;
mod headers;
mod json;
mod media_type;
pub mod page;
mod panic;
mod path;
mod problem;
pub mod query;
pub mod request;
mod route;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::error::{Code, Error};
use crate::telemetry::Telemetry;
use crate::time::Clock;

pub use authentication::{Authenticated, ProvideVerifier};
pub use body::JsonFields;
pub use page::PageRequest;
pub use path::PathId;
pub use query::WithQuery;
pub use request::{ClientAddress, RequestId};
pub use route::{Access, RequestBody, Route, Routes};

/// A function's routes as the service that answers its events.
pub fn service<A: Send + Sync + 'static>(
    routes: Routes<Arc<A>>,
    app: A,
    telemetry: Telemetry,
    clock: Clock,
) -> Router {
    edge(routes.0.with_state(Arc::new(app)), telemetry, clock)
}

/// Wraps a function's routes in the edge. Outermost first:
///
/// 1. `request`: names the request and writes its line, whatever happens further in;
/// 2. `headers`: every answer carries them, errors included;
/// 3. `problem`: renders errors, also those that the layers below make;
/// 4. `panic`: a panic becomes an error like any other;
/// 5. `event`: an event that is no request reaches no route;
/// 6. `deadline`: innermost, so that a handler that hangs is dropped while there is time to answer.
fn edge(routes: Router, telemetry: Telemetry, clock: Clock) -> Router {
    routes
        .fallback(async || Error::new(Code::NotFound))
        .method_not_allowed_fallback(async || Error::new(Code::MethodNotAllowed))
        .layer(from_fn_with_state(clock, deadline::layer))
        .layer(from_fn(event::layer))
        .layer(from_fn(panic::layer))
        .layer(from_fn(problem::layer))
        .layer(from_fn(headers::layer))
        .layer(from_fn_with_state(telemetry, request::layer))
}
