//! `POST /v1/logout`: ends the session of the access token, or all of the user's.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::body::{self, OptionalJsonFields};

use crate::App;

/// Ends sessions. Their refresh tokens are void at once; access tokens run out by themselves within 15 minutes.
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalJsonFields(mut fields): OptionalJsonFields,
) -> Result<StatusCode, Error> {
    let all = fields.optional("all", body::boolean).unwrap_or(false);
    let all = fields.finish(Some(all))?;
    let ended = if all {
        app.store
            .end_all_sessions(&caller.user, caller.epoch)
            .await?
    } else {
        app.store
            .end_session(&caller.user, &caller.session, caller.epoch)
            .await?
    };
    ended.map_err(|_| Error::new(Code::Unauthorized))?;
    Ok(StatusCode::NO_CONTENT)
}
