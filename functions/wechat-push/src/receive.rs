//! `POST /v1/wechat/push`: a message of WeChat's.

use std::sync::Arc;

use axum::extract::State;
use http::Uri;
use shared::error::Error;
use shared::http::body::OpaqueBody;
use shared::telemetry::{self, Metric};

use crate::envelope::PushQuery;
use crate::message::Document;
use crate::{App, event};

/// What WeChat takes for an acknowledgement; after any other answer it sends the message again.
const ACKNOWLEDGED: &str = "success";

/// Of an event's name, this much goes into the log.
const MAX_NAME: usize = 64;

/// Puts what the message asks for on the queue. One that asks for nothing is acknowledged, too: to repeat it would
/// change nothing.
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    uri: Uri,
    OpaqueBody(body): OpaqueBody,
) -> Result<&'static str, Error> {
    let query = PushQuery::of(&uri);
    app.in_time(async {
        let opened = app.open(|keys, now| {
            let message = keys.open(&query, &body, now)?;
            let task = event::task(&message, keys.app_id())?;
            Ok((name(&message), task))
        });
        let (name, task) = opened.await?;
        telemetry::field("event", name);
        let Some(task) = task else {
            telemetry::count(Metric::PushesIgnored);
            return Ok(ACKNOWLEDGED);
        };
        let body = serde_json::to_string(&task).map_err(Error::internal)?;
        app.queue.send(body, None).await?;
        telemetry::count(Metric::PushesQueued);
        Ok(ACKNOWLEDGED)
    })
    .await
}

/// The event's name, or the type of a message that is none, as far as it is one.
fn name(message: &Document) -> String {
    let name = message.text("Event").or_else(|| message.text("MsgType"));
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let name = name.unwrap_or_default();
    name.chars().filter(is_name).take(MAX_NAME).collect()
}
