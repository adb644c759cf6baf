//! What own functions keep goes with the account.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use shared::ids::Epoch;
use support::storage::{s, text};
use support::{Api, Session, World};

async fn note(api: &Api, owner: &Session, text: &str) {
    let create = api.post("/v1/notes", &json!({"text": text}));
    create.bearer(&owner.token).send().await.expect(201);
}

async fn post(api: &Api, owner: &Session, text: &str) {
    let create = api.post("/v1/walls/hall", &json!({"text": text}));
    create.bearer(&owner.token).send().await.expect(201);
}

/// The partitions of own functions that have an item, the owner states aside.
async fn partitions(world: &World) -> BTreeSet<String> {
    let items = world.items().await;
    let own = items.values().filter(|item| {
        let (pk, sk) = (text(item, "pk").unwrap(), text(item, "sk").unwrap());
        (pk.starts_with("OI#") || pk.starts_with("OF#")) && sk != "~"
    });
    own.map(|item| text(item, "pk").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_deleted_account_takes_its_items_with_it_and_no_others() {
    let world = World::new().await;
    let api = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    for owner in [&alice, &bob] {
        note(&api, owner, "mine").await;
        post(&api, owner, "ours").await;
    }
    alice.delete_account().await.expect(204);
    world.advance(Duration::from_secs(1));
    let returned = world.log_in("alice").await;
    note(&api, &returned, "of the next generation").await;
    world.purge_announced().await;

    let list = api.get("/v1/notes").bearer(&returned.token).send().await;
    assert_eq!(list["items"][0]["text"], "of the next generation");
    let wall = api.get("/v1/walls/hall").send().await.expect(200).json;
    assert_eq!(wall["items"].as_array().unwrap().len(), 1);
    let own = |user: &Session| format!("OI#{}", user.id);
    let kept = [own(&alice), own(&bob), "OF#notebook#hall".to_owned()];
    assert_eq!(partitions(&world).await, BTreeSet::from(kept));
    let of_alice = world.items().await;
    let of_alice = of_alice.keys().filter(|(pk, _)| *pk == own(&alice));
    assert_eq!(of_alice.count(), 2, "the new note and the owner state");
}

#[tokio::test]
async fn what_a_page_does_not_hold_goes_with_the_next_ones() {
    const COUNT: usize = 280;
    let world = World::new().await;
    let api = world.own_function().await;
    let alice = world.log_in("alice").await;
    for i in 0..COUNT {
        let create = api.post("/v1/notes", &json!({"text": format!("note {i}")}));
        create.bearer(&alice.token).send().await.expect(201);
    }
    post(&api, &alice, "shared").await;
    alice.delete_account().await.expect(204);
    let user = alice.id.parse().unwrap();
    let remove = || world.store.remove_own_items(&user, Epoch::FIRST);
    assert_eq!(remove().await.unwrap(), 250);
    assert_eq!(remove().await.unwrap(), COUNT + 1 - 250);
    assert_eq!(remove().await.unwrap(), 0);
    assert_eq!(partitions(&world).await, BTreeSet::new());
}

#[tokio::test]
async fn an_entry_leads_to_nothing_that_is_somebody_elses() {
    let world = World::new().await;
    let api = world.own_function().await;
    let [alice, bob] = world.log_in_all(["alice", "bob"]).await;
    post(&api, &bob, "bobs").await;
    let items = world.items().await;
    let bobs = items.keys().find(|(pk, _)| pk.starts_with("OF#")).unwrap();
    let account = (format!("U#{}", bob.id), "A".to_owned());
    for (i, (pk, sk)) in [bobs, &account].into_iter().enumerate() {
        let entry = (format!("OI#{}", alice.id), format!("posts#{i}"));
        let set = "SET target_pk = :pk, target_sk = :sk";
        world
            .update(entry, set, &[(":pk", s(pk)), (":sk", s(sk))])
            .await;
    }
    alice.delete_account().await.expect(204);
    world.purge_announced().await;
    bob.me().await.expect(200);
    let wall = api.get("/v1/walls/hall").send().await.expect(200).json;
    assert_eq!(wall["items"][0]["text"], "bobs");
    assert_eq!(
        world
            .items()
            .await
            .keys()
            .filter(|(pk, _)| *pk == format!("OI#{}", alice.id))
            .count(),
        1
    );
}
