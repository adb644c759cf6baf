//! The answer that starts or continues a session.

use axum::Json;
use serde_json::{Value, json};
use shared::api::user::{UserResponse, View};
use shared::auth::jwt::{self, Grant};
use shared::error::Error;
use shared::refresh::{self, RefreshToken};
use shared::user::User;

use crate::App;
use crate::secrets::Keys;

/// A session's answer: an access token, the refresh token, and the user whose they are.
pub(crate) fn answer(
    app: &App,
    keys: &Keys,
    token: &RefreshToken,
    user: &User,
    is_new: bool,
) -> Result<Json<Value>, Error> {
    let grant = Grant {
        user: &user.id,
        epoch: user.epoch,
        role: user.role,
        session: &token.session,
    };
    let access_token = keys
        .signer
        .sign(&grant, &app.clock, &app.random)
        .map_err(Error::internal)?;
    Ok(Json(json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": jwt::LIFETIME.as_secs(),
        "refresh_token": token.expose_secret(),
        "refresh_expires_in": refresh::LIFETIME.as_secs(),
        "user": UserResponse::new(user, View::Owner, app.links.as_ref(), app.clock.now()),
        "is_new": is_new,
    })))
}
