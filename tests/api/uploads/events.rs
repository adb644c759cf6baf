//! What is made of events that come twice, late, or about nothing of ours.

use support::events::{Message, batch};
use support::{World, samples, wanted};

#[tokio::test]
async fn the_first_object_decides_and_every_other_one_goes() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let wrong = vec![b'x'; bytes.len()];
    for (first, second, status) in [(&wrong, &bytes, "rejected"), (&bytes, &wrong, "ready")] {
        let upload = alice.issue(&wanted("file", &bytes)).await;
        let kept = world.store_and_deliver(&upload.key, first).await;
        let surplus = world.store_and_deliver(&upload.key, second).await;
        let removed = world.notification("ObjectRemoved:Delete", &upload.key, Some(&surplus));
        world.deliver_all([removed.sequencer("03")]).await;
        assert_eq!(alice.status(&upload).await, status);
        let left = if status == "ready" {
            vec![kept]
        } else {
            vec![]
        };
        assert_eq!(world.versions(&upload.key).await, left);
    }
}

#[tokio::test]
async fn an_object_without_a_record_is_removed_after_three_receives() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let upload = alice.issue(&wanted("file", &samples::jpeg())).await;
    let stray = upload.key.replace(".jpg", ".png");
    let stray = stray.replace(&upload.id, "06c0000000002000000000000c");
    let version = world.store(&stray, &samples::png()).await;
    let created = world.notification("ObjectCreated:Put", &stray, Some(&version));
    assert_eq!(world.deliver(batch([created.clone()])).await, ["m0"]);
    world.deliver_all([created.received(3)]).await;
    assert!(world.versions(&stray).await.is_empty());
}

#[tokio::test]
async fn hopeless_messages_are_acknowledged_and_do_not_hold_up_others() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let upload = world.stored(&alice, "file", &samples::jpeg()).await;
    let foreign = "holiday+pictures/%E5%9B%BE.jpg";
    let foreign = world.notification("ObjectCreated:Put", foreign, None);
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#;
    world
        .deliver_all([
            Message::new(""),
            Message::new("{"),
            Message::new(test),
            foreign.into(),
            world.created(&upload).await.into(),
            Message::new("[]").received(9),
        ])
        .await;
    assert_eq!(alice.status(&upload).await, "ready");
}
