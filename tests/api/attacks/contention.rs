//! A user who keeps changing their own account: it holds off neither an administrator, nor raises an alarm.

use std::future::Future;

use futures_util::future::{join_all, select};
use serde_json::{Value, json};
use support::api::Call;
use support::proxy::Proxy;
use support::world::Settings;
use support::{Answer, Session, World};

/// What the owner does again and again, by number.
type Noise = fn(&Session, usize) -> Call;

const NOISES: [(&str, Noise); 4] = [
    ("nickname", |owner, i| {
        owner.edit(json!({"nickname": format!("n{i}")}))
    }),
    ("username", |owner, i| {
        owner.edit(json!({"username": format!("name_{}", i % 2)}))
    }),
    ("logout of all", |owner, _| {
        owner.post("/v1/logout", json!({"all": true}))
    }),
    ("phone", |owner, i| {
        let body = json!({"code": format!("phone-13800138000-{i}")});
        owner.post("/v1/users/me/phone", &body)
    }),
];

/// What `requests` give while each of the loops sends one request after the other.
async fn amid<T>(
    owner: &Session,
    noise: Noise,
    loops: usize,
    requests: impl Future<Output = T>,
) -> T {
    let endless = (0..loops).map(async |number| {
        for i in number * 100_000.. {
            noise(owner, i).await;
        }
    });
    let endless = Box::pin(join_all(endless));
    match select(Box::pin(requests), endless).await {
        futures_util::future::Either::Left((answers, _)) => answers,
        futures_util::future::Either::Right(_) => unreachable!("the loops have no end"),
    }
}

/// A world whose table refuses writes that overlap a transaction, as DynamoDB does.
async fn contended() -> (Proxy, World) {
    let proxy = Proxy::start().await;
    proxy.refuse_overlapping_transactions();
    let settings = Settings {
        is_patient: true,
        ..Settings::behind(&proxy)
    };
    let world = World::with(settings).await;
    (proxy, world)
}

async fn change(admin: &Session, user: &Session, change: Value) -> Answer {
    let changed = admin.edit_user(&user.id, &change).await.expect(200);
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed[field.as_str()], value);
    }
    changed
}

#[tokio::test]
async fn nobody_holds_off_an_administrator_by_changing_their_own_account() {
    let (_proxy, world) = contended().await;
    let admin = world.log_in("admin").await;
    for (name, noise) in NOISES {
        let owner = world.log_in(name.split(' ').next().unwrap()).await;
        let roles = async {
            for _ in 0..5 {
                change(&admin, &owner, json!({"role": "admin"})).await;
                change(&admin, &owner, json!({"role": "user"})).await;
            }
            change(&admin, &owner, json!({"status": "disabled"})).await
        };
        let disabled = amid(&owner, noise, 3, roles).await;
        let read = admin.user(&owner.id).await.expect(200);
        assert_eq!((read.etag(), read.json), (disabled.etag(), disabled.json));
        owner.me().await.expect_problem(403, "account_disabled");

        change(&admin, &owner, json!({"status": "active"})).await;
        let deletion = async { admin.delete_user(&owner.id).await.expect(204) };
        amid(&owner, noise, 3, deletion).await;
        owner.me().await.expect_problem(401, "unauthorized");
    }
    let items = world.items().await;
    let reserved = items.keys().filter(|(pk, _)| pk.starts_with("UN#"));
    assert_eq!(reserved.count(), 0, "names go with their account");
    let sessions = items.values().flat_map(|item| item.keys());
    let sessions = sessions.filter(|name| name.starts_with("s_"));
    assert_eq!(sessions.count(), 1, "the administrator's is left");
}

/// What an administrator has seen is not changed unseen, however often it changes. A logout changes nothing of it.
#[tokio::test]
async fn an_if_match_is_refused_amid_changes_and_not_amid_logouts() {
    let (_proxy, world) = contended().await;
    let [admin, owner] = world.log_in_all(["admin", "alice"]).await;
    let seen = admin.tag_of(&owner.id).await;
    NOISES[0].1(&owner, 0).await.expect(200);
    let requests = async {
        let body = json!({"status": "disabled"});
        let edit = admin.edit_user(&owner.id, &body).if_match(&seen).await;
        edit.expect_problem(412, "version_mismatch");
        let deletion = admin.delete_user(&owner.id).if_match(&seen).await;
        deletion.expect_problem(412, "version_mismatch");
    };
    amid(&owner, NOISES[0].1, 3, requests).await;
    owner.me().await.expect(200);

    let requests = async {
        let seen = admin.tag_of(&owner.id).await;
        let edit = admin.edit_user(&owner.id, json!({"status": "disabled"}));
        let disabled = edit.if_match(&seen).await.expect(200);
        let deletion = admin.delete_user(&owner.id);
        deletion.if_match(&disabled.etag()).await.expect(204);
    };
    amid(&owner, NOISES[2].1, 3, requests).await;
}

#[tokio::test]
async fn requests_that_hold_one_another_off_are_the_callers_fault_and_not_ours() {
    let (_proxy, world) = contended().await;
    let alice = world.log_in("alice").await;
    for (name, noise) in NOISES {
        let answers = join_all((0..100).map(|i| noise(&alice, i).send())).await;
        let mut served = 0;
        for answer in answers {
            if answer.status.is_success() {
                served += 1;
                continue;
            }
            let refused = answer.expect_problem(429, "rate_limited");
            assert_eq!(refused.header("retry-after"), "1", "{name}");
        }
        assert!(served > 0, "{name}");
    }
    let username = alice.profile().await["username"].clone();
    let items = world.items().await;
    let reserved = items.keys().filter(|(pk, _)| pk.starts_with("UN#"));
    let reserved: Vec<_> = reserved.map(|(pk, _)| pk[3..].to_owned()).collect();
    assert_eq!(json!(reserved), json!([username]));
}
