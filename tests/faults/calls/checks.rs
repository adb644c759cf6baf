//! A content check that is cut off between its record and what follows from that.

use serde_json::json;
use support::moderation::verdict;
use support::proxy::{Fault, Matching, Proxy};
use support::uploads::wanted_as;
use support::{Session, Upload, World, samples};

use super::{faulty_with, settled};

const ENFORCED: [(&str, &str); 1] = [("CONTENT_CHECK_MEDIA", "enforce")];

/// Delivers a message to `moderation` while none of these calls works, and then again.
async fn cut_off(world: &World, proxy: &Proxy, message: &str, call: &'static str, times: usize) {
    proxy.fail(Matching::Of(call), Fault::InternalError, times);
    assert_eq!(world.moderate([message]).await, ["m0"], "{call}");
    settled(proxy).await;
    world.moderate_all([message]).await;
}

async fn reviews(world: &World, owner: &Session) -> usize {
    let items = world.items().await.into_keys();
    let partition = format!("RV#{}", owner.id);
    items.filter(|(pk, _)| *pk == partition).count()
}

/// The only message in the queue of `moderation`.
async fn task(world: &World) -> String {
    let [task] = world.moderation_messages().await.try_into().unwrap();
    task
}

#[tokio::test]
async fn what_wechat_does_not_check_is_listed_by_the_repetition() {
    let (proxy, world) = faulty_with(&ENFORCED).await;
    let alice = world.log_in("alice").await;
    let bytes = samples::webp();
    let wanted = wanted_as("file", "image/webp", bytes.len());
    let upload = world.upload_as(&alice, &wanted, &bytes).await;
    cut_off(&world, &proxy, &task(&world).await, "TransactWriteItems", 3).await;
    assert_eq!(alice.status(&upload).await, "review");
    assert_eq!(reviews(&world, &alice).await, 1);
}

#[tokio::test]
async fn what_wechat_does_not_answer_about_is_listed_by_the_repetition() {
    let (proxy, world) = faulty_with(&ENFORCED).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    world.submit_uploads().await;
    let overdue = async |upload: &Upload| world.overdue(upload, &world.trace(upload), 0).await;
    world.moderate_all([overdue(&upload).await]).await;
    let second = overdue(&upload).await;
    cut_off(&world, &proxy, &second, "TransactWriteItems", 3).await;
    assert_eq!(alice.status(&upload).await, "review");
    assert_eq!(reviews(&world, &alice).await, 1);
}

/// The verdict came before the check was noted, so that its own message is done.
#[tokio::test]
async fn what_is_rejected_at_once_is_removed_by_the_repetition() {
    let (proxy, world) = faulty_with(&ENFORCED).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let early = verdict(&world.wechat.next_trace_id(), "risky");
    world.moderate_all([early.to_string()]).await;
    cut_off(&world, &proxy, &task(&world).await, "DeleteObject", 2).await;
    let shown = alice.read(&upload).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["reason"]),
        (&json!("rejected"), &json!("content"))
    );
    assert!(world.versions(&upload.key).await.is_empty());
}
