//! One fault while `s3-event` or `purge` works.

use serde_json::{Value, json};
use support::proxy::Matching;
use support::samples;

use super::{
    NOTHING, PASSING, PASSING_OR_LATE, delete_me, deliver, faulty, me, purge, settled, status,
    stored, uploads, versions,
};

#[tokio::test]
async fn an_object_becomes_a_record_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for operation in ["GetObject", "UpdateItem"] {
        for fault in PASSING_OR_LATE {
            let upload = stored(&world, &alice, "file", &samples::jpeg()).await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &upload.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &upload.id).await, "ready");
            assert_eq!(versions(&world, &upload.key).await, 1);
        }
    }
}

#[tokio::test]
async fn a_wrong_object_goes_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for operation in ["GetObject", "UpdateItem", "DeleteObject"] {
        for fault in PASSING {
            let upload = stored(&world, &alice, "file", &samples::html()).await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &upload.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &upload.id).await, "rejected");
            assert_eq!(versions(&world, &upload.key).await, 0);
        }
    }
}

#[tokio::test]
async fn an_avatar_replaces_its_predecessor_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let first = stored(&world, &alice, "avatar", &samples::jpeg()).await;
    assert_eq!(deliver(&world, &first.event).await, NOTHING);
    let mut last = first;
    for operation in ["GetObject", "GetItem", "TransactWriteItems", "DeleteObject"] {
        for fault in PASSING_OR_LATE {
            let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
            let before = me(&world, &alice).await.expect(200).json;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = deliver(&world, &avatar.event).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(status(&world, &alice, &avatar.id).await, "ready");
            let user = me(&world, &alice).await.expect(200).json;
            assert_eq!(
                user["version"],
                before["version"].as_u64().unwrap() + 1,
                "{operation} {fault:?}"
            );
            let url = user["avatar_url"].as_str().unwrap();
            assert!(url.contains(&avatar.id), "{operation} {fault:?}");
            let replaced = std::mem::replace(&mut last, avatar);
            let left = versions(&world, &replaced.key).await;
            assert_eq!(left, 0, "{operation} {fault:?}");
        }
    }
    assert_eq!(uploads(&world, &alice).await.len(), 1);
}

#[tokio::test]
async fn a_removed_avatar_leaves_the_profile_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    for fault in PASSING_OR_LATE {
        let avatar = stored(&world, &alice, "avatar", &samples::jpeg()).await;
        assert_eq!(deliver(&world, &avatar.event).await, NOTHING);
        let mut removed = avatar.event;
        removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        assert_eq!(deliver(&world, &removed).await, NOTHING);
        settled(&proxy).await;
        let path = format!("/v1/uploads/{}", avatar.id);
        let read = alice.get(&path).await;
        read.expect_problem(404, "not_found");
        let user = me(&world, &alice).await.expect(200).json;
        assert_eq!(user["avatar_url"], Value::Null, "{fault:?}");
    }
}

#[tokio::test]
async fn a_purge_finishes_whatever_happens_once() {
    let (proxy, world) = faulty().await;
    for operation in [
        "ListObjectVersions",
        "DeleteObjects",
        "Query",
        "BatchWriteItem",
        "UpdateItem",
    ] {
        for (i, fault) in PASSING.into_iter().enumerate() {
            let person = world.log_in(&format!("{operation}{i}")).await;
            let upload = stored(&world, &person, "file", &samples::jpeg()).await;
            assert_eq!(deliver(&world, &upload.event).await, NOTHING);
            delete_me(&world, &person).await.expect(204);
            let announced = world.purge_messages().await;
            proxy.fail(Matching::Of(operation), fault, 1);
            let failed = purge(&world, &announced).await;
            assert_eq!(failed, NOTHING, "{operation} {fault:?}");
            settled(&proxy).await;
            assert_eq!(versions(&world, &format!("u/{}/", person.id)).await, 0);
            let back = world.log_in(&format!("{operation}{i}")).await;
            assert!(uploads(&world, &back).await.is_empty());
        }
    }
}
