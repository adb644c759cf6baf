//! What a message asks for. Which events there are, and what is in them:
//! <https://developers.weixin.qq.com/miniprogram/dev/api-backend/>

use std::collections::BTreeSet;

use shared::ids::OpenId;
use shared::moderation::{PersonalData, Task, Verdict};

use crate::envelope::RefusedError;
use crate::message::Document;

/// `errcode` of a verdict on a picture that WeChat could not download.
const NOT_DOWNLOADED: i64 = -1008;

/// What `message` gives `moderation` to do. `None` for what nothing has to be done about, events that are unknown here
/// among it: WeChat sends what its console is set to send.
pub(crate) fn task(message: &Document, app_id: &str) -> Result<Option<Task>, RefusedError> {
    if message.text("MsgType").as_deref() != Some("event") {
        return Ok(None);
    }
    Ok(match message.text("Event").as_deref() {
        Some("wxa_media_check") => {
            if message.text("appid").is_some_and(|appid| appid != app_id) {
                return Err(RefusedError::Foreign);
            }
            media_verdict(message)
        }
        Some("user_authorization_revoke") => consent_revoked(message),
        Some("user_authorization_cancellation") => {
            openid(message).map(|openid| Task::AccountCancelled { openid })
        }
        Some("user_info_modified") => {
            openid(message).map(|openid| Task::ProfileModified { openid })
        }
        _ => None,
    })
}

/// The person whom the event is about; the sender is another one, or WeChat itself.
fn openid(message: &Document) -> Option<OpenId> {
    let openid = message.text("OpenID");
    let openid = openid.or_else(|| message.text("FromUserName"))?;
    openid.parse().ok()
}

fn media_verdict(message: &Document) -> Option<Task> {
    let trace_id = message.text("trace_id")?;
    let verdict = verdict(message);
    Some(Task::MediaVerdict { trace_id, verdict })
}

/// The verdict of version 2 or, if it has none, of version 1.
fn verdict(message: &Document) -> Verdict {
    let code = message
        .number("errcode")
        .or_else(|| message.number("status_code"));
    match code {
        None | Some(0) => {}
        Some(NOT_DOWNLOADED) => return Verdict::NotFetched,
        Some(_) => return Verdict::Failed,
    }
    let result = message.object("result");
    let suggestion = result.and_then(|result| result.text("suggest"));
    match suggestion.as_deref() {
        Some("pass") => Verdict::Pass,
        Some("review") => Verdict::Review,
        Some("risky") => Verdict::Risky,
        Some(_) => Verdict::Failed,
        None => match message.number("isrisky") {
            Some(0) => Verdict::Pass,
            Some(1) => Verdict::Risky,
            _ => Verdict::Failed,
        },
    }
}

fn consent_revoked(message: &Document) -> Option<Task> {
    let openid = openid(message)?;
    let text = message.text("RevokeInfo").unwrap_or_default();
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    let data: BTreeSet<_> = numbers.flat_map(personal_data).copied().collect();
    let data: Vec<_> = data.into_iter().collect();
    (!data.is_empty()).then_some(Task::ConsentRevoked { openid, data })
}

/// What a number in `RevokeInfo` stands for; nothing for data that is not kept here.
fn personal_data(number: &str) -> &'static [PersonalData] {
    match number {
        "6" => &[PersonalData::Nickname, PersonalData::Avatar],
        "8" => &[PersonalData::Phone],
        "14" => &[PersonalData::Uploads],
        "16" => &[PersonalData::Email],
        "19" => &[PersonalData::Nickname],
        "20" => &[PersonalData::Avatar],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const APP_ID: &str = "wx1";

    fn try_task(message: &Value) -> Result<Option<Task>, RefusedError> {
        let message = Document::parse(message.to_string().as_bytes()).unwrap();
        task(&message, APP_ID)
    }

    fn task_of(message: &Value) -> Option<Task> {
        try_task(message).unwrap()
    }

    fn media_check(fields: &Value) -> Value {
        let mut message =
            json!({"MsgType": "event", "Event": "wxa_media_check", "trace_id": "t-1"});
        let fields = fields.as_object().unwrap().clone();
        message.as_object_mut().unwrap().extend(fields);
        message
    }

    #[test]
    fn a_verdict_is_read_in_every_form() {
        let cases = [
            (
                json!({"errcode": 0, "result": {"suggest": "pass", "label": 100}}),
                Verdict::Pass,
            ),
            (
                json!({"errcode": "0", "result": {"suggest": "risky", "label": "20002"}}),
                Verdict::Risky,
            ),
            (
                json!({"version": 2, "result": {"suggest": "review"}}),
                Verdict::Review,
            ),
            (json!({"isrisky": 0, "status_code": 0}), Verdict::Pass),
            (json!({"isrisky": "1", "status_code": "0"}), Verdict::Risky),
            (
                json!({"errcode": -1008, "result": {"suggest": "pass"}}),
                Verdict::NotFetched,
            ),
            (json!({"status_code": 4294966288_i64}), Verdict::Failed),
            (json!({"errcode": 61010}), Verdict::Failed),
            (json!({"result": {"suggest": "perhaps"}}), Verdict::Failed),
            (json!({}), Verdict::Failed),
        ];
        for (fields, verdict) in cases {
            let trace_id = "t-1".to_owned();
            let task = task_of(&media_check(&fields));
            assert_eq!(
                task,
                Some(Task::MediaVerdict { trace_id, verdict }),
                "{fields}"
            );
        }
    }

    #[test]
    fn another_mini_programs_verdict_is_refused() {
        let task_of = |appid| try_task(&media_check(&json!({"appid": appid, "errcode": 0})));
        assert_eq!(task_of("wx2"), Err(RefusedError::Foreign));
        assert!(task_of(APP_ID).unwrap().is_some());
    }

    #[test]
    fn withdrawn_consent_names_the_data() {
        let revoked = |info: Value| {
            task_of(&json!({
                "MsgType": "event", "Event": "user_authorization_revoke", "OpenID": "o1",
                "FromUserName": "wechat", "RevokeInfo": info,
            }))
        };
        let openid: OpenId = "o1".parse().unwrap();
        let cases = [
            (json!("8"), vec![PersonalData::Phone]),
            (json!(16), vec![PersonalData::Email]),
            (
                json!("6,19"),
                vec![PersonalData::Nickname, PersonalData::Avatar],
            ),
            (json!("1;14"), vec![PersonalData::Uploads]),
        ];
        for (info, data) in cases {
            let openid = openid.clone();
            assert_eq!(revoked(info), Some(Task::ConsentRevoked { openid, data }));
        }
        assert_eq!(revoked(json!("1,2")), None);
    }

    #[test]
    fn what_is_unknown_is_nothing_to_do() {
        for message in [
            json!({"MsgType": "event", "Event": "debug_demo"}),
            json!({"MsgType": "event"}),
            json!({"MsgType": "text", "Event": "wxa_media_check", "trace_id": "t"}),
            json!({"MsgType": "event", "Event": "wxa_media_check"}),
            json!({"MsgType": "event", "Event": "user_info_modified", "OpenID": "not an id"}),
            json!({}),
        ] {
            assert_eq!(task_of(&message), None, "{message}");
        }
    }
}
