//! WeChat that fails, and answers that cannot be used: nothing is lost, and nothing is shown early.

use support::moderation::enforced;
use support::{World, samples};
use wechat_standin::{Endpoint, Fault};

use super::{reviews, submitted};

#[tokio::test]
async fn outages_and_limits_postpone_a_check_and_lose_none() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    for fault in [
        Fault::Errcode(-1),
        Fault::Errcode(44991),
        Fault::Errcode(45009),
        Fault::Status(502),
        Fault::TooManyRequests(7),
        Fault::Garbage,
        Fault::Html,
        Fault::DropBeforeResponse,
    ] {
        let upload = world.upload(&alice, "file", &samples::jpeg()).await;
        let task = world.moderation_messages().await;
        let before = world.delayed(&world.moderation_queue).await;
        world.wechat.script(Endpoint::MediaCheck, fault.clone(), 3);
        world.moderate_all(&task).await;
        world.wechat.clear_faults();
        assert_eq!(world.lines.last()["message"], "WeChat is asked again later");
        assert_eq!(alice.status(&upload).await, "checking", "{fault:?}");
        let postponed = world.delayed(&world.moderation_queue).await - before;
        assert_eq!(postponed, 1, "{fault:?}");
        // As it is when the message comes again.
        world.advance(std::time::Duration::from_secs(11));
        world.moderate_all(&task).await;
        world.judge(&upload, "pass").await;
        assert_eq!(alice.status(&upload).await, "ready", "{fault:?}");
    }
    assert!(reviews(&world, &alice).await.is_empty());
}

#[tokio::test]
async fn a_token_that_wechat_refuses_is_replaced_once() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    submitted(&world, &alice, "file").await;
    world.wechat.expire_tokens();
    let upload = submitted(&world, &alice, "file").await;
    assert_eq!(world.wechat.count(Endpoint::StableToken), 2);
    world.judge(&upload, "pass").await;
    assert_eq!(alice.status(&upload).await, "ready");
}

#[tokio::test]
async fn what_an_operator_has_to_fix_stays_in_the_queue() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let task = world.moderation_messages().await;
    for (endpoint, errcode) in [
        (Endpoint::StableToken, 40125),
        (Endpoint::StableToken, 40164),
        (Endpoint::StableToken, 99999),
        (Endpoint::MediaCheck, 40001),
        (Endpoint::MediaCheck, 48004),
    ] {
        world.wechat.expire_tokens();
        world.wechat.script(endpoint, Fault::Errcode(errcode), 4);
        assert_eq!(world.moderate(&task).await, ["m0"], "{errcode}");
        world.wechat.clear_faults();
        assert_eq!(alice.status(&upload).await, "checking", "{errcode}");
    }
    world.moderate_all(&task).await;
    world.judge(&upload, "pass").await;
    assert_eq!(alice.status(&upload).await, "ready");
}

#[tokio::test]
async fn what_wechat_refuses_or_answers_without_a_name_is_for_a_person() {
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let faults = [61010, 40003, 40004, 43104, 40129, 87020, 47001, 99999].map(Fault::Errcode);
    let nameless = Fault::MissingField("trace_id".to_owned());
    for (at, fault) in faults.into_iter().chain([nameless]).enumerate() {
        let upload = world.upload(&alice, "file", &samples::jpeg()).await;
        world.wechat.script(Endpoint::MediaCheck, fault.clone(), 1);
        world.submit_uploads().await;
        assert_eq!(alice.status(&upload).await, "review", "{fault:?}");
        assert_eq!(reviews(&world, &alice).await.len(), at + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_rotated_app_secret_is_read_again() {
    // As `login` does; the secret comes from the environment here, where there is no other one.
    let world = World::with(enforced()).await;
    let alice = world.log_in("alice").await;
    let upload = world.upload(&alice, "file", &samples::jpeg()).await;
    let task = world.moderation_messages().await;
    let secret = world.wechat.app_secret();
    world.wechat.rotate_secret("another");
    assert_eq!(world.moderate(&task).await, ["m0"]);
    world.wechat.rotate_secret(&secret);
    world.moderate_all(&task).await;
    world.judge(&upload, "pass").await;
    assert_eq!(alice.status(&upload).await, "ready");
}
