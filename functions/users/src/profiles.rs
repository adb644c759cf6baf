//! `GET /v1/profiles?ids=a,b,…`: what strangers may see of up to 50 users, in one call: a phone makes ten at once at
//! most.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::WithQuery;
use shared::http::body::{self, ValueError};
use shared::ids::UserId;
use shared::user::View;

use crate::App;

const MAX_IDS: usize = 50;

/// Shows users by id, in the order asked for. Ids that name nobody are left out.
pub(crate) async fn profiles(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<Value>, Error> {
    let ids = fields.required("ids", |value| {
        match body::text(value)?.split(',').collect::<Vec<_>>() {
            ids if ids.len() <= MAX_IDS => Ok(ids
                .into_iter()
                .filter_map(|id| id.trim().parse::<UserId>().ok())
                .collect()),
            _ => Err(ValueError::invalid(
                "must be up to 50 ids, separated by commas",
            )),
        }
    });
    let ids: Vec<UserId> = fields.finish(ids)?;
    let mut wanted = ids.clone();
    // Read along, so that a caller who has been deleted or disabled sees nobody any more.
    wanted.push(caller.user.clone());
    let accounts = app.store.accounts(&wanted).await?;
    let own = accounts
        .get(&caller.user)
        .cloned()
        .ok_or_else(|| Error::new(Code::Unauthorized))?;
    own.admit(caller.epoch)?;
    let now = app.clock.now();
    let users = ids.iter().filter_map(|id| accounts.get(id)?.user.as_ref());
    let items: Vec<_> = users
        .map(|user| user.json(View::Stranger, Some(&app.links), now))
        .collect();
    Ok(Json(json!({"items": items})))
}
