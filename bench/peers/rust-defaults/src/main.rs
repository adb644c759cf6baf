//! The peer with crates' defaults.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Error, Request, Response, run, service_fn, tracing};

#[path = "../../rust/job.rs"]
mod job;

use job::{Refused, Verifier};
use serde_json::Value;

struct App {
    dynamodb: Client,
    table: String,
    verifier: Verifier,
    cold: AtomicBool,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let app = App {
        dynamodb: Client::new(&config),
        table: std::env::var("TABLE_NAME")?,
        verifier: Verifier::from_environment()?,
        cold: AtomicBool::new(true),
    };
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
        let output = self
            .dynamodb
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(format!("U#{}", claims.sub)))
            .key("sk", AttributeValue::S("A".to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| {
                tracing::error!(?error, "DynamoDB is not available");
                Refused(503, "temporarily_unavailable")
            })?;
        let item = output.item.unwrap_or_default();
        job::admit(&claims, |name| match item.get(name)? {
            AttributeValue::S(text) | AttributeValue::N(text) => Some(text),
            _ => None,
        })
    }
}
