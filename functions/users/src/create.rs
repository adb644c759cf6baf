//! `POST /v1/users`: registers a user ahead of their first login.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use shared::auth::Admin;
use shared::error::Error;
use shared::http::{JsonFields, body};
use shared::ids::{OpenId, UserId};
use shared::store::user::NewUser;
use shared::user::Role;

use crate::{App, response};

/// Creates the user that an openid will be on first login.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    mut fields: JsonFields,
) -> Result<Response, Error> {
    let openid: Option<OpenId> = fields.required("openid", body::parsed);
    let username = fields.optional("username", body::parsed);
    let email = fields.optional("email", body::parsed);
    let nickname = fields.optional("nickname", body::parsed);
    let role = fields.optional("role", body::parsed).unwrap_or(Role::User);
    let openid = fields.finish(openid)?;
    let app_id = app
        .app_id
        .as_deref()
        .ok_or_else(|| Error::internal("WECHAT_APP_ID is not set"))?;
    let id = UserId::derive(app_id, &openid);
    let nickname = match nickname {
        Some(nickname) => Some(app.text_checks.announce_nickname(&id, nickname).await?),
        None => None,
    };
    let new = NewUser {
        id,
        openid,
        username,
        email,
        nickname,
        role,
    };
    let user = app.store.create_user(&new, caller.actor()).await?;
    let mut response = response::user(&app, &caller, &user);
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/users/{}", user.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
