//! What administrators see and delete of others' uploads.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use serde_json::{Value, json};
use support::proxy::{Fault, Matching, Proxy};
use support::world::Settings;
use support::{Answer, Session, World};

use super::{entries, second_admin, set, stored};

async fn pending(_world: &World, owner: &Session) -> String {
    let body = json!({"content_type": "image/png", "size": 10, "purpose": "file"});
    let issued = owner.post("/v1/uploads", &body).await.expect(201).json;
    issued["upload"]["id"].as_str().unwrap().to_owned()
}

async fn uploads_of(_world: &World, reader: &Session, id: &str, query: &str) -> Answer {
    let path = format!("/v1/users/{id}/uploads{query}");
    reader.get(&path).await
}

async fn delete_upload(_world: &World, admin: &Session, user: &str, upload: &str) -> Answer {
    let path = format!("/v1/users/{user}/uploads/{upload}");
    admin.delete(&path).await
}

async fn versions(world: &World, key: &str) -> usize {
    let list = world.emulator.s3().list_object_versions();
    let list = list.bucket(&world.bucket).prefix(key).send().await.unwrap();
    list.versions().len()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn administrators_list_a_users_uploads_page_by_page() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = second_admin(&world, &admin).await;
    let mut all = Vec::new();
    for i in 0..5 {
        world.advance(Duration::from_millis(5));
        all.push(match i % 2 {
            0 => stored(&world, &alice, "file").await.0,
            _ => pending(&world, &alice).await,
        });
    }
    pending(&world, &admin).await;
    all.reverse();
    let list = async |query: &str| {
        uploads_of(&world, &admin, &alice.id, query)
            .await
            .expect(200)
            .json
    };
    let own = alice.get("/v1/uploads").await;
    assert_eq!(
        list("").await["items"],
        own.json["items"],
        "as their owner sees them, links included"
    );
    for (filter, wanted) in [
        ("", vec![0, 1, 2, 3, 4]),
        ("&status=ready", vec![0, 2, 4]),
        ("&status=pending", vec![1, 3]),
        ("&status=deleted", vec![]),
    ] {
        let (mut query, mut found, mut pages) = (format!("?limit=2{filter}"), Vec::new(), 0);
        loop {
            let page = list(&query).await;
            found.extend(ids(&page));
            pages += 1;
            match page["next_cursor"].as_str() {
                Some(cursor) => query = format!("?limit=2{filter}&cursor={cursor}"),
                None => break,
            }
        }
        let wanted: Vec<_> = wanted.into_iter().map(|i| all[i].clone()).collect();
        assert_eq!((found, pages), (wanted, 3), "{filter}");
    }
    let cursor = list("?limit=1&status=ready").await["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    for (reader, id, filter) in [
        (&second, &alice.id, "&status=ready"),
        (&admin, &second.id, "&status=ready"),
        (&admin, &alice.id, "&status=pending"),
        (&admin, &alice.id, ""),
    ] {
        let refused = uploads_of(&world, reader, id, &format!("?cursor={cursor}{filter}")).await;
        refused.expect_problem(400, "invalid_cursor");
    }
    for (query, field) in [
        ("?status=gone", "status"),
        ("?status=", "status"),
        ("?limit=0", "limit"),
        ("?state=ready", "state"),
    ] {
        let refused = uploads_of(&world, &admin, &alice.id, query).await;
        refused.expect_invalid([field]);
    }
    // Of whoever is shut out they are seen, of whoever is gone they are not, and of an earlier generation neither.
    let disable = admin.edit_user(&alice.id, json!({"status": "disabled"}));
    disable.send().await.expect(200);
    assert_eq!(ids(&list("").await), all);
    admin.delete_user(&alice.id).await.expect(204);
    uploads_of(&world, &admin, &alice.id, "")
        .await
        .expect_problem(404, "not_found");
    world.log_in("alice").await;
    assert_eq!(list("").await, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn an_administrator_deletes_an_upload_with_its_object_once_and_it_is_in_the_audit() {
    let world = World::new().await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let (avatar, key) = stored(&world, &alice, "avatar").await;
    let waiting = pending(&world, &alice).await;
    let own = alice.me().await.expect(200).json;
    assert!(own["avatar_url"].is_string());
    for upload in [&avatar, &waiting, &avatar, &waiting] {
        delete_upload(&world, &admin, &alice.id, upload)
            .await
            .expect(204);
        let path = format!("/v1/uploads/{upload}");
        let gone = alice.get(&path).await;
        gone.expect_problem(404, "not_found");
    }
    assert_eq!(versions(&world, &key).await, 0);
    let own = alice.me().await.expect(200).json;
    assert_eq!(own["avatar_url"], Value::Null);
    assert_eq!(
        uploads_of(&world, &admin, &alice.id, "").await.json["items"],
        json!([])
    );
    let entry = |upload: &str| {
        json!({"actor": admin.id, "action": "delete_upload", "target": alice.id, "upload": upload,
            "decision": null, "fields": [],
            "before": null, "after": null})
    };
    let mut found = entries(&world, &admin).await;
    found.sort_by_key(|entry| entry["upload"].to_string());
    assert_eq!(found, [entry(&avatar), entry(&waiting)]);

    // Only that user's, and only what is there.
    let (bobs, bob) = {
        let bob = world.log_in("bob").await;
        (pending(&world, &bob).await, bob)
    };
    let before = world.items().await;
    for (user, upload) in [
        (&alice.id, &bobs),
        (&bob.id, &"0".repeat(26)),
        (&admin.id, &bobs),
    ] {
        let missing = delete_upload(&world, &admin, user, upload).await;
        missing.expect_problem(404, "not_found");
    }
    delete_upload(&world, &alice, &bob.id, &bobs)
        .await
        .expect_problem(403, "forbidden");
    assert_eq!(world.items().await, before);

    // A record past its end is gone, whether the table has removed it or not.
    world.advance(Duration::from_secs(31 * 24 * 60 * 60));
    let admin = world.log_in("admin").await;
    delete_upload(&world, &admin, &bob.id, &bobs)
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn whoever_is_no_administrator_any_more_deletes_no_uploads() {
    let proxy = Proxy::start().await;
    let world = World::with(Settings {
        endpoint: Some(proxy.url()),
        ..Settings::default()
    })
    .await;
    let [admin, alice] = world.log_in_all(["admin", "alice"]).await;
    let second = second_admin(&world, &admin).await;
    let (upload, key) = stored(&world, &alice, "file").await;
    let transactions = Matching::Of("TransactWriteItems");
    proxy.take();
    proxy.fail(transactions, Fault::Slow(Duration::from_millis(300)), 1);
    let demoted = async {
        while proxy.count(transactions) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let role = AttributeValue::S("user".into());
        set(&world, &second.id, &[("role", role)]).await;
    };
    let deleted = delete_upload(&world, &second, &alice.id, &upload);
    let (deleted, ()) = join(deleted, demoted).await;
    deleted.expect_problem(403, "forbidden");
    uploads_of(&world, &second, &alice.id, "")
        .await
        .expect_problem(403, "forbidden");
    let page = uploads_of(&world, &admin, &alice.id, "?status=ready")
        .await
        .expect(200);
    assert_eq!(ids(&page.json), [upload]);
    assert_eq!(versions(&world, &key).await, 1);
}
