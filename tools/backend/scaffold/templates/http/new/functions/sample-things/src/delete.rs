//! `DELETE /v1/sample-things/{id}`

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::PathId;
use shared::own::IfMatch;

use crate::App;
use crate::item::SampleThingId;

pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<SampleThingId>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    app.items.delete(&caller, id, &if_match).await?;
    Ok(StatusCode::NO_CONTENT)
}
