//! What is made of events that come twice, late, or about nothing of ours.

use serde_json::json;
use support::{World, samples};

use super::{
    as_issued, batch, event, form, issue, message, object_key, post, read, request, store, versions,
};

#[tokio::test]
async fn the_first_object_decides_and_every_other_one_goes() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let wrong = vec![b'x'; bytes.len()];
    for (first, second, status) in [(&wrong, &bytes, "rejected"), (&bytes, &wrong, "ready")] {
        let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
        let key = object_key(&issued);
        let put = |bytes: &[u8]| world.emulator.s3().put_object().body(bytes.to_vec().into());
        let kept = store(&world, &key, put(first)).await;
        let surplus = store(&world, &key, put(second)).await;
        let removed = event(&world, "ObjectRemoved:Delete", &key, Some(&surplus), "03");
        assert!(world.deliver(batch([removed])).await.is_empty());
        let upload = read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json;
        assert_eq!(upload["status"], status);
        if status == "ready" {
            assert_eq!(versions(&world, &issued).await, [kept]);
        } else {
            assert!(versions(&world, &issued).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_object_without_a_record_is_removed_after_three_receives() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    let known = issued["upload"]["id"].as_str().unwrap();
    let stray = object_key(&issued)
        .replace(".jpg", ".png")
        .replace(known, "06c0000000002000000000000c");
    let body = aws_sdk_s3::primitives::ByteStream::from(samples::png());
    let put = world
        .emulator
        .s3()
        .put_object()
        .bucket(&world.bucket)
        .key(&stray)
        .content_type("image/png")
        .body(body);
    let version = put.send().await.unwrap().version_id.unwrap();
    let mut created = event(&world, "ObjectCreated:Put", &stray, Some(&version), "01");
    assert_eq!(world.deliver(batch([created.clone()])).await, ["m0"]);
    created["attributes"]["ApproximateReceiveCount"] = json!("3");
    assert!(world.deliver(batch([created])).await.is_empty());
    let left = world
        .emulator
        .s3()
        .list_object_versions()
        .bucket(&world.bucket)
        .prefix(&stray)
        .send()
        .await
        .unwrap();
    assert!(left.versions().is_empty());
}

#[tokio::test]
async fn hopeless_messages_are_acknowledged_and_do_not_hold_up_others() {
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let bytes = samples::jpeg();
    let issued = issue(&world, &alice, &request(&bytes, "image/jpeg", "file")).await;
    assert_eq!(
        post(
            &issued["ticket"],
            form(&issued["ticket"], &bytes, as_issued)
        )
        .await,
        201
    );
    let version = versions(&world, &issued).await.pop();
    let good = event(
        &world,
        "ObjectCreated:Post",
        &object_key(&issued),
        version.as_deref(),
        "01",
    );
    let foreign = event(
        &world,
        "ObjectCreated:Put",
        "holiday+pictures/%E5%9B%BE.jpg",
        None,
        "01",
    );
    let test = message(
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#,
        1,
    );
    let messages = [
        message("", 1),
        message("{", 1),
        test,
        foreign,
        good,
        message("[]", 9),
    ];
    assert!(world.deliver(batch(messages)).await.is_empty());
    assert_eq!(
        read(&world, &alice, &issued["upload"]["id"])
            .await
            .expect(200)
            .json["status"],
        "ready"
    );
}
