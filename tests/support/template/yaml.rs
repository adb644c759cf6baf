//! YAML with CloudFormation's short tags as JSON.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// The same as JSON, short tags written out: `!Ref X` is `{"Ref": "X"}`.
///
/// # Panics
/// If it is no YAML.
pub fn yaml(text: &str) -> Value {
    plain(serde_yaml_ng::from_str(text).expect("YAML"))
}

fn plain(value: Yaml) -> Value {
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => bool.into(),
        Yaml::Number(number) => serde_json::to_value(number).expect("a number"),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(mapping) => {
            let entry = |(key, value): (Yaml, Yaml)| (key_text(&key), plain(value));
            Value::Object(mapping.into_iter().map(entry).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: plain(tagged.value) })
        }
    }
}

fn key_text(key: &Yaml) -> String {
    match key {
        Yaml::String(text) => text.clone(),
        other => serde_yaml_ng::to_string(other)
            .expect("a scalar")
            .trim()
            .to_owned(),
    }
}
