//! Each kind of write changes nothing when it arrives late.

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use support::Answer;
use support::proxy::Fault;

use super::{Stage, TRANSACTION, UPDATE};

/// As often as the SDK sends a request.
const ALL_ATTEMPTS: usize = 3;

#[tokio::test]
async fn a_late_login_does_not_bring_a_deleted_account_back() {
    let stage = Stage::new().await;
    for purged in [false, true] {
        stage.delay(UPDATE);
        let alice = stage.log_in().await;
        stage.here.delete(&alice).await.expect(204);
        if purged {
            stage.purge().await;
        }
        stage.arrive("the login").await;
        stage.me(&alice).await.expect_problem(401, "unauthorized");
        // Nor does the one with which the person comes back undo the deletion that comes after it.
        stage.delay(UPDATE);
        stage.proxy.fail(UPDATE, Fault::Slow(Duration::ZERO), 1);
        stage.delay(UPDATE);
        let again = stage.log_in().await;
        assert_eq!(again.json["is_new"], true);
        assert_eq!(stage.proxy.late(), 2);
        stage.here.delete(&again).await.expect(204);
        stage.arrive("the login").await;
        stage.me(&again).await.expect_problem(401, "unauthorized");
        let back = stage.log_in().await;
        assert_eq!(back.json["is_new"], true);
        stage.goes_on(&back).await;
        stage.here.delete(&back).await.expect(204);
    }
}

#[tokio::test]
async fn a_late_login_does_not_touch_its_session_though_another_login_came_between() {
    let stage = Stage::new().await;
    stage.delay(UPDATE);
    let refreshed = stage.log_in().await;
    let next = stage.world.refresh(&refreshed.refresh_token).await;
    let next = stage.world.session(next);
    stage.log_in().await;
    stage.arrive("the login").await;
    stage.goes_on(&next).await;

    stage.delay(UPDATE);
    let ended = stage.log_in().await;
    stage.log_in().await;
    stage.here.log_out(&ended, false).await.expect(204);
    stage.arrive("the login").await;
    stage.has_ended(&ended).await;
}

#[tokio::test]
async fn a_late_logout_of_all_does_not_bring_sessions_back() {
    let stage = Stage::new().await;
    let before = stage.log_in().await;
    stage.delay(UPDATE);
    stage.here.log_out(&before, true).await.expect(204);
    let between = stage.log_in().await;
    stage.here.log_out(&between, true).await.expect(204);
    let after = stage.log_in().await;
    stage.arrive("the logout").await;
    stage.has_ended(&before).await;
    stage.has_ended(&between).await;
    stage.goes_on(&after).await;
}

#[tokio::test]
async fn each_kind_of_write_changes_nothing_when_it_arrives_late() {
    let stage = Stage::new().await;
    let (alice, admin) = (stage.log_in().await, stage.world.log_in("admin").await);
    let edit = async |body: Value| stage.here.edit(&alice, &body).await.expect(200);
    let later = async || {
        edit(json!({"nickname": "later"})).await;
        stage
            .phone(&alice, &stage.world.code("phone-13900139000"))
            .await
            .expect(200);
    };

    stage.delay(UPDATE);
    edit(json!({"nickname": "A"})).await;
    later().await;
    stage.arrive("an edit").await;

    stage.delay(UPDATE);
    let code = stage.world.code("phone-13800138000");
    assert_eq!(
        stage.phone(&alice, &code).await.expect(200).json["phone"],
        "13800138000"
    );
    later().await;
    stage.arrive("a phone number").await;
    assert_eq!(stage.me(&alice).await.json["phone"], "13900139000");

    stage.delay(TRANSACTION);
    edit(json!({"username": "alice_1", "nickname": "A"})).await;
    later().await;
    stage.arrive("a change of names").await;

    for status in ["disabled", "active"] {
        stage.delay(TRANSACTION);
        stage
            .set_status(&admin, &alice.id, status)
            .await
            .expect(200);
        if status == "active" {
            later().await;
        }
        stage.arrive(status).await;
    }

    stage.delay(UPDATE);
    let next = stage.world.refresh(&alice.refresh_token).await;
    let next = stage.world.session(next);
    let newest = stage.world.refresh(&next.refresh_token).await;
    let newest = stage.world.session(newest);
    stage.arrive("a refresh").await;
    stage.goes_on(&newest).await;

    let other = stage.log_in().await;
    stage.delay(UPDATE);
    stage.here.log_out(&other, false).await.expect(204);
    stage.log_in().await;
    stage.arrive("a logout").await;

    // The sixth session sends the oldest away, with a second write.
    for _ in 0..2 {
        stage.log_in().await;
    }
    stage.proxy.fail(UPDATE, Fault::Slow(Duration::ZERO), 1);
    stage.delay(UPDATE);
    let sixth = stage.log_in().await;
    stage.log_in().await;
    stage.arrive("the removal of the oldest session").await;
    stage.goes_on(&sixth).await;

    stage.delay(TRANSACTION);
    stage.here.delete(&alice).await.expect(204);
    let again = stage.log_in().await;
    stage.arrive("a deletion").await;
    stage.goes_on(&again).await;

    stage.here.delete(&again).await.expect(204);
    stage.delay(UPDATE);
    stage.purge().await;
    let back = stage.log_in().await;
    stage.here.delete(&back).await.expect(204);
    stage.arrive("the end of a purge").await;
    stage.purge().await;

    stage.delay(TRANSACTION);
    let call = stage
        .world
        .users
        .post("/v1/users", &json!({"openid": "alice"}));
    call.bearer(&admin.token).send().await.expect(201);
    let registered = stage.log_in().await;
    stage.here.delete(&registered).await.expect(204);
    stage.arrive("a registration").await;
    stage
        .me(&registered)
        .await
        .expect_problem(401, "unauthorized");
}

