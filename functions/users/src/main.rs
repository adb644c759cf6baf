//! The Lambda function `users`.

use shared::config::process_environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::log::init(process_environment);
    let app = users::App::from_environment(&process_environment)
        .await
        .inspect_err(shared::telemetry::log::failed_init)?;
    shared::http::event::run(users::router(app)).await
}
