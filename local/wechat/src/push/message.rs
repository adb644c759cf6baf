//! The message itself, in each of the ways in which WeChat writes the same thing.

use super::{Delivery, PushFormat, PushSettings, unix_seconds};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// What a check of a picture found; the message of it is [`MediaVerdict::message`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaVerdict {
    /// What the check was called when it was asked for.
    pub trace_id: String,
    /// What it suggests.
    #[serde(default)]
    pub suggest: Suggestion,
    /// Why; by default 100 for `pass` and 20002 for the others.
    pub label: Option<u32>,
    /// Other than 0 if the picture could not be checked; -1008: it could not be fetched.
    #[serde(default)]
    pub errcode: i64,
    /// The form of the message: 2, or 1 as in older ones.
    #[serde(default = "newest")]
    pub version: u8,
}

/// What is to become of a picture; in JSON `pass`, `review` and `risky`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suggestion {
    /// It can be shown.
    #[default]
    Pass,
    /// A person has to look at it.
    Review,
    /// It must not be shown.
    Risky,
}

const fn newest() -> u8 {
    2
}

impl MediaVerdict {
    /// A verdict of version 2.
    pub fn new(trace_id: impl Into<String>, suggest: Suggestion) -> Self {
        Self {
            trace_id: trace_id.into(),
            suggest,
            label: None,
            errcode: 0,
            version: newest(),
        }
    }

    /// The fields of its message.
    pub fn message(&self) -> Value {
        // Whose it is follows when it is sent.
        let mut message =
            json!({"Event": "wxa_media_check", "appid": null, "trace_id": self.trace_id});
        if self.version == 1 {
            message["isrisky"] = u8::from(self.suggest != Suggestion::Pass).into();
            message["status_code"] = self.errcode.into();
            message["extra_info_json"] = "".into();
            return message;
        }
        let suggest = match self.suggest {
            Suggestion::Pass => "pass",
            Suggestion::Review => "review",
            Suggestion::Risky => "risky",
        };
        let is_pass = self.suggest == Suggestion::Pass;
        let label = self.label.unwrap_or(if is_pass { 100 } else { 20002 });
        message["version"] = 2.into();
        message["errcode"] = self.errcode.into();
        message["errmsg"] = if self.errcode == 0 { "ok" } else { "failed" }.into();
        if self.errcode == 0 {
            message["result"] = json!({"suggest": suggest, "label": label});
            message["detail"] = json!([{"strategy": "content_model", "errcode": 0,
                "suggest": suggest, "label": label, "prob": 90}]);
        }
        message
    }
}

/// Fills in what every message has, and writes it as `delivery` says.
pub(super) fn write(
    message: Value,
    settings: &PushSettings,
    delivery: &Delivery,
    app_id: &str,
) -> Result<String, String> {
    let Value::Object(fields) = message else {
        return Err("a message is an object".to_owned());
    };
    let mut whole = Map::from_iter([
        ("ToUserName".to_owned(), json!("gh_standin")),
        ("FromUserName".to_owned(), json!("standin")),
        (
            "CreateTime".to_owned(),
            unix_seconds(delivery.age_seconds).into(),
        ),
        ("MsgType".to_owned(), json!("event")),
    ]);
    whole.extend(fields);
    // Whose it is does not stand in most messages, but in verdicts.
    if whole.contains_key("appid") {
        let app_id = delivery.app_id.as_deref().unwrap_or(app_id);
        whole.insert("appid".to_owned(), app_id.into());
    }
    let mut message = Value::Object(whole);
    if delivery.numbers_as_text {
        numbers_to_text(&mut message);
    }
    Ok(match delivery.format.unwrap_or(settings.format) {
        PushFormat::Xml => format!("<xml>{}</xml>", xml(&message)),
        PushFormat::Json if delivery.lists_of_one => message.to_string(),
        PushFormat::Json => {
            take_out_only_elements(&mut message);
            message.to_string()
        }
    })
}

fn numbers_to_text(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.to_string().into(),
        Value::Array(list) => list.iter_mut().for_each(numbers_to_text),
        Value::Object(fields) => fields.values_mut().for_each(numbers_to_text),
        _ => {}
    }
}

/// In JSON WeChat writes a `List` of one as its element; what else is a list stays one.
fn take_out_only_elements(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(take_out_only_elements),
        Value::Object(fields) => {
            for (name, value) in fields {
                take_out_only_elements(value);
                if let Value::Array(list) = value
                    && name == "List"
                    && list.len() == 1
                {
                    *value = list.remove(0);
                }
            }
        }
        _ => {}
    }
}

/// The elements of an object, or the text of what is none; a list is as many elements of its name.
fn xml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut text = String::new();
            for (name, value) in fields {
                let elements = match value {
                    Value::Array(list) => list.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for element in elements {
                    let _ = writeln!(text, "<{name}>{}</{name}>", xml(element));
                }
            }
            text
        }
        Value::String(text) => format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>")),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: Value, delivery: &Delivery) -> String {
        let settings = PushSettings {
            url: String::new(),
            token: String::new(),
            aes_key: String::new(),
            mode: super::super::PushMode::Plain,
            format: PushFormat::Json,
        };
        write(message, &settings, delivery, "wx1").unwrap()
    }

    #[test]
    fn a_list_of_one_is_its_element_unless_it_is_to_stay() {
        let message = json!({"CreateTime": 1, "List": [{"a": 1}], "detail": [{"b": 2}]});
        let usual = written(message.clone(), &Delivery::default());
        assert!(usual.contains(r#""List":{"a":1}"#), "{usual}");
        assert!(usual.contains(r#""detail":[{"b":2}]"#), "{usual}");
        let delivery = Delivery {
            lists_of_one: true,
            numbers_as_text: true,
            ..Delivery::default()
        };
        let other = written(message, &delivery);
        assert!(other.contains(r#""List":[{"a":"1"}]"#), "{other}");
        assert!(other.contains(r#""CreateTime":"1""#), "{other}");
    }

    #[test]
    fn xml_has_an_element_for_each_of_a_list() {
        let xml = xml(&json!({"List": [{"a": 1}, {"a": "]]>"}]}));
        let wanted = "<List><a>1</a>\n</List>\n<List><a><![CDATA[]]]]><![CDATA[>]]></a>\n</List>\n";
        assert_eq!(xml, wanted);
    }

    #[test]
    fn a_verdict_says_whose_it_is() {
        let verdict = MediaVerdict::new("t", Suggestion::Risky).message();
        let delivery = Delivery {
            app_id: Some("wx2".to_owned()),
            ..Delivery::default()
        };
        assert!(written(verdict.clone(), &Delivery::default()).contains(r#""appid":"wx1""#));
        assert!(written(verdict, &delivery).contains(r#""appid":"wx2""#));
    }
}
