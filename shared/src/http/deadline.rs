//! Answers before Lambda would end the invocation, which would cost the whole environment and give the phone a bare 502.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{Code, Error};
use crate::telemetry::{self, Metric};
use crate::time::{Clock, Timestamp};

/// What is left for rendering and sending the answer.
const RESERVE: Duration = Duration::from_millis(400);

/// Answers 503 `temporarily_unavailable` when the invocation's time is nearly over.
pub(super) async fn layer(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let context = request.extensions().get::<lambda_runtime::Context>();
    let Some(deadline) = context.and_then(|context| i64::try_from(context.deadline).ok()) else {
        return next.run(request).await;
    };
    let left = Timestamp::from_millis(deadline)
        .before(RESERVE)
        .since(clock.now());
    match tokio::time::timeout(left, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            telemetry::count(Metric::DeadlinesMissed);
            Error::new(Code::TemporarilyUnavailable)
                .caused_by("the handler did not finish before the invocation's deadline")
                .into_response()
        }
    }
}
