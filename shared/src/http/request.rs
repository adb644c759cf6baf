//! Names each request, and writes its line.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Map, Value, json};
use tracing::Instrument;

use crate::error::Error;
use crate::http::event::Gateway;
use crate::telemetry::Telemetry;
use crate::telemetry::record::Summary;

/// The request's id: the gateway's, which its access log has too.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// Where the request came from, as the gateway saw it. Personal data: never logged.
#[derive(Clone)]
pub struct ClientAddress(pub Arc<str>);

/// Puts [`RequestId`] and [`ClientAddress`] into the request's extensions, and writes its line.
pub(super) async fn layer(
    State(telemetry): State<Telemetry>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(&request);
    let method = request.method().clone();
    // The template of the path, not the path: a path can hold anything, and ids make metrics grow without bound.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str);
    let route = format!("{method} {route}");
    let address = client_address(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(ClientAddress(address));
    let span = tracing::info_span!("request", request_id = %id, route = %route);
    let work = next.run(request).instrument(span);
    telemetry
        .record(work, |response| summary(&id, route, response))
        .await
}

fn summary(id: &str, route: String, response: &Response) -> Summary {
    let status = response.status();
    let mut fields = Map::new();
    if let Some(error) = response.extensions().get::<Arc<Error>>() {
        fields.insert("code".into(), error.code().as_str().into());
    }
    let level = if status.is_server_error() {
        "ERROR"
    } else {
        "INFO"
    };
    let message = format!("{route} answered {}", status.as_u16());
    fields.insert("request_id".into(), json!(id));
    fields.insert("route".into(), Value::String(route));
    fields.insert("status".into(), status.as_u16().into());
    Summary {
        level,
        message,
        fields,
    }
}

fn request_id(request: &Request) -> Arc<str> {
    let extensions = request.extensions();
    let gateway = extensions
        .get::<Gateway>()
        .and_then(|gateway| gateway.request_id.clone());
    let lambda = || {
        let context = extensions.get::<lambda_runtime::Context>()?;
        Some(context.request_id.as_str().into())
    };
    gateway.or_else(lambda).unwrap_or_else(|| "none".into())
}

fn client_address(request: &Request) -> Arc<str> {
    let gateway = request.extensions().get::<Gateway>();
    gateway
        .and_then(|gateway| gateway.source_ip.clone())
        .unwrap_or_else(|| "unknown".into())
}
