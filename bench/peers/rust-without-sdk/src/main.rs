//! The peer without the AWS SDK.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lambda_http::{Error, Request, Response, run, service_fn};
use serde_json::Value;

mod dynamodb;
#[path = "../../rust/job.rs"]
mod job;

use dynamodb::Dynamodb;
use job::{Refused, Verifier};

/// Init must not wait for a table that does not answer.
const WARM_UP_LIMIT: Duration = Duration::from_millis(300);

struct App {
    dynamodb: Dynamodb,
    verifier: Verifier,
    cold: AtomicBool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = App {
        dynamodb: Dynamodb::from_environment()?,
        verifier: Verifier::from_environment()?,
        cold: AtomicBool::new(true),
    };
    if std::env::var("WARM_UP").as_deref() != Ok("off") {
        let _ =
            tokio::time::timeout(WARM_UP_LIMIT, app.dynamodb.get_item("U#warm-up", false)).await;
    }
    let app = &app;
    run(service_fn(async move |request: Request| {
        app.handle(request).await
    }))
    .await
}

impl App {
    async fn handle(&self, request: Request) -> Result<Response<String>, Error> {
        let started = job::now_millis();
        let cold = self.cold.swap(false, Ordering::Relaxed);
        let authorization = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let outcome = self.user(authorization).await;
        let (status, content_type, body) =
            job::answer(started, cold, &job::request_id(&request), outcome);
        Ok(Response::builder()
            .status(status)
            .header("content-type", content_type)
            .body(body)?)
    }

    async fn user(&self, authorization: Option<&str>) -> Result<Value, Refused> {
        let claims = self.verifier.verify(authorization)?;
        let item = self
            .dynamodb
            .get_item(&format!("U#{}", claims.sub), true)
            .await;
        let item = item.map_err(|error| {
            eprintln!("DynamoDB is not available: {error}");
            Refused(503, "temporarily_unavailable")
        })?;
        job::admit(&claims, |name| item.get(name)?.text())
    }
}
