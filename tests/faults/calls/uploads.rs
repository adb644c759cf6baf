//! One fault while a ticket is issued or an upload deleted.

use serde_json::Value;
use support::proxy::Matching;
use support::samples;

use super::{
    NOTHING, PASSING_OR_LATE, deliver, faulty, faulty_with, in_time, me, settled, stored, ticket,
    ticket_request, uploads, versions,
};

#[tokio::test]
async fn a_ticket_is_issued_and_counted_once() {
    let (proxy, world) = faulty_with(&[("UPLOAD_PENDING_LIMIT", "2")]).await;
    let body = ticket_request("file", &samples::jpeg());
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        let owner = world.log_in(&format!("person{i}")).await;
        proxy.fail(Matching::Of("TransactWriteItems"), fault, 1);
        let issued = ticket(&world, &owner, &body, "one").await.expect(201).json;
        settled(&proxy).await;
        let listed = uploads(&world, &owner).await;
        assert_eq!(listed.len(), 1, "{fault:?}");
        assert_eq!(listed[0]["id"], issued["upload"]["id"], "{fault:?}");
        ticket(&world, &owner, &body, "two").await.expect(201);
        let refused = ticket(&world, &owner, &body, "three").await;
        refused.expect_problem(429, "upload_quota");
    }
}

#[tokio::test]
async fn an_upload_is_deleted_whole() {
    let (proxy, world) = faulty().await;
    let presign = &world.presign;
    let alice = world.log_in("alice").await;
    for (purpose, operation) in [
        ("file", "BatchGetItem"),
        ("file", "DeleteObject"),
        ("file", "UpdateItem"),
        ("avatar", "DeleteObject"),
        ("avatar", "TransactWriteItems"),
    ] {
        for fault in PASSING_OR_LATE {
            let upload = stored(&world, &alice, purpose, &samples::jpeg()).await;
            assert_eq!(deliver(&world, &upload.event).await, NOTHING);
            proxy.fail(Matching::Of(operation), fault, 1);
            let path = format!("/v1/uploads/{}", upload.id);
            let call = presign.delete(&path).bearer(&alice.token);
            in_time(call.send()).await.expect(204);
            settled(&proxy).await;
            let read = alice.get(&path).await;
            read.expect_problem(404, "not_found");
            assert_eq!(versions(&world, &upload.key).await, 0, "{fault:?}");
            let user = me(&world, &alice).await.expect(200).json;
            assert_eq!(user["avatar_url"], Value::Null, "{fault:?}");
        }
    }
}
