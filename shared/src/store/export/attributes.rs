//! Attributes as JSON for people.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

use crate::store::item::Item;
use crate::time::Timestamp;

/// The attributes of an item but for those with these names. Bytes are hashes of ours, and left out. The fields of JSON text
/// in `content` stand beside the others.
pub(super) fn shown(item: &Item, hidden: &[&str]) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in item {
        if hidden.contains(&name.as_str()) {
            continue;
        }
        match (name.as_str(), value) {
            ("content", AttributeValue::S(json)) => match serde_json::from_str(json) {
                Ok(Value::Object(fields)) => shown.extend(fields),
                Ok(other) => drop(shown.insert("content".to_owned(), other)),
                Err(_) => drop(shown.insert("content".to_owned(), json.clone().into())),
            },
            ("ttl", AttributeValue::N(seconds)) => {
                let seconds = seconds.parse::<i64>().unwrap_or_default();
                let at = Timestamp::from_millis(seconds.saturating_mul(1000));
                shown.insert("kept_until".to_owned(), at.to_rfc3339().into());
            }
            (at, AttributeValue::N(millis)) if at.ends_with("_at") => {
                let at = Timestamp::from_millis(millis.parse().unwrap_or_default());
                shown.insert(name.clone(), at.to_rfc3339().into());
            }
            _ => shown.extend(plain(value).map(|value| (name.clone(), value))),
        }
    }
    shown
}

fn plain(value: &AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => text.clone().into(),
        AttributeValue::N(number) => number
            .parse::<Number>()
            .map_or_else(|_| number.clone().into(), Value::from),
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.clone().into(),
        AttributeValue::L(list) => list.iter().filter_map(plain).collect(),
        AttributeValue::M(map) => {
            let fields = map
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), plain(value)?)));
            fields.collect::<Map<_, _>>().into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::{b, n, s};
    use serde_json::json;

    #[test]
    fn an_item_is_shown_without_keys_and_hashes() {
        let item = Item::from(
            [
                ("pk", s("OI#u")),
                ("hash", b(&[1])),
                ("content", s(r#"{"text":"milk"}"#)),
                ("version", n(2)),
                ("created_at", n(1_800_000_000_000_i64)),
                ("ttl", n(1_800_000_000)),
                ("list", AttributeValue::L(vec![s("a"), b(&[1])])),
                ("set", AttributeValue::Ss(vec!["a".to_owned()])),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let expected = json!({
            "text": "milk", "version": 2, "created_at": "2027-01-15T08:00:00Z",
            "kept_until": "2027-01-15T08:00:00Z", "list": ["a"], "set": ["a"],
        });
        assert_eq!(Value::from(shown(&item, &["pk"])), expected);
    }

    #[test]
    fn content_that_is_no_object_is_shown_as_it_is() {
        for (content, expected) in [("[1]", json!([1])), ("{", json!("{"))] {
            let item = Item::from([("content".to_owned(), s(content))]);
            assert_eq!(Value::from(shown(&item, &[])), json!({"content": expected}));
        }
    }
}
