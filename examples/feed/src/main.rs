//! The Lambda function `feed`.

use feed::{App, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::function::run_http(env!("CARGO_PKG_NAME"), App::build, router).await
}
