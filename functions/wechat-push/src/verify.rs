//! `GET /v1/wechat/push`: WeChat's console asks whether the address knows the Token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::Uri;
use http::header::CONTENT_TYPE;
use shared::error::Error;

use crate::App;
use crate::envelope::PushQuery;

/// Sends `echostr` back as it is: WeChat takes no JSON for an answer.
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    uri: Uri,
) -> Result<impl IntoResponse, Error> {
    let query = PushQuery::of(&uri);
    let echo = app.in_time(app.open(|keys, now| keys.echo(&query, now)));
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], echo.await?))
}
