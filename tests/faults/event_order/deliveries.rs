//! Late events and floods of them.

use std::time::Duration;

use serde_json::json;
use support::samples;

use super::{Deed, Delivery, Performance, SIZE, Stage, size_of};

/// A record says `pending` for as long as an event of its object can arrive, and is hidden long before.
#[tokio::test]
async fn an_event_of_weeks_ago_still_completes_its_record() {
    let stage = Stage::new().await;
    let owner = stage.world.log_in("late").await;
    let mut performance = Performance {
        delivery: &Delivery {
            choices: vec![0],
            again: vec![0],
            workers: 1,
            is_cold: true,
            crash: None,
            fault: None,
        },
        uploads: vec![stage.issue(&owner, "file").await],
        stage: &stage,
        owner,
        queue: Vec::new(),
        tasks: Vec::new(),
        steps: 0,
        announced: 0,
        batches: 0,
    };
    performance.act(0, Deed::Good).await;
    let path = format!("/v1/uploads/{}", performance.uploads[0].id);
    let statuses = async || {
        let owner = stage.world.log_in("late").await;
        let read = stage
            .world
            .presign
            .get(&path)
            .bearer(&owner.token)
            .send()
            .await;
        let list = stage
            .world
            .presign
            .get("/v1/uploads")
            .bearer(&owner.token)
            .send()
            .await;
        (
            read.status.as_u16(),
            list.expect(200).json["items"].as_array().unwrap().len(),
        )
    };
    stage.world.advance(Duration::from_secs(23 * 60 * 60));
    assert_eq!(statuses().await, (200, 1));
    stage.world.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(
        statuses().await,
        (404, 0),
        "hidden a day after its ticket ended"
    );
    // Past its TTL, too, as long as DynamoDB has not removed it.
    stage.world.advance(Duration::from_secs(33 * 24 * 60 * 60));
    performance.deliver().await.unwrap();
    assert_eq!(statuses().await, (200, 1));
}

#[tokio::test]
async fn a_flood_of_junk_costs_one_deletion_each_and_leaves_a_small_record() {
    let stage = Stage::new().await;
    let owner = stage.world.log_in("flood").await;
    let upload = stage.issue(&owner, "file").await;
    let s3 = stage.world.emulator.s3();
    let put = async |bytes: Vec<u8>| {
        let put = s3.put_object().bucket(&stage.world.bucket).key(&upload.key);
        let put = put.content_type("image/jpeg").body(bytes.into());
        put.send().await.unwrap().version_id.unwrap()
    };
    let message = |version: &str| {
        let record = json!({"eventVersion": "2.1", "eventName": "ObjectCreated:Post", "s3":
            {"bucket": {"name": stage.world.bucket}, "object": {"key": upload.key, "versionId": version}}});
        json!({"Records": [{"messageId": "m", "body": json!({"Records": [record]}).to_string()}]})
    };
    let good = put(samples::jpeg_of_size(SIZE)).await;
    assert!(stage.world.deliver(message(&good)).await.is_empty());
    let mut junk = Vec::new();
    for _ in 0..100 {
        junk.push(put(vec![b'x'; SIZE]).await);
    }
    stage.proxy.take();
    for version in &junk {
        assert!(stage.world.deliver(message(version)).await.is_empty());
    }
    let operations = stage.proxy.take_operations();
    assert_eq!(operations, vec!["DeleteObject"; 100]);
    assert_eq!(stage.versions(&upload.key).await, [good]);
    let record = stage.item(format!("UP#{}", owner.id), &upload.id).await;
    assert!(size_of(&record) < 1000, "{record:?}");
}
