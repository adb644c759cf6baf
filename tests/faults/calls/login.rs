//! One fault during a login, a refresh or a logout.

use std::time::Duration;

use http::Method;
use serde_json::json;
use support::proxy::{Fault, Matching};

use super::{PASSING, PASSING_OR_LATE, faulty, in_time, me, settled};

#[tokio::test]
async fn a_login_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    for (i, fault) in PASSING_OR_LATE.into_iter().enumerate() {
        let person = format!("person{i}");
        proxy.fail(Matching::Of("UpdateItem"), fault, 1);
        let session = world.session(in_time(world.try_log_in(&person)).await);
        assert_eq!(session.json["is_new"], true, "{fault:?}");
        settled(&proxy).await;
        let user = me(&world, &session).await.expect(200).json;
        assert_eq!(user["version"], 1, "{fault:?}");
        session.refresh().await.expect(200);
        let again = world.log_in(&person).await;
        assert_eq!(again.json["is_new"], false, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_that_arrives_late_undoes_nothing_that_came_after_it() {
    let (proxy, world) = faulty().await;
    // Long enough for what comes after the login to come before the late request.
    let late = Fault::Slow(Duration::from_secs(3));
    proxy.fail(Matching::Of("UpdateItem"), late, 1);
    let first = world.session(in_time(world.try_log_in("alice")).await);
    let second = first.refreshed().await;
    settled(&proxy).await;
    second.refresh().await.expect(200);

    proxy.fail(Matching::Of("UpdateItem"), late, 1);
    let other = world.session(in_time(world.try_log_in("alice")).await);
    other.call(Method::POST, "/v1/logout").await.expect(204);
    settled(&proxy).await;
    let refused = other.refresh().await;
    refused.expect_problem(401, "refresh_invalid");
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_gives_the_one_successor() {
    let (proxy, world) = faulty().await;
    for fault in PASSING_OR_LATE {
        let first = world.log_in("alice").await;
        proxy.fail(Matching::Of("UpdateItem"), fault, 1);
        let second = in_time(first.refresh()).await;
        let second = world.session(second);
        assert_ne!(first.refresh_token, second.refresh_token, "{fault:?}");
        settled(&proxy).await;
        let third = second.refreshed().await;
        assert_ne!(second.refresh_token, third.refresh_token, "{fault:?}");
    }
}

#[tokio::test]
async fn a_logout_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    for fault in PASSING {
        for body in [json!({}), json!({"all": true})] {
            let session = world.log_in("alice").await;
            proxy.fail(Matching::Of("UpdateItem"), fault, 1);
            let call = world.login.post("/v1/logout", &body);
            let answer = in_time(call.bearer(&session.token).send()).await;
            answer.expect(204);
            settled(&proxy).await;
            let refused = session.refresh().await;
            refused.expect_problem(401, "refresh_invalid");
        }
    }
}

#[tokio::test]
async fn a_phone_number_outlives_a_fault() {
    let (proxy, world) = faulty().await;
    let alice = world.log_in("alice").await;
    let mut code = 0;
    for operation in ["GetItem", "UpdateItem"] {
        for fault in PASSING {
            code += 1;
            let body = json!({"code": format!("phone-13800138000-{code}")});
            proxy.fail(Matching::Of(operation), fault, 1);
            let call = world.login.post("/v1/users/me/phone", &body);
            let answer = in_time(call.bearer(&alice.token).send()).await;
            assert_eq!(answer.expect(200).json["phone"], "13800138000", "{fault:?}");
            settled(&proxy).await;
        }
    }
}
