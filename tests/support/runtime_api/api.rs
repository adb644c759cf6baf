//! The Runtime API's side of one environment.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as UrlPath, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot, watch},
};

use super::{Outcome, RuntimeError, Settings};

/// The largest answer that Lambda takes.
const ANSWER_LIMIT: usize = 6_291_556;

/// The Runtime API's side of one environment.
#[derive(Debug, Default)]
pub(super) struct Api {
    state: Mutex<ApiState>,
    submitted: Notify,
    /// None until the first event is asked for or init has failed.
    pub(super) init: watch::Sender<Option<Option<RuntimeError>>>,
}

#[derive(Debug, Default)]
pub(super) struct ApiState {
    events: VecDeque<Event>,
    pub(super) pending: HashMap<String, oneshot::Sender<Outcome>>,
}

#[derive(Debug)]
struct Event {
    id: String,
    deadline: SystemTime,
    function_name: String,
    payload: Value,
}

impl Api {
    pub(super) fn state(&self) -> MutexGuard<'_, ApiState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submit(
        &self,
        payload: Value,
        settings: &Settings,
    ) -> (String, oneshot::Receiver<Outcome>) {
        static INVOCATIONS: AtomicU64 = AtomicU64::new(1);
        let id = format!(
            "8476a536-e9f4-11e8-9739-{:012x}",
            INVOCATIONS.fetch_add(1, Ordering::Relaxed)
        );
        let (answer, answered) = oneshot::channel();
        let mut state = self.state();
        state.pending.insert(id.clone(), answer);
        state.events.push_back(Event {
            id: id.clone(),
            deadline: SystemTime::now() + settings.timeout,
            function_name: settings.function_name.clone(),
            payload,
        });
        self.submitted.notify_one();
        (id, answered)
    }

    /// The next event somebody still waits for.
    fn take(&self) -> Option<Event> {
        let mut state = self.state();
        while let Some(event) = state.events.pop_front() {
            if state.pending.contains_key(&event.id) {
                return Some(event);
            }
        }
        None
    }

    fn settle(&self, id: &str, outcome: Outcome) -> Response {
        match self
            .state()
            .pending
            .remove(id)
            .map(|waiting| waiting.send(outcome))
        {
            Some(Ok(())) => accepted(),
            _ => {
                let body = json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" });
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
        }
    }
}

pub(super) async fn serve(listener: TcpListener, api: Arc<Api>) {
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(ANSWER_LIMIT))
        .with_state(api);
    // It serves until the task is aborted.
    let _ = axum::serve(listener, router).await;
}

/// Waits for an event as long as it takes; the runtime has no time-out here either.
async fn next(State(api): State<Arc<Api>>) -> Response {
    api.init
        .send_if_modified(|init| init.replace(None).is_none());
    loop {
        if let Some(event) = api.take() {
            return event.into_response();
        }
        api.submitted.notified().await;
    }
}

impl IntoResponse for Event {
    fn into_response(self) -> Response {
        let deadline = self
            .deadline
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let headers = [
            ("lambda-runtime-aws-request-id", self.id),
            (
                "lambda-runtime-deadline-ms",
                deadline.as_millis().to_string(),
            ),
            (
                "lambda-runtime-invoked-function-arn",
                format!(
                    "arn:aws:lambda:us-east-1:123456789012:function:{}",
                    self.function_name
                ),
            ),
            (
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
                    .to_owned(),
            ),
        ];
        (headers, Json(self.payload)).into_response()
    }
}

async fn response(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    body: Bytes,
) -> Response {
    let outcome = match serde_json::from_slice(&body) {
        Ok(value) => Outcome::Response(value),
        Err(error) => Outcome::Error(RuntimeError {
            error_type: "Runtime.InvalidResponse".to_owned(),
            message: format!("the answer is not JSON: {error}"),
        }),
    };
    api.settle(&id, outcome)
}

async fn error(
    State(api): State<Arc<Api>>,
    UrlPath(id): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    api.settle(&id, Outcome::Error(reported(&headers, &body)))
}

async fn init_error(State(api): State<Arc<Api>>, headers: HeaderMap, body: Bytes) -> Response {
    api.init.send_replace(Some(Some(reported(&headers, &body))));
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn reported(headers: &HeaderMap, body: &[u8]) -> RuntimeError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_str);
    let header = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    RuntimeError {
        error_type: text("errorType").or(header).unwrap_or_default().to_owned(),
        message: text("errorMessage").unwrap_or_default().to_owned(),
    }
}
