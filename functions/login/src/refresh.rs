//! `POST /v1/login/refresh`: a refresh token for the next one and a fresh access token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use shared::error::{Code, Error};
use shared::http::{JsonFields, body};
use shared::refresh::RefreshToken;
use shared::store::session::Refreshed;
use shared::telemetry::{self, Metric};

use crate::App;
use crate::client::Client;
use crate::secrets::Keys;
use crate::session;

pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    client: Client,
    mut fields: JsonFields,
) -> Result<Json<Value>, Error> {
    app.rate_limit.refresh(client)?;
    let token = fields.required("refresh_token", body::text);
    let token: RefreshToken = fields
        .finish(token)?
        .parse()
        .map_err(|_| Error::new(Code::RefreshInvalid))?;
    let (refreshed, keys) = continued(&app, &token).await?;
    match refreshed {
        Refreshed::Granted(next, user) => {
            telemetry::count(Metric::Refreshes);
            session::answer(&app, &keys, &next, &user, false)
        }
        Refreshed::Invalid | Refreshed::UnknownKey => Err(Error::new(Code::RefreshInvalid)),
        Refreshed::Disabled => Err(Error::new(Code::AccountDisabled)),
        Refreshed::Reused => {
            telemetry::count(Metric::RefreshReuses);
            Err(Error::new(Code::RefreshReused).detail("the session has been ended: log in again"))
        }
    }
}

/// Asks once more with the keys of today if those of an hour ago do not have the session's.
async fn continued(app: &App, token: &RefreshToken) -> Result<(Refreshed, Arc<Keys>), Error> {
    let keys = app.secrets.keys().await?;
    let refreshed = app.store.refresh(token, &keys.refresh).await?;
    if !matches!(refreshed, Refreshed::UnknownKey) {
        return Ok((refreshed, keys));
    }
    let Some(keys) = app.secrets.keys_instead_of(&keys).await? else {
        return Ok((refreshed, keys));
    };
    Ok((app.store.refresh(token, &keys.refresh).await?, keys))
}
