//! `PUT /v1/sample-things/{id}`: merges, so an absent field stays; `null` clears a note.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::auth::Caller;
use shared::error::Error;
use shared::http::{JsonFields, PathId};
use shared::own::IfMatch;

use crate::App;
use crate::item::{Changes, SampleThingId};

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<SampleThingId>,
    if_match: IfMatch,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let changes = Changes::read(&mut fields);
    let changes = fields.finish(changes)?;
    let change = |item: &mut _| changes.apply(item);
    let item = app.items.update(&caller, id, &if_match, change).await?;
    Ok(item.response())
}
