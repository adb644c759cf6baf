//! Values of a template, whatever shape they have.

use serde_json::Value;

/// The entries of an object; of anything else there are none.
pub fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str(), value))
}

/// The items of a list; anything else is a list of itself.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        Value::Null => [].iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

/// A text; empty if it is something else.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What `!If` gives when its condition is fulfilled; anything else as it is.
pub fn if_fulfilled(value: &Value) -> &Value {
    let fulfilled = &value["Fn::If"][1];
    if fulfilled.is_null() {
        value
    } else {
        fulfilled
    }
}

/// The logical name that `!Ref` or `!GetAtt` gives.
pub fn target(value: &Value) -> Option<&str> {
    let get_att = value["Fn::GetAtt"].as_str();
    let get_att = get_att.and_then(|text| text.split('.').next());
    get_att.or_else(|| value["Ref"].as_str())
}

/// A reference or a text as `!Sub` would write it: `!GetAtt Table.Arn` is `${Table.Arn}`.
pub fn sub_form(value: &Value) -> String {
    let reference = value["Ref"].as_str().or(value["Fn::GetAtt"].as_str());
    match (reference, value["Fn::Sub"].as_str()) {
        (Some(name), _) => format!("${{{name}}}"),
        (None, Some(pattern)) => pattern.to_owned(),
        (None, None) => text(value),
    }
}

/// Every text below a value, with the keys that lead to it.
pub fn texts(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(value, "", &mut found);
    found
}

fn collect(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, found)),
        Value::Object(_) => {
            for (key, value) in entries(value) {
                collect(value, &format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}
