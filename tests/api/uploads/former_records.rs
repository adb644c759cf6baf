//! What the previous release stored, and what it would do beside this one.

use serde_json::Value;
use support::storage::{s, text, upload_key};
use support::{World, samples, wanted};

#[tokio::test]
async fn pending_records_of_the_previous_release_know_no_end_of_their_ticket() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let pending = alice.issue(&wanted("file", &bytes)).await;
    let key = upload_key(&alice.id, &pending.id);
    world.update(key, "REMOVE ticket_until", &[]).await;
    world.store_and_deliver(&pending.key, &bytes).await;
    assert_eq!(alice.status(&pending).await, "ready");
}

#[tokio::test]
async fn settled_records_of_the_previous_release_keep_working() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    // A ready one carried a sequencer and what came before it; a rejected one kept a version.
    let ready = world.upload(&alice, "file", &bytes).await;
    let old = [(":seq", s("00AF")), (":old", s("earlier"))];
    let update = "SET seq = :seq, previous_version = :old REMOVE ticket_until";
    let key = upload_key(&alice.id, &ready.id);
    world.update(key, update, &old).await;
    assert_eq!(alice.status(&ready).await, "ready");
    alice.delete_upload(&ready).await.expect(204);
    assert!(world.versions(&ready.key).await.is_empty());

    let (body, wrong) = (wanted("file", &bytes), vec![b'x'; bytes.len()]);
    let rejected = world.upload_as(&alice, &body, &wrong).await;
    let key = upload_key(&alice.id, &rejected.id);
    world.update(key, "SET version_id = :old", &old[1..]).await;
    let shown = alice.read(&rejected).await.expect(200);
    assert_eq!(shown["status"], "rejected");
    assert_eq!(shown["download_url"], Value::Null);
}

#[tokio::test]
async fn the_previous_release_finds_the_upload_of_an_answered_request() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let body = wanted("file", &samples::jpeg());
    let issued = alice.issue_once("k", &body).await.upload();
    let items = world.items().await;
    let mut memories = items.iter().filter(|((pk, _), _)| pk.starts_with("RL#IK#"));
    let (_, memory) = memories.next().expect("the request is remembered");
    assert_eq!(text(memory, "upload"), Some(issued.id.as_str()));
}

#[tokio::test]
async fn an_event_that_the_previous_release_handles_changes_no_settled_record() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let settled = world.upload(&alice, "file", &samples::jpeg()).await;
    // The condition under which the previous release applies an event, whatever its sequencer.
    let (pk, sk) = upload_key(&alice.id, &settled.id);
    let update = world.emulator.dynamodb().update_item();
    let applied = update
        .table_name(&world.table)
        .key("pk", s(&pk))
        .key("sk", s(&sk))
        .update_expression("SET version_id = :version")
        .condition_expression("attribute_not_exists(seq) OR seq < :seq")
        .expression_attribute_values(":version", s("later"))
        .expression_attribute_values(":seq", s(&"F".repeat(64)))
        .send()
        .await;
    let refused = applied.expect_err("the previous release changes the record");
    assert!(
        refused
            .as_service_error()
            .is_some_and(|error| error.is_conditional_check_failed_exception()),
        "{refused:?}"
    );
}
