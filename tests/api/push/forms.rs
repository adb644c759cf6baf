//! Every form in which a message comes, and what it gives `moderation` to do.

use std::time::Duration;

use serde_json::{Value, json};
use support::World;
use wechat_standin::{Delivery, MediaVerdict, PushFormat, PushMode, Suggestion};

use super::{cancellation, plain, push, tasks};

fn forms() -> Vec<Delivery> {
    let modes = [PushMode::Plain, PushMode::Secure];
    let formats = [PushFormat::Json, PushFormat::Xml];
    let mut forms = Vec::new();
    for (mode, format) in modes
        .into_iter()
        .flat_map(|mode| formats.map(|format| (mode, format)))
    {
        forms.extend([false, true].map(|numbers_as_text| Delivery {
            mode: Some(mode),
            format: Some(format),
            numbers_as_text,
            ..Delivery::default()
        }));
    }
    forms
}

fn verdict(suggest: Suggestion, version: u8, errcode: i64) -> Value {
    let mut verdict = MediaVerdict::new("trace-1", suggest);
    (verdict.version, verdict.errcode) = (version, errcode);
    verdict.message()
}

#[tokio::test]
async fn a_message_is_understood_in_every_form() {
    let world = World::new().await;
    let verdict_task =
        |verdict: &str| json!({"task": "media_verdict", "trace_id": "trace-1", "verdict": verdict});
    let messages = [
        (verdict(Suggestion::Pass, 2, 0), verdict_task("pass")),
        (verdict(Suggestion::Review, 2, 0), verdict_task("review")),
        (verdict(Suggestion::Risky, 2, 0), verdict_task("risky")),
        (
            verdict(Suggestion::Pass, 2, -1008),
            verdict_task("not_fetched"),
        ),
        (verdict(Suggestion::Pass, 2, 61010), verdict_task("failed")),
        (verdict(Suggestion::Pass, 1, 0), verdict_task("pass")),
        (verdict(Suggestion::Risky, 1, 0), verdict_task("risky")),
        (
            json!({"Event": "user_authorization_revoke", "OpenID": "alice", "RevokeInfo": "6"}),
            json!({"task": "consent_revoked", "openid": "alice", "data": ["nickname", "avatar"]}),
        ),
        (
            json!({"Event": "user_info_modified", "OpenID": "alice"}),
            json!({"task": "profile_modified", "openid": "alice"}),
        ),
        (
            cancellation(),
            json!({"task": "account_cancelled", "openid": "alice"}),
        ),
    ];
    for (message, task) in messages {
        for form in forms() {
            let answer = push(&world, message.clone(), &form).await.expect(200);
            assert_eq!(answer.json, "success", "{form:?}");
            assert_eq!(tasks(&world).await, std::slice::from_ref(&task), "{form:?}");
            assert_eq!(world.lines.last()["pushes_queued"], 1.0);
        }
    }
}

#[tokio::test]
async fn what_nothing_has_to_be_done_about_is_acknowledged() {
    let world = World::new().await;
    let popup = |list: Value| json!({"Event": "subscribe_msg_popup_event", "List": list});
    let entry = json!({"TemplateId": "t", "SubscribeStatusString": "accept", "PopupScene": "2"});
    let messages = [
        (
            json!({"Event": "debug_demo", "debug_str": "hello world"}),
            "debug_demo",
        ),
        (popup(json!([entry])), "subscribe_msg_popup_event"),
        (popup(json!([entry, entry])), "subscribe_msg_popup_event"),
        (json!({"Event": "of tomorrow <&>"}), "oftomorrow"),
        (json!({"MsgType": "text", "Content": "hello"}), "text"),
        (
            json!({"Event": "user_authorization_revoke", "OpenID": "alice", "RevokeInfo": "1"}),
            "user_authorization_revoke",
        ),
    ];
    for (message, name) in messages {
        for mut form in forms() {
            form.lists_of_one = form.numbers_as_text;
            let answer = push(&world, message.clone(), &form).await.expect(200);
            assert_eq!(answer.json, "success", "{message} {form:?}");
            let line = world.lines.last();
            assert_eq!(
                (&line["pushes_ignored"], &line["event"]),
                (&json!(1.0), &json!(name))
            );
        }
    }
    assert_eq!(tasks(&world).await, [Value::Null; 0]);
}

#[tokio::test]
async fn several_in_one_second_are_all_kept_and_a_repeated_one_comes_again() {
    let world = World::new().await;
    for trace_id in ["a", "b", "c", "c"] {
        let message = MediaVerdict::new(trace_id, Suggestion::Pass).message();
        push(&world, message, &Delivery::default())
            .await
            .expect(200);
    }
    let mut ids: Vec<_> = tasks(&world)
        .await
        .iter()
        .map(|task| task["trace_id"].clone())
        .collect();
    ids.sort_by_key(Value::to_string);
    assert_eq!(ids, ["a", "b", "c", "c"]);
}

#[tokio::test]
async fn unknown_parameters_and_content_types_are_wechats() {
    let world = World::new().await;
    for form in [plain(), Delivery::default()] {
        let mut request = super::request(&world, cancellation(), &form);
        request.query += "&openid=x&surprise=1&surprise=2";
        let path = format!("{}?{}", super::PATH, request.query);
        for content_type in ["application/json", "text/xml", "", "x"] {
            let call = world.wechat_push.call(http::Method::POST, &path);
            let call = call
                .header("content-type", content_type)
                .body(request.body.clone());
            call.send().await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_message_is_good_for_ten_minutes() {
    let world = World::new().await;
    let ten_minutes = 600;
    for (age_seconds, status) in [
        (ten_minutes - 30, 200),
        (30 - ten_minutes, 200),
        (ten_minutes + 30, 403),
        (-ten_minutes - 30, 403),
    ] {
        for form in [plain(), Delivery::default()] {
            let form = Delivery {
                age_seconds,
                ..form
            };
            push(&world, cancellation(), &form).await.expect(status);
        }
    }
    world.advance(Duration::from_secs(660));
    push(&world, cancellation(), &plain())
        .await
        .expect_problem(403, "forbidden");
}
