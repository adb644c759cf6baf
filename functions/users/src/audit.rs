//! `GET /v1/audit`: what administrators have written, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::api::audit::AuditEntryResponse;
use shared::auth::Admin;
use shared::error::Error;
use shared::http::{PageRequest, WithQuery, cursor};
use shared::store::audit::is_audit_position;

use crate::{App, admin};

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), mut fields): WithQuery<Admin>,
) -> Result<Json<Value>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let scope = format!("audit {}", caller.user);
    let before = page.after_text(&scope, is_audit_position)?;
    let page = async { Ok(app.store.audit(page.limit, before.as_deref()).await?) };
    // At the same time: the page is one round trip.
    let (_, page) = tokio::try_join!(admin::confirm(&app, &caller), page)?;
    let next = page.next.map(|position| cursor::encode(&position, &scope));
    let items: Vec<_> = page.items.iter().map(AuditEntryResponse::from).collect();
    Ok(Json(json!({"items": items, "next_cursor": next})))
}
