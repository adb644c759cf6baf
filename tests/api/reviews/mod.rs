//! What waits for a person: how it gets onto the list, what is decided, and what becomes of it.

mod decide;
mod list;
mod report;

use serde_json::{Value, json};
use shared::ids::Epoch;
use shared::store::review::{Cause, Finding, Subject};
use support::api::Call;
use support::events::{Message, batch};
use support::storage::{s, user_key};
use support::{Session, Upload, World};

fn of_upload(upload: &Upload) -> Subject {
    Subject::Upload(upload.key.parse().unwrap())
}

fn of_nickname(owner: &Session, check: &str) -> Subject {
    Subject::Nickname {
        user: owner.id.parse().unwrap(),
        epoch: Epoch::FIRST,
        check: check.to_owned(),
    }
}

fn of_profile(owner: &Session) -> Subject {
    Subject::Account {
        user: owner.id.parse().unwrap(),
        epoch: Epoch::FIRST,
    }
}

/// Has a nickname wait for a person, as `moderation` leaves it, and returns the review's id.
async fn open_nickname(world: &World, owner: &Session, finding: &Finding) -> String {
    let check = [(":check", s("some-check"))];
    let item = user_key(&owner.id);
    world
        .update(item, "SET nickname_check = :check", &check)
        .await;
    let subject = of_nickname(owner, "some-check");
    open_for(world, &subject, Cause::ContentCheck, finding).await
}

async fn open(world: &World, subject: &Subject) -> String {
    open_for(world, subject, Cause::ContentCheck, &Finding::default()).await
}

/// Opens a review as `moderation` does, and returns its id.
async fn open_for(world: &World, subject: &Subject, cause: Cause, finding: &Finding) -> String {
    let opened = world.store.open_review(subject, cause, finding).await;
    opened.unwrap();
    subject.review().to_string()
}

/// Everything that waits.
async fn waiting(admin: &Session) -> Vec<Value> {
    let page = admin.get("/v1/reviews?limit=100").await.expect(200);
    page.items().to_vec()
}

fn ids(reviews: &[Value]) -> Vec<&str> {
    let ids = reviews.iter().map(|review| review["id"].as_str());
    ids.map(Option::unwrap).collect()
}

fn decide(admin: &Session, review: &str, decision: &str) -> Call {
    let path = format!("/v1/reviews/{review}");
    admin.post(&path, json!({"decision": decision}))
}

fn report_upload(reporter: &Session, owner: &Session, upload: &Upload, reason: &str) -> Call {
    let body = json!({"user": owner.id, "upload": upload.id, "reason": reason});
    reporter.post("/v1/reports", body)
}

fn report_user(reporter: &Session, user: &str, reason: &str) -> Call {
    let body = json!({"user": user, "reason": reason});
    reporter.post("/v1/reports", body)
}

/// What `moderation` is told of a decision.
fn announcement(review: &str) -> String {
    json!({"task": "review_decided", "review": review}).to_string()
}

/// Hands a message to `moderation`; whether it is done with it.
async fn moderate(world: &World, message: impl Into<Message>) -> bool {
    let answer = world
        .moderation
        .handle(batch([message]), world.soon())
        .await;
    answer.unwrap().batch_item_failures.is_empty()
}

/// Decides, and has the decision carried out.
async fn decide_now(world: &World, admin: &Session, review: &str, decision: &str) {
    decide(admin, review, decision).await.expect(204);
    assert!(moderate(world, announcement(review)).await);
}