/// No attempt of the first write is answered: whoever asked is told so, and what comes next is not undone.
#[tokio::test]
async fn a_write_that_was_given_up_on_altogether_does_not_undo_a_later_one() {
    let stage = Stage::new().await;
    let admin = stage.world.log_in("admin").await;
    let give_up = |writes| stage.proxy.fail(writes, Fault::Late, ALL_ATTEMPTS);
    let unavailable = |answer: Answer| answer.expect_problem(503, "temporarily_unavailable");
    let alice = stage.log_in().await;

    give_up(UPDATE);
    unavailable(stage.here.edit(&alice, &json!({"nickname": "A"})).await);
    let later = json!({"nickname": "B", "username": "alice_b"});
    stage.here.edit(&alice, &later).await.expect(200);
    stage.arrive("an edit").await;

    give_up(UPDATE);
    unavailable(
        stage
            .phone(&alice, &stage.world.code("phone-13800138000"))
            .await,
    );
    let code = stage.world.code("phone-13900139000");
    stage.phone(&alice, &code).await.expect(200);
    stage.arrive("a phone number").await;

    give_up(UPDATE);
    unavailable(stage.here.log_out(&alice, true).await);
    let next = stage.log_in().await;
    stage.arrive("a logout of all").await;
    stage.goes_on(&next).await;

    give_up(TRANSACTION);
    unavailable(stage.set_status(&admin, &alice.id, "disabled").await);
    stage.log_in().await;
    stage.arrive("a change of status").await;

    give_up(TRANSACTION);
    unavailable(stage.here.delete(&alice).await);
    let next = stage.log_in().await;
    stage.arrive("a deletion").await;
    stage.goes_on(&next).await;

    give_up(UPDATE);
    unavailable(stage.world.try_log_in("alice").await);
    stage.here.delete(&alice).await.expect(204);
    stage.arrive("a login").await;
    let back = stage.log_in().await;
    stage.goes_on(&back).await;
    stage.arrive_nothing();
}

/// Once its owner's edits have got ahead of it, a change of status asks for no version any more.
#[tokio::test]
async fn a_late_change_of_status_that_was_overtaken_once_does_not_undo_a_later_one() {
    let stage = Stage::new().await;
    let (alice, admin) = (stage.log_in().await, stage.world.log_in("admin").await);
    stage.proxy.take();
    let slow = Fault::Slow(Duration::from_millis(500));
    stage.proxy.fail(TRANSACTION, slow, 1);
    stage.proxy.fail(TRANSACTION, Fault::Late, ALL_ATTEMPTS);
    let overtaking = async {
        while stage.proxy.count(TRANSACTION) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let nickname = json!({"nickname": "A"});
        stage.here.edit(&alice, &nickname).await.expect(200);
    };
    let disable = stage.set_status(&admin, &alice.id, "disabled");
    let (given_up, ()) = join(disable, overtaking).await;
    given_up.expect_problem(503, "temporarily_unavailable");
    assert_eq!(stage.proxy.late(), ALL_ATTEMPTS);
    for status in ["disabled", "active"] {
        let changed = stage.set_status(&admin, &alice.id, status).await;
        changed.expect(200);
    }
    stage.arrive("a change of status").await;
    stage.me(&alice).await.expect(200);
}
