//! The purge of a large account.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::store::user::DeletedAccount;
use support::World;

use super::{MANY, bucket, put_many, say, table, text, write_records};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "stores ten thousand objects; run by make load"]
async fn ten_thousand_objects_of_one_account_are_purged_over_several_invocations() {
    let count = std::env::var("LOAD_OBJECTS")
        .ok()
        .and_then(|text| text.parse().ok());
    let count = count.unwrap_or(MANY);
    let world = World::new().await;
    let alice = world.log_in("alice").await;
    let keys = write_records(&world, &alice, count).await;
    put_many(&world, keys).await;
    let call = world.users.delete("/v1/users/me").bearer(&alice.token);
    call.send().await.expect(204);
    let (started, mut invocations) = (Instant::now(), 0);
    loop {
        let bodies = world.purge_messages().await;
        let Some(body) = bodies.first() else { break };
        assert_eq!(bodies.len(), 1, "one purge is one chain of messages");
        assert!(serde_json::from_str::<DeletedAccount>(body).is_ok());
        invocations += 1;
        // Two seconds of work each, where production has a minute or more.
        let deadline = world.clock.now().after(Duration::from_secs(8 + 2));
        let event = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = world.purge.handle(event, deadline).await.unwrap();
        assert!(answer.batch_item_failures.is_empty());
        assert!(
            started.elapsed() < Duration::from_secs(300),
            "it takes too long"
        );
    }
    let took = started.elapsed();
    say(&format!(
        "{count} records and objects purged in {:.1} s over {invocations} invocations",
        took.as_secs_f64()
    ));
    assert!(invocations > 1);
    assert!(bucket(&world, &format!("u/{}/", alice.id)).await.is_empty());
    let left = table(&world).await;
    let own = left
        .iter()
        .filter(|item| text(item, "pk").unwrap().starts_with("UP#"));
    assert!(own.into_iter().all(|item| text(item, "sk") == Some("~")));
}
