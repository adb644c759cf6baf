//! The Lambda function `moderation`.

use moderation::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::function::run_queue(env!("CARGO_PKG_NAME"), App::build, App::handle).await
}
