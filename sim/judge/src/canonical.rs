//! Answers in the one form in which they are compared.

use serde_json::{Map, Value};

/// The answer without what may differ: texts of errors, the order within sets and within batches, empty members.
pub(crate) fn canonical(operation: &str, mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        error_code(answer);
        strip(answer);
        for reason in elements(answer, "CancellationReasons") {
            if let Some(reason) = reason.as_object_mut() {
                strip(reason);
            }
        }
        if operation == "BatchGetItem" {
            sort_responses(answer);
        }
    }
    sort_sets(&mut answer);
    answer
}

fn strip(object: &mut Map<String, Value>) {
    for name in [
        "message",
        "Message",
        "ConsumedCapacity",
        "ItemCollectionMetrics",
    ] {
        object.remove(name);
    }
    object
        .retain(|_, value| !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty()));
}

/// Error codes are compared by their last part.
fn error_code(answer: &mut Map<String, Value>) {
    if let Some(code) = answer.get_mut("__type")
        && let Some(text) = code.as_str()
    {
        *code = text.rsplit('#').next().unwrap_or(text).into();
    }
}

fn elements<'a>(
    answer: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Value> {
    let list = answer.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

fn sort_responses(answer: &mut Map<String, Value>) {
    let tables = answer.get_mut("Responses").and_then(Value::as_object_mut);
    for items in tables.into_iter().flat_map(Map::values_mut) {
        if let Some(items) = items.as_array_mut() {
            items.sort_by_cached_key(Value::to_string);
        }
    }
}

fn sort_sets(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::Array(members) if matches!(name.as_str(), "SS" | "NS" | "BS") => {
                        members.sort_by_cached_key(Value::to_string);
                    }
                    value => sort_sets(value),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(sort_sets),
        _ => {}
    }
}
