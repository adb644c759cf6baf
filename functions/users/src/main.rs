//! The Lambda function `users`.

use shared::config::process_environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::telemetry::log::init(process_environment);
    let app = users::App::from_environment(&process_environment)
        .await
        .inspect_err(shared::telemetry::log::failed_init)?;
    lambda_http::run(users::router(app)).await
}
