//! `GET /v1/users/me` and `GET /v1/users/{id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use shared::error::{Code, Error};

use crate::App;
use crate::response;
use crate::target::Target;

/// Shows a user; how much depends on who asks.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    target: Target,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let caller = &target.caller;
    let id = target.to_read()?;
    if *id == caller.user {
        let account = app
            .store
            .account(id)
            .await?
            .ok_or_else(|| Error::new(Code::Unauthorized))?;
        let user = account.admit(caller.epoch)?;
        return Ok(response::user_unless_known(&app, caller, &user, &headers));
    }
    // One call for both: a caller who has been deleted or disabled sees nobody any more.
    let mut accounts = app
        .store
        .accounts(&[caller.user.clone(), id.clone()])
        .await?;
    let reader = accounts
        .remove(&caller.user)
        .ok_or_else(|| Error::new(Code::Unauthorized))?
        .admit(caller.epoch)?;
    let caller = &caller.with_role_of(&reader);
    let found = accounts.remove(id).and_then(|account| account.user);
    let user = found.ok_or_else(|| Error::new(Code::NotFound))?;
    Ok(response::user_unless_known(&app, caller, &user, &headers))
}
