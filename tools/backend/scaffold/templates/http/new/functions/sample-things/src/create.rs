//! `POST /v1/sample-things`

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::JsonFields;
use shared::own::IdempotencyKey;

use crate::App;
use crate::item::SampleThing;

/// Creates an item. With an `Idempotency-Key`, a repeated request gets the same one.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    key: Option<IdempotencyKey>,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let item = SampleThing::read(&mut fields);
    let item = fields.finish(item)?;
    let item = app.items.create(&caller, item, key).await?;
    Ok(item.created_response("/v1/sample-things"))
}
