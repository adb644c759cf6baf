//! The list of users, its cursors, and the search by name.

use serde_json::{Value, json};
use shared::http::cursor;
use support::api::refused;
use support::{World, samples, wanted};

use super::{ids, names_of};

#[tokio::test]
async fn the_list_shows_each_once_while_people_come_and_go() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let mut newest_first = vec![admin.id.clone()];
    for i in 0..24 {
        let user = world.log_in(&format!("p{i:02}")).await;
        newest_first.insert(0, user.id);
    }
    let mut seen = Vec::new();
    let mut query = "?limit=5".to_owned();
    for page_number in 0.. {
        let page = admin.list_users(&query).await.expect(200);
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=5&cursor={cursor}");
        if page_number < 2 {
            // One who was shown (the very last, which the cursor stands on), one who was not yet, and a new one.
            let unseen = &newest_first[seen.len() + 2];
            for id in [&seen[seen.len() - 1], unseen] {
                admin.delete_user(id).await.expect(204);
            }
            world.log_in(&format!("late{page_number}")).await;
        }
    }
    for unseen in [12, 7] {
        newest_first.remove(unseen);
    }
    assert_eq!(seen, newest_first);
}

#[tokio::test]
async fn a_page_holds_twenty_users_or_as_many_as_asked_for() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    for i in 0..24 {
        world.log_in(&format!("p{i:02}")).await;
    }
    let all = admin.list_users("?limit=100").await.expect(200);
    assert_eq!(ids(&all).len(), 25);
    assert_eq!(all["next_cursor"], Value::Null);
    assert_eq!(names_of(&all["items"][0]).len(), 11);
    let some = ids(&admin.list_users("").await.expect(200));
    assert_eq!(some, ids(&all)[..20], "twenty by default");
    let exact = admin.list_users("?limit=25").await.expect(200);
    assert_eq!(ids(&exact), ids(&all));
    assert_eq!(exact["next_cursor"], Value::Null, "no page after the last");
    let too_long = "99999999999999999999";
    for limit in ["0", "101", "-1", "1.5", "x", "", too_long, "%20"] {
        let refused = admin.list_users(&format!("?limit={limit}")).await;
        refused.expect_invalid(["limit"]);
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_its_list_alone() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = json!({"openid": "second", "role": "admin"});
    admin.create_user(second).await.expect(201);
    let second = world.log_in("second").await;
    let page = admin.list_users("?limit=1").await.expect(200);
    let cursor = page.text("next_cursor");
    let query = format!("?cursor={cursor}");
    admin.list_users(&query).await.expect(200);
    let mut calls = vec![
        second.list_users(&query),
        admin.get(&format!("/v1/uploads{query}")),
    ];
    let junk = |cursor: &str| admin.list_users(&format!("?cursor={cursor}"));
    for at in 0..cursor.len() {
        let mut changed = cursor.clone();
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        calls.push(junk(&changed));
    }
    for _ in 0..2 {
        admin.issue(&wanted("file", &samples::png())).await;
    }
    let uploads = admin.get("/v1/uploads?limit=1").await.expect(200);
    calls.push(junk(&uploads.text("next_cursor")));
    calls.push(junk(&"A".repeat(2000)));
    calls.push(junk(&cursor[..cursor.len() - 4]));
    calls.extend(["x", "%00", "%ff", "~~~", "e30"].map(junk));
    // Anybody can compute the digest: what it seals has to be a position nevertheless.
    let scope = format!("users {}", admin.id);
    let (long, of_a_user) = ("9".repeat(300), format!("000000000000000#{}x", alice.id));
    let positions = ["", " ", "x", "#", "\u{0}", &long, &of_a_user];
    calls.extend(positions.map(|position| junk(&cursor::encode(position, &scope))));
    refused(calls, 400, "invalid_cursor").await;
}

#[tokio::test]
async fn a_user_is_found_by_username_or_email() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let named = json!({"username": "Ａlice", "email": "Alice+x@x.cn"});
    alice.edit(named).await.expect(200);
    let found = [admin.user(&alice.id).await.json];
    for (query, found) in [
        ("?username=alice", &found[..]),
        ("?username=ALICE", &found),
        ("?username=%EF%BC%A1lice", &found),
        ("?email=alice%2Bx%40x.cn", &found),
        ("?email=ALICE%2BX@X.CN", &found),
        ("?username=alic", &[]),
        ("?username=alicee", &[]),
        ("?email=x@x.cn", &[]),
        ("?username=nobody", &[]),
    ] {
        let page = admin.list_users(query).await.expect(200);
        let expected = json!({"items": found, "next_cursor": null});
        assert_eq!(page.json, expected, "{query}");
    }
    alice.delete_account().await.expect(204);
    let page = admin.list_users("?username=alice").await.expect(200);
    assert!(page.items().is_empty());
}

#[tokio::test]
async fn a_search_names_one_thing_and_nothing_else() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let queries = [
        "?username=alice&email=a@x.cn",
        "?username=alice&limit=5",
        "?email=a@x.cn&cursor=x",
        "?username=alice&cursor=x&limit=1",
        "?username=alice&username=bob",
        "?username=",
        "?username=a%00b",
        "?email=",
        "?email=%ff@x.cn%0a",
    ];
    let calls = queries.map(|query| admin.list_users(query));
    refused(calls, 400, "invalid_request").await;
    for parameter in ["nickname", "openid", "page", "Username"] {
        let refused = admin.list_users(&format!("?{parameter}=x")).await;
        refused.expect_invalid([parameter]);
    }
    let refused = alice.list_users("?username=alice").await;
    refused.expect_problem(403, "forbidden");
}
