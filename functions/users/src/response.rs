//! A user as an answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use shared::api::user::{UserResponse, View, etag};
use shared::auth::Caller;
use shared::user::User;

use crate::{App, conditions};

/// 200 with the user, as `caller` may see them, and their entity tag.
pub(crate) fn user(app: &App, caller: &Caller, user: &User) -> Response {
    let (view, now) = (View::of(caller, &user.id), app.clock.now());
    let tag = etag(user, view, Some(&app.links), now);
    let shown = UserResponse::new(user, view, Some(&app.links), now);
    ([(ETAG, tag)], Json(json!(shown))).into_response()
}

/// As [`user()`], or 304 without a body if the client has just that.
pub(crate) fn user_unless_known(
    app: &App,
    caller: &Caller,
    found: &User,
    headers: &HeaderMap,
) -> Response {
    let view = View::of(caller, &found.id);
    let tag = etag(found, view, Some(&app.links), app.clock.now());
    if !conditions::is_known(headers, &tag) {
        return user(app, caller, found);
    }
    (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response()
}
