//! The content checks. What they find stands in the content itself, unless the control API says otherwise: text or bytes
//! with `risky` in them are risky, those with `review` are for a person to look at, and anything else passes.

use crate::{
    noise::noise,
    push::{self, Delivery, MediaVerdict, Suggestion},
    state::{Call, Shared, State},
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest text, in characters.
const TEXT_MAX: usize = 2500;

/// A check of media that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaCheck {
    /// What the check is called.
    pub trace_id: String,
    /// Where the media are.
    pub media_url: String,
    /// 1 is sound, 2 a picture.
    pub media_type: u64,
    /// Where they are shown.
    pub scene: u64,
    /// Whose they are.
    pub openid: String,
}

/// What the checks of one person's media find, whatever is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedVerdict {
    /// Nothing.
    Pass,
    /// It is for a person to look at.
    Review,
    /// It must not be shown.
    Risky,
    /// It could not be fetched.
    NotFetched,
    /// No verdict is sent.
    Silence,
}

/// What stands in the content.
fn suggestion(content: &str) -> Suggestion {
    if content.contains("risky") {
        Suggestion::Risky
    } else if content.contains("review") {
        Suggestion::Review
    } else {
        Suggestion::Pass
    }
}

/// Checks a text.
pub(crate) fn text(call: &Call) -> Result<Value, i64> {
    let field = |name| call.field(name).and_then(Value::as_str);
    let content = field("content").filter(|content| !content.is_empty());
    let content = content.ok_or(44002)?;
    let (_, scene) = common_fields(call)?;
    // A nickname is part of a profile, and of nothing else.
    let is_misplaced = call.field("nickname").is_some() && scene != 1;
    let is_too_long = content.chars().count() > TEXT_MAX;
    if is_misplaced || is_too_long || call.field("version") != Some(&json!(2)) {
        return Err(47001);
    }
    let whole = [Some(content), field("nickname")].into_iter().flatten();
    let whole = whole.collect::<Vec<_>>().join(" ");
    if let Some(errcode) = scripted_errcode(&whole) {
        return Err(errcode);
    }
    let (suggest, label) = match suggestion(&whole) {
        Suggestion::Pass => ("pass", 100),
        Suggestion::Review => ("review", 20001),
        Suggestion::Risky => ("risky", 20001),
    };
    let detail = json!([{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}]);
    Ok(
        json!({"errcode": 0, "errmsg": "ok", "detail": detail, "trace_id": trace_id(&whole),
        "result": {"suggest": suggest, "label": label}}),
    )
}

/// Accepts media to be checked; the verdict is pushed later.
pub(crate) fn media(state: &mut State, call: &Call) -> Result<Value, i64> {
    let number = |name| call.field(name).and_then(Value::as_u64);
    let (openid, scene) = common_fields(call)?;
    let media_url = call.field("media_url").and_then(Value::as_str);
    let media_url = media_url.filter(|url| !url.is_empty()).ok_or(44002)?;
    let media_type = number("media_type").filter(|kind| matches!(kind, 1 | 2));
    let media_type = media_type.ok_or(40004)?;
    if number("version") != Some(2) {
        return Err(47001);
    }
    let check = MediaCheck {
        trace_id: state.next_trace_id(),
        media_url: media_url.to_owned(),
        media_type,
        scene,
        openid: openid.to_owned(),
    };
    let answer = json!({"errcode": 0, "errmsg": "ok", "trace_id": check.trace_id});
    state.media_checks.push(check);
    state.accepted += 1;
    Ok(answer)
}

/// The openid and the scene. Someone who has not used the mini-program lately has an openid with `away-` in it.
fn common_fields(call: &Call) -> Result<(&str, u64), i64> {
    let openid = call.field("openid").and_then(Value::as_str);
    let openid = openid.filter(|openid| !openid.is_empty()).ok_or(40003)?;
    let scene = call.field("scene").and_then(Value::as_u64);
    let scene = scene.filter(|scene| (1..=4).contains(scene)).ok_or(40129)?;
    if openid.contains("away-") {
        return Err(61010);
    }
    Ok((openid, scene))
}

fn scripted_errcode(content: &str) -> Option<i64> {
    let (_, rest) = content.split_once("errcode-")?;
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit());
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// What a check is called that depends on `of`.
pub(crate) fn trace_id(of: &impl std::hash::Hash) -> String {
    let groups = HEXLOWER.encode(&noise::<16>(of));
    format!("{}-{}-{}", &groups[..8], &groups[8..16], &groups[16..])
}

/// Fetches the media of the check that was accepted last, and pushes what is found, if there is an address to push to.
pub(crate) fn push_verdict_later(shared: &Arc<Shared>) {
    let (check, scripted) = {
        let state = shared.state();
        let Some(check) = state.media_checks.last().cloned() else {
            return;
        };
        let scripted = state.verdicts.get(&check.openid).copied();
        if state.push.is_none() || scripted == Some(ScriptedVerdict::Silence) {
            return;
        }
        (check, scripted)
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let verdict = verdict(&check, scripted).await;
        // What becomes of it is the receiver's concern, which WeChat tells nobody either.
        let _ = push::push(&shared, verdict.message(), &Delivery::default()).await;
    });
}

async fn verdict(check: &MediaCheck, scripted: Option<ScriptedVerdict>) -> MediaVerdict {
    let suggested = |suggestion| MediaVerdict::new(&check.trace_id, suggestion);
    let not_fetched = || MediaVerdict {
        errcode: -1008,
        ..suggested(Suggestion::Pass)
    };
    match scripted {
        Some(ScriptedVerdict::Pass | ScriptedVerdict::Silence) => suggested(Suggestion::Pass),
        Some(ScriptedVerdict::Review) => suggested(Suggestion::Review),
        Some(ScriptedVerdict::Risky) => suggested(Suggestion::Risky),
        Some(ScriptedVerdict::NotFetched) => not_fetched(),
        None => match push::fetch(&check.media_url).await {
            Some(body) => suggested(suggestion(&body)),
            None => not_fetched(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_says_what_is_found_in_it() {
        assert_eq!(suggestion("hello"), Suggestion::Pass);
        assert_eq!(suggestion("a risky-word"), Suggestion::Risky);
        assert_eq!(suggestion("a review-word"), Suggestion::Review);
        assert_eq!(scripted_errcode("an errcode--1 in it"), Some(-1));
        assert_eq!(scripted_errcode("errcode-61010"), Some(61010));
        assert_eq!(scripted_errcode("errcode"), None);
    }
}
