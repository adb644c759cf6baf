//! `PUT` and `PATCH /v1/users/me` and `/v1/users/{id}`. Both merge, because `wx.request` has no PATCH: an absent field
//! stays, `null` clears.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use shared::error::Error;
use shared::http::JsonFields;
use shared::http::body::{self, ValueError};
use shared::ids::UserId;
use shared::patch::Patch;
use shared::profile::Nickname;
use shared::store::editor::Editor;
use shared::store::user::Changes;
use shared::user::{NewNickname, Role, Status};

use crate::target::Target;
use crate::{App, conditions, response};

pub(crate) async fn update(
    State(app): State<Arc<App>>,
    target: Target,
    headers: HeaderMap,
    fields: JsonFields,
) -> Result<Response, Error> {
    let (user, editor) = target.to_change()?;
    let if_match = conditions::if_match(&headers, &target.caller, user)?;
    let (mut changes, nickname) = requested(fields, editor)?;
    changes.nickname = announced(&app, user, nickname).await?;
    let user = app
        .store
        .edit_user(user, &changes, editor, if_match.as_deref())
        .await?;
    Ok(response::user(&app, &target.caller, &user))
}

/// The nickname, as it has to be stored once its check is announced.
async fn announced(
    app: &App,
    user: &UserId,
    nickname: Patch<Nickname>,
) -> Result<Patch<NewNickname>, Error> {
    Ok(match nickname {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(nickname) => {
            Patch::Set(app.text_checks.announce_nickname(user, nickname).await?)
        }
    })
}

/// What is to change, but for the nickname, which comes beside it.
fn requested(
    mut fields: JsonFields,
    editor: Editor<'_>,
) -> Result<(Changes, Patch<Nickname>), Error> {
    let username = fields.patch("username", body::parsed);
    let email = fields.patch("email", body::parsed);
    let nickname = fields.patch("nickname", body::parsed);
    let avatar = fields.patch("avatar_upload_id", body::parsed);
    let role = admin_only::<Role>(&mut fields, "role", editor);
    let status = admin_only::<Status>(&mut fields, "status", editor);
    let changes = (|| {
        let changes = Changes {
            username: username?,
            email: email?,
            avatar: avatar?,
            role: role?,
            status: status?,
            ..Changes::default()
        };
        Some((changes, nickname?))
    })();
    fields.finish(changes)
}

/// A field that only an administrator may set, of somebody else, and that cannot be cleared. `None` after a fault.
fn admin_only<T>(fields: &mut JsonFields, name: &str, editor: Editor<'_>) -> Option<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    if fields.has(name) && matches!(editor, Editor::Owner(_)) {
        let _ = fields.patch(name, Ok);
        let message = "only an administrator may set it, and only for somebody else";
        return fields.reject(name, ValueError("not_allowed", message.into()));
    }
    match fields.patch(name, body::parsed)? {
        Patch::Keep => Some(None),
        Patch::Set(value) => Some(Some(value)),
        Patch::Clear => fields.reject(name, ValueError::invalid("cannot be cleared")),
    }
}
