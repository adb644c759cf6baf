//! WeChat away, or tired of us.

use std::time::Duration;

use serde_json::{Value, json};
use wechat_standin::{Endpoint, Fault};

use super::{announced, enforcing, moderate, nickname, reviews, seen_by};

#[tokio::test]
async fn an_outage_delays_a_verdict_and_loses_none() {
    for fault in [
        Fault::Errcode(-1),
        Fault::Errcode(44991),
        Fault::Errcode(45009),
        Fault::Status(503),
        Fault::TooManyRequests(7),
        Fault::Garbage,
        Fault::DropBeforeResponse,
    ] {
        let world = enforcing().await;
        let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
        alice.edit(json!({"nickname": "New"})).await.expect(200);
        let message = announced(&world, &alice.id).await;
        world.wechat.script(Endpoint::TextCheck, fault.clone(), 3);
        let waiting = world.delayed(&world.moderation_queue).await;
        moderate(&world, &*message).await;
        assert_eq!(
            world.delayed(&world.moderation_queue).await,
            waiting + 1,
            "{fault:?}"
        );
        let read = alice.profile().await;
        assert_eq!(nickname(&read), (&json!("New"), &json!("checking")));
        assert_eq!(seen_by(&bob, &alice).await, Value::Null);

        world.wechat.reset();
        world.advance(Duration::from_secs(120));
        moderate(&world, &*message).await;
        assert_eq!(seen_by(&bob, &alice).await, "New", "{fault:?}");
    }
}

#[tokio::test]
async fn a_person_decides_what_wechat_does_not_check() {
    for fault in [
        Fault::Errcode(61010),
        Fault::Errcode(87014),
        Fault::Errcode(40003),
        Fault::Errcode(99999),
        Fault::missing("result"),
        Fault::missing("result.suggest"),
        Fault::set("result", Value::Null),
        Fault::set("result.suggest", ""),
        Fault::set("result.suggest", "unheard of"),
    ] {
        let world = enforcing().await;
        let [alice, bob, admin] = world.log_in_all(["alice", "bob", "admin"]).await;
        alice.edit(json!({"nickname": "New"})).await.expect(200);
        let message = announced(&world, &alice.id).await;
        world.wechat.script(Endpoint::TextCheck, fault.clone(), 1);
        moderate(&world, &*message).await;
        let read = alice.profile().await;
        let status = (&json!("New"), &json!("review"));
        assert_eq!(nickname(&read), status, "{fault:?}");
        assert_eq!(seen_by(&bob, &alice).await, Value::Null);
        assert_eq!(reviews(&admin).await.len(), 1, "{fault:?}");
    }
}
