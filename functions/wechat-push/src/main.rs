//! The Lambda function `wechat-push`.

use wechat_push::{App, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::function::run_http(env!("CARGO_PKG_NAME"), App::build, router).await
}
