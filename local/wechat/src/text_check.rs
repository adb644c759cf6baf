//! `POST /wxa/msg_sec_check`: texts explain their own verdict, as codes do.

use crate::{
    api::{json_body, present},
    state::{Call, State},
};
use serde_json::{Value, json};

/// WeChat's limit, in characters.
const MAX_CHARACTERS: usize = 2500;

/// `risky` or `review` in the text is what is said of it; any other text passes.
pub(crate) fn msg_sec_check(state: &State, call: &Call) -> Result<Value, i64> {
    let token = present(call.parameter("access_token")).ok_or(41001)?;
    state.tokens.check(token)?;
    let body = json_body(call)?;
    let text = |name| present(body.get(name).and_then(Value::as_str));
    let number = |name| body.get(name).and_then(Value::as_u64);
    let content = text("content").ok_or(44002)?;
    text("openid").ok_or(40003)?;
    let is_profile = number("scene") == Some(1);
    if number("version") != Some(2)
        || !number("scene").is_some_and(|scene| (1..=4).contains(&scene))
        || (body.get("nickname").is_some() && !is_profile)
        || content.chars().count() > MAX_CHARACTERS
    {
        return Err(47001);
    }
    let (suggest, label) = match content {
        text if text.contains("risky") => ("risky", 20002),
        text if text.contains("review") => ("review", 20001),
        _ => ("pass", 100),
    };
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "result": { "suggest": suggest, "label": label },
        "detail": [
            { "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90 },
            { "strategy": "keyword", "errcode": 0, "suggest": "pass", "label": 100 },
        ],
        "trace_id": "60ae120f-371d5872-7941a05b",
    }))
}
