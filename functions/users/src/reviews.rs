//! `GET /v1/reviews` and `POST /v1/reviews/{id}`: what waits for a person, and what that person decides.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use shared::api::review::ReviewResponse;
use shared::auth::Admin;
use shared::error::Error;
use shared::http::{JsonFields, PageRequest, PathId, WithQuery, body, cursor};
use shared::moderation::Task;
use shared::store::review::{ReviewId, is_review_position};

use crate::App;

/// When a decision is carried out that was announced before it was stored.
const DECISION_DELAY: Duration = Duration::from_secs(5);

/// Lists what waits, oldest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    WithQuery(Admin(caller), mut fields): WithQuery<Admin>,
) -> Result<Json<Value>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let scope = format!("reviews {}", caller.user);
    let after = page.after_text(&scope, is_review_position)?;
    let store = &app.store;
    let page = store
        .list_reviews(caller.actor(), page.limit, after.as_deref())
        .await?;
    let now = app.clock.now();
    let shown = page.items.iter();
    let shown = shown.map(|review| ReviewResponse::new(review, &app.links, now));
    let items: Vec<_> = shown.collect();
    let next = page.next.map(|position| cursor::encode(&position, &scope));
    Ok(Json(json!({"items": items, "next_cursor": next})))
}

/// Takes a decision. `moderation` carries it out, and is told first: a decision that nobody heard of would stay without
/// effect. It does nothing about a review on which nobody has decided.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    PathId(review): PathId<ReviewId>,
    mut fields: JsonFields,
) -> Result<StatusCode, Error> {
    let decision = fields.required("decision", body::parsed);
    let decision = fields.finish(decision)?;
    let task = Task::ReviewDecided {
        review: review.to_string(),
    };
    let queue = &app.moderation_queue;
    queue.send(task.to_message(), Some(DECISION_DELAY)).await?;
    app.store
        .decide_review(caller.actor(), &review, decision)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
