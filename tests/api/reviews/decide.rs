//! Decisions: who takes them, what is known of them, and what is done about them.

use serde_json::{Value, json};
use support::{World, samples};

use super::{decide, ids, of_profile, of_upload, open, waiting};

#[tokio::test]
async fn a_decision_leaves_the_list_and_is_in_the_audit() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let review = open(&world, &of_upload(&upload)).await;
    let other = open(&world, &of_profile(&alice)).await;
    decide(&admin, &review, "reject").await.expect(204);
    assert_eq!(ids(&waiting(&admin).await), [other.as_str()]);
    // What was decided cannot be decided otherwise, and to decide the same changes nothing.
    decide(&admin, &review, "reject").await.expect(204);
    let otherwise = decide(&admin, &review, "approve").await;
    otherwise.expect_problem(404, "not_found");
    let page = admin.get("/v1/audit").await.expect(200);
    let [entry] = page.items() else {
        panic!("{:#?}", page.items());
    };
    assert_eq!(entry["action"], "decide_review");
    assert_eq!(entry["decision"], "reject");
    assert_eq!(entry["actor"], admin.id);
    assert_eq!(entry["target"], alice.id);
    assert_eq!(entry["upload"], upload.id);
    assert_eq!(entry["fields"], json!([]));
    assert_eq!(entry["before"], Value::Null);
}

#[tokio::test]
async fn what_does_not_wait_cannot_be_decided() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let review = of_profile(&alice).review().to_string();
    let before = world.items().await;
    for id in [&review, "x", "-", &alice.id, &format!("{review}0")] {
        let answer = decide(&admin, id, "approve").await;
        answer.expect_problem(404, "not_found");
    }
    for body in [
        json!({}),
        json!({"decision": "maybe"}),
        json!({"decision": true}),
        json!({"decision": null}),
    ] {
        let answer = admin.post(&format!("/v1/reviews/{review}"), &body).await;
        answer.expect_invalid(["decision"]);
    }
    assert_eq!(world.items().await, before);
}
