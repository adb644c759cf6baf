//! `GET /v1/users`: all users, newest first, or who has a username or an e-mail address.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::api::user::{UserResponse, View};
use shared::auth::{Admin, Caller};
use shared::error::{Code, Error};
use shared::http::body::{self, ValueError};
use shared::http::cursor;
use shared::http::{JsonFields, WithQuery};
use shared::profile::{Email, Username};
use shared::store::Account;
use shared::store::reservation::Reservation;
use shared::store::user::is_list_position;
use shared::user::User;

use crate::{App, admin};

const DEFAULT_LIMIT: usize = 20;

enum Filter {
    All {
        limit: usize,
        cursor: Option<String>,
    },
    Named(Reservation),
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), fields): WithQuery<Admin>,
) -> Result<Json<Value>, Error> {
    let filter = filter(fields)?;
    // At the same time: the list is one round trip.
    let (_, (users, next)) =
        tokio::try_join!(admin::confirm(&app, &caller), find(&app, &caller, filter))?;
    Ok(answer(&app, &caller, &users, next))
}

/// The users on the page, and the cursor of the next one.
async fn find(
    app: &App,
    caller: &Caller,
    filter: Filter,
) -> Result<(Vec<User>, Option<String>), Error> {
    match filter {
        Filter::All { limit, cursor } => {
            let scope = format!("users {}", caller.user);
            let before = cursor.map(|cursor| position(&cursor, &scope)).transpose()?;
            let page = app.store.list_users(limit, before.as_deref()).await?;
            let next = page.next.map(|position| cursor::encode(&position, &scope));
            let users = if app.text_checks.are_on() {
                with_pending_nicknames(app, page.items).await?
            } else {
                page.items
            };
            Ok((users, next))
        }
        Filter::Named(name) => Ok((app.store.users_named(&name).await?, None)),
    }
}

/// The users as their items have them: the index does not hold nicknames that others do not see.
async fn with_pending_nicknames(app: &App, users: Vec<User>) -> Result<Vec<User>, Error> {
    let ids: Vec<_> = users.iter().map(|user| user.id.clone()).collect();
    let mut accounts = app.store.accounts(&ids).await?;
    let read = |listed: User| {
        let read = accounts.remove(&listed.id).and_then(Account::into_user);
        read.filter(|read| read.epoch == listed.epoch)
            .unwrap_or(listed)
    };
    Ok(users.into_iter().map(read).collect())
}

/// The position that the cursor stands for. Anybody can compute a cursor's digest, so what it seals is looked at, too.
fn position(cursor: &str, scope: &str) -> Result<String, Error> {
    let position = cursor::decode(cursor, scope)?;
    if is_list_position(&position) {
        Ok(position)
    } else {
        Err(Error::new(Code::InvalidCursor))
    }
}

fn filter(mut fields: JsonFields) -> Result<Filter, Error> {
    let cursor = fields.optional("cursor", body::text);
    let named = [
        fields.has("username"),
        fields.has("email"),
        fields.has("limit") || cursor.is_some(),
    ];
    if named.iter().filter(|given| **given).count() > 1 {
        let _: Option<()> = fields.reject(
            "username",
            ValueError::invalid("username, email and paging cannot be combined"),
        );
    }
    let username: Option<Username> = fields.optional("username", |value| {
        Username::sought(&body::text(value)?)
            .map_err(|reason| ValueError::invalid(reason.to_string()))
    });
    let email: Option<Email> = fields.optional("email", body::parsed);
    let limit = fields
        .optional("limit", body::page_limit)
        .unwrap_or(DEFAULT_LIMIT);
    let name = username
        .as_ref()
        .map(Reservation::from)
        .or(email.as_ref().map(Reservation::from));
    fields.finish(Some(
        name.map_or(Filter::All { limit, cursor }, Filter::Named),
    ))
}

fn answer(app: &App, caller: &Caller, users: &[User], next: Option<String>) -> Json<Value> {
    let now = app.clock.now();
    let shown = users.iter().map(|user| {
        let view = View::of(caller, &user.id);
        UserResponse::new(user, view, Some(&app.links), now)
    });
    Json(json!({"items": shown.collect::<Vec<_>>(), "next_cursor": next}))
}
