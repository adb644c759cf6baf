//! What WeChat's answer says of a text.

use serde_json::{Value, json};
use wechat_standin::{Endpoint, Fault};

use super::{announced, enforcing, moderate};

fn model(errcode: impl Into<Value>, suggest: &str) -> Value {
    json!({"strategy": "content_model", "errcode": errcode.into(), "suggest": suggest, "label": 20006})
}

#[tokio::test]
async fn a_model_counts_if_it_has_worked() {
    let failed = 600_001;
    for (models, status) in [
        (json!([]), Value::Null),
        (Value::Null, Value::Null),
        (json!([model(0, "pass")]), Value::Null),
        (
            json!([model("0", "risky"), model(0, "pass")]),
            json!("rejected"),
        ),
        (
            json!([model(0, "review"), model(0, "pass")]),
            json!("review"),
        ),
        (
            json!([model(failed, "risky"), model(0, "pass")]),
            Value::Null,
        ),
        (json!([model(failed, "pass")]), json!("review")),
    ] {
        let world = enforcing().await;
        let alice = world.log_in("alice").await;
        alice.edit(json!({"nickname": "New"})).await.expect(200);
        let message = announced(&world, &alice.id).await;
        let fault = Fault::set("detail", models.clone());
        world.wechat.script(Endpoint::TextCheck, fault, 1);
        moderate(&world, &*message).await;
        let read = alice.profile().await;
        assert_eq!(read["nickname_status"], status, "{models}");
    }
}
