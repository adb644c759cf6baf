//! The Lambda function `purge`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::config::process_environment;
use shared::time::Timestamp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::log::init(process_environment);
    let app = purge::App::from_environment(&process_environment)
        .await
        .inspect_err(shared::telemetry::log::failed_init)?;
    let handle = |event: LambdaEvent<Value>| {
        let deadline =
            Timestamp::from_millis(event.context.deadline.try_into().unwrap_or(i64::MAX));
        app.handle(event.payload, deadline)
    };
    lambda_runtime::run(service_fn(handle)).await
}
