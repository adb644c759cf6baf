//! The list of uploads, and to whom an upload exists.

use std::time::Duration;

use support::uploads::ids;
use support::{World, samples, wanted};

#[tokio::test]
async fn other_peoples_uploads_do_not_exist() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let upload = alice.issue(&wanted("file", &samples::jpeg())).await;
    bob.read(&upload).await.expect_problem(404, "not_found");
    let refused = bob.delete_upload(&upload).await;
    refused.expect_problem(404, "not_found");
    for junk in ["x", "%00", "..%2f", "06c0000000002000000000000c"] {
        let refused = alice.get(&format!("/v1/uploads/{junk}")).await;
        refused.expect_problem(404, "not_found");
    }
    alice.read(&upload).await.expect(200);
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let world = World::new().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    let mut issued = Vec::new();
    for _ in 0..5 {
        issued.push(alice.issue(&wanted("file", &samples::jpeg())).await.id);
        world.advance(Duration::from_millis(5));
    }
    issued.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/uploads?limit=2".to_owned();
    loop {
        let page = alice.get(&path).await.expect(200);
        seen.extend(ids(page.items()).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/uploads?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, issued);
    for path in [path.as_str(), "/v1/uploads?cursor=x"] {
        bob.get(path).await.expect_problem(400, "invalid_cursor");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("page=2", "page"),
    ] {
        let refused = alice.get(&format!("/v1/uploads?{query}")).await;
        refused.expect_invalid([field]);
    }
}
