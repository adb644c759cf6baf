//! The list of users, its cursors, and the search by name.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::store::cursor;
use support::{Session, World};

use super::{create, delete, edit, ids, list, names_of, read, text, ticket};

#[tokio::test]
async fn the_list_shows_each_once_while_people_come_and_go() {
    let world = World::new().await;
    let admin = world.log_in("admin").await;
    let mut people = Vec::new();
    for i in 0..24 {
        people.push(world.log_in(&format!("p{i:02}")).await);
    }
    let newest_first: Vec<_> = people
        .iter()
        .rev()
        .chain([&admin])
        .map(|session| session.id.clone())
        .collect();
    let all = list(&world, &admin, "?limit=100").await.expect(200);
    assert_eq!(
        (ids(&all), &all.json["next_cursor"]),
        (newest_first.clone(), &Value::Null)
    );
    assert_eq!(
        ids(&list(&world, &admin, "").await),
        newest_first[..20],
        "twenty by default"
    );
    let exact = list(&world, &admin, "?limit=25").await.expect(200);
    assert_eq!(
        (ids(&exact).len(), &exact.json["next_cursor"]),
        (25, &Value::Null),
        "no page after the last"
    );
    assert_eq!(names_of(&all.json["items"][0]).len(), 11);

    let mut seen = Vec::new();
    let mut query = "?limit=5".to_owned();
    for page_number in 0.. {
        let page = list(&world, &admin, &query).await.expect(200);
        seen.extend(ids(&page));
        let Some(cursor) = page.json["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=5&cursor={cursor}");
        if page_number < 2 {
            // One who was shown (the very last, which the cursor stands on), one who was not yet, and a new one.
            let last = seen.last().unwrap().clone();
            let unseen = newest_first[seen.len() + 2].clone();
            for id in [last, unseen] {
                delete(&world, &admin, &id).await.expect(204);
            }
            world.log_in(&format!("late{page_number}")).await;
        }
    }
    let unique: HashSet<_> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "nobody twice");
    let gone = [7, 12];
    let expected: Vec<_> = (0..25)
        .filter(|i| !gone.contains(i))
        .map(|i| newest_first[i].clone())
        .collect();
    assert_eq!(seen, expected);
    for limit in [
        "0",
        "101",
        "-1",
        "1.5",
        "x",
        "",
        "99999999999999999999",
        "%20",
    ] {
        let refused = list(&world, &admin, &format!("?limit={limit}")).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            ["limit"],
            "{limit}"
        );
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_caller_and_its_list_alone() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    create(&world, &admin, json!({"openid": "second", "role": "admin"}))
        .await
        .expect(201);
    let second = world.log_in("second").await;
    let page = list(&world, &admin, "?limit=1").await.expect(200);
    let cursor = text(&page.json, "next_cursor");
    list(&world, &admin, &format!("?cursor={cursor}"))
        .await
        .expect(200);
    let refuse = async |admin: &Session, cursor: &str| {
        let refused = list(&world, admin, &format!("?cursor={cursor}")).await;
        refused.expect_error(400, "invalid_cursor");
    };
    refuse(&second, cursor).await;
    for at in 0..cursor.len() {
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        let mut changed = cursor.to_owned();
        changed.replace_range(at..=at, other);
        refuse(&admin, &changed).await;
    }
    for _ in 0..2 {
        ticket(&world, &admin, "file", 10).await;
    }
    let uploads = world
        .presign
        .get("/v1/uploads?limit=1")
        .bearer(&admin.token)
        .send()
        .await
        .expect(200);
    let (of_uploads, longer) = (text(&uploads.json, "next_cursor"), "A".repeat(2000));
    for junk in [
        "x",
        "%00",
        "%ff",
        "~~~",
        "e30",
        &cursor[..cursor.len() - 4],
        of_uploads,
        &longer,
    ] {
        refuse(&admin, junk).await;
    }
    // Anybody can compute the digest: what it seals has to be a position nevertheless.
    let scope = format!("users {}", admin.id);
    for position in [
        "",
        " ",
        "x",
        "#",
        "\u{0}",
        &"9".repeat(300),
        &format!("000000000000000#{}x", alice.id),
    ] {
        refuse(&admin, &cursor::encode(position, &scope)).await;
    }
    let crossed = world
        .presign
        .get(&format!("/v1/uploads?cursor={cursor}"))
        .bearer(&admin.token)
        .send()
        .await;
    crossed.expect_error(400, "invalid_cursor");
}

#[tokio::test]
async fn a_user_is_found_by_username_or_email() {
    let world = World::new().await;
    let (admin, alice) = (world.log_in("admin").await, world.log_in("alice").await);
    edit(
        &world,
        &alice,
        json!({"username": "Ａlice", "email": "Alice+x@x.cn"}),
    )
    .await
    .expect(200);
    let found = json!({"items": [read(&world, &admin, &alice.id).await.json], "next_cursor": null});
    for query in [
        "?username=alice",
        "?username=ALICE",
        "?username=%EF%BC%A1lice",
        "?email=alice%2Bx%40x.cn",
        "?email=ALICE%2BX@X.CN",
    ] {
        assert_eq!(
            list(&world, &admin, query).await.expect(200).json,
            found,
            "{query}"
        );
    }
    let nobody = json!({"items": [], "next_cursor": null});
    for query in [
        "?username=alic",
        "?username=alicee",
        "?email=x@x.cn",
        "?username=nobody",
    ] {
        assert_eq!(
            list(&world, &admin, query).await.expect(200).json,
            nobody,
            "{query}"
        );
    }
    for query in [
        "?username=alice&email=a@x.cn",
        "?username=alice&limit=5",
        "?email=a@x.cn&cursor=x",
        "?username=alice&cursor=x&limit=1",
        "?username=alice&username=bob",
        "?username=",
        "?username=a%00b",
        "?email=",
        "?email=%ff@x.cn%0a",
    ] {
        list(&world, &admin, query)
            .await
            .expect_error(400, "invalid_request");
    }
    for parameter in ["nickname", "openid", "page", "Username"] {
        let refused = list(&world, &admin, &format!("?{parameter}=x")).await;
        assert_eq!(
            refused.expect_error(400, "invalid_request").fields(),
            [parameter]
        );
    }
    list(&world, &alice, "?username=alice")
        .await
        .expect_error(403, "forbidden");
    delete(&world, &alice, "me").await.expect(204);
    assert_eq!(
        list(&world, &admin, "?username=alice")
            .await
            .expect(200)
            .json,
        nobody
    );
}
