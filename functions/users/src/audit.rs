//! `GET /v1/audit`: what administrators have written, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::api::audit::AuditEntryResponse;
use shared::auth::Admin;
use shared::error::{Code, Error};
use shared::http::cursor;
use shared::http::{WithQuery, body};
use shared::store::audit::is_audit_position;

use crate::{App, admin};

const DEFAULT_LIMIT: usize = 20;

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), mut fields): WithQuery<Admin>,
) -> Result<Json<Value>, Error> {
    let limit = fields
        .optional("limit", body::page_limit)
        .unwrap_or(DEFAULT_LIMIT);
    let cursor = fields.optional("cursor", body::text);
    let (limit, cursor) = fields.finish(Some((limit, cursor)))?;
    let scope = format!("audit {}", caller.user);
    let before = cursor.map(|cursor| position(&cursor, &scope)).transpose()?;
    let page = async { Ok(app.store.audit(limit, before.as_deref()).await?) };
    // At the same time: the page is one round trip.
    let (_, page) = tokio::try_join!(admin::confirm(&app, &caller), page)?;
    let next = page.next.map(|position| cursor::encode(&position, &scope));
    let items: Vec<_> = page.items.iter().map(AuditEntryResponse::from).collect();
    Ok(Json(json!({"items": items, "next_cursor": next})))
}

/// The position that the cursor stands for. Anybody can compute a cursor's digest, so what it seals is looked at, too.
fn position(cursor: &str, scope: &str) -> Result<String, Error> {
    let position = cursor::decode(cursor, scope)?;
    if is_audit_position(&position) {
        Ok(position)
    } else {
        Err(Error::new(Code::InvalidCursor))
    }
}
