//! The control API under `/_standin/`: what the library's methods do, by HTTP.

use crate::{
    content::ScriptedVerdict,
    fault::Fault,
    push::{self, Delivery, MediaVerdict, PushSettings},
    state::{Endpoint, Shared},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes, with the prefix left to the caller.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/health", get(health))
        .route("/calls", get(calls))
        .route("/faults", post(faults))
        .route("/unionid", post(unionid))
        .route("/secret", post(secret))
        .route("/console", post(console))
        .route("/push", post(push))
        .route("/checks", get(checks))
        .route("/verdict", post(verdict))
        .route("/reset", post(reset))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
}

/// Why a control request was refused.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// Reads a body as JSON whatever it calls itself, so that a plain `curl -d` will do.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))
}

fn bad(reason: &str) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, reason.to_owned())
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "status": "ok", "app_id": shared.state().app_id })).into_response()
}

async fn calls(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "calls": shared.state().calls })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    endpoint: Endpoint,
    fault: Fault,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

async fn faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let script: Script = parse(&body)?;
    if let Some(complaint) = script.fault.complaint() {
        return Err(bad(complaint));
    }
    if script.times == 0 {
        return Err(bad("times must be at least 1"));
    }
    shared.script(script.endpoint, script.fault, script.times);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unionid {
    openid: String,
    unionid: Option<String>,
}

async fn unionid(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let Unionid { openid, unionid } = parse(&body)?;
    shared.state().set_unionid(&openid, unionid.as_deref());
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    secret: String,
}

async fn secret(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let Secret { secret } = parse(&body)?;
    if secret.is_empty() {
        return Err(bad("the secret is empty"));
    }
    shared.state().app_secret = secret;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes where messages are to be pushed, as the console does: once the address has proved that it knows the Token.
async fn console(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let settings: PushSettings = parse(&body)?;
    push::verify(&settings).await.map_err(|error| bad(&error))?;
    shared.state().push = Some(settings);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    message: Option<Value>,
    verdict: Option<MediaVerdict>,
    #[serde(default)]
    delivery: Delivery,
}

async fn push(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Refusal> {
    let push: Push = parse(&body)?;
    let message = match (push.message, push.verdict) {
        (Some(message), None) => message,
        (None, Some(verdict)) => verdict.message(),
        _ => return Err(bad("either a message or a verdict")),
    };
    if shared.state().push.is_none() {
        return Err(bad("no address: set it under /_standin/console"));
    }
    if push.delivery.delay_ms > 0 {
        push::push_later(&shared, message, push.delivery);
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let answers = push::push(&shared, message, &push.delivery).await;
    let answers = answers.map_err(|error| bad(&error))?;
    Ok(Json(json!({ "answers": answers })).into_response())
}

async fn checks(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "checks": shared.state().media_checks })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    openid: String,
    verdict: Option<ScriptedVerdict>,
}

async fn verdict(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, Refusal> {
    let Verdict { openid, verdict } = parse(&body)?;
    shared.state().set_verdict(&openid, verdict);
    Ok(StatusCode::NO_CONTENT)
}

async fn reset(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.state().reset();
    StatusCode::NO_CONTENT
}

async fn wrong_method() -> Refusal {
    Refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        "GET for health, calls and checks, POST for the others".to_owned(),
    )
}

async fn unknown() -> Refusal {
    let reason = "there are health, calls, checks, faults, unionid, secret, verdict, console, push and reset under /_standin/";
    Refusal(StatusCode::NOT_FOUND, reason.to_owned())
}
