//! `POST /v1/login/refresh`: a refresh token for the next one and a fresh access token.

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use shared::auth::refresh::RefreshToken;
use shared::error::{Code, Error};
use shared::http::{Fields, body};
use shared::store::session::Refreshed;
use shared::telemetry;

use crate::App;
use crate::client::Client;
use crate::session;

/// Continues a session.
pub(crate) async fn refresh(
    State(app): State<App>,
    client: Client,
    mut fields: Fields,
) -> Result<Json<Value>, Error> {
    app.rate_limit.refresh(client)?;
    let token = fields.required("refresh_token", body::text);
    let token: RefreshToken = fields
        .finish(token)?
        .parse()
        .map_err(|_| Error::new(Code::RefreshInvalid))?;
    let keys = app.secrets.get().await?;
    match app.store.refresh(&token, &keys.successor_key).await? {
        Refreshed::Granted(next, user) => {
            telemetry::count("refreshes");
            session::answer(&app, &keys, &next, &user, false)
        }
        Refreshed::Invalid => Err(Error::new(Code::RefreshInvalid)),
        Refreshed::Disabled => Err(Error::new(Code::AccountDisabled)),
        Refreshed::Reused => {
            telemetry::count("refresh_reuses");
            Err(Error::new(Code::RefreshReused).detail("the session has been ended: log in again"))
        }
    }
}
