//! A message in either of WeChat's two forms, as one kind of tree: which form comes is a setting of its console.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// Deeper elements are nobody's message.
const MAX_DEPTH: usize = 16;

/// The body is neither JSON nor XML of the form that WeChat sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is neither a JSON object nor an XML document")]
pub(crate) struct UnreadableError;

/// A message. What is a number in one form is text in the other, so fields are asked for as what they mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document(Map<String, Value>);

impl Document {
    /// Reads JSON or, if the body begins with `<`, XML.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, UnreadableError> {
        let text = std::str::from_utf8(body).map_err(|_| UnreadableError)?;
        let text = text.trim_start_matches('\u{feff}').trim();
        let value = if text.starts_with('<') {
            xml(text)?
        } else {
            serde_json::from_str(text).map_err(|_| UnreadableError)?
        };
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(UnreadableError),
        }
    }

    /// The field as text, also if it is a number.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        text(self.0.get(name)?)
    }

    /// The field as a number, also if it is text.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// The object in the field.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        match self.0.get(name)? {
            Value::Object(fields) => Some(Self(fields.clone())),
            _ => None,
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The root's children as an object. Of elements with one name there is a list. Entities other than XML's own five, and
/// declarations of such, are not read.
fn xml(text: &str) -> Result<Value, UnreadableError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().map_err(|_| UnreadableError)? {
            Event::Start(start) if open.len() < MAX_DEPTH => {
                open.push(Element::named(start.name().0));
            }
            Event::Empty(empty) => {
                let element = Element::named(empty.name().0);
                open.last_mut().ok_or(UnreadableError)?.adopt(element);
            }
            Event::End(_) => {
                let element = open.pop().ok_or(UnreadableError)?;
                match open.last_mut() {
                    Some(parent) => parent.adopt(element),
                    None => return Ok(element.into_value()),
                }
            }
            Event::Text(part) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&part);
                }
            }
            Event::CData(part) => {
                let element = open.last_mut().ok_or(UnreadableError)?;
                element.text.push_str(&part);
            }
            Event::GeneralRef(entity) => {
                let character = resolve_predefined_entity(&entity).ok_or(UnreadableError)?;
                let element = open.last_mut().ok_or(UnreadableError)?;
                element.text.push_str(character);
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Start(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {
                return Err(UnreadableError);
            }
        }
    }
}

struct Element {
    name: String,
    text: String,
    children: Map<String, Value>,
}

impl Element {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: String::new(),
            children: Map::new(),
        }
    }

    fn adopt(&mut self, child: Self) {
        let name = child.name.clone();
        let value = child.into_value();
        match self.children.get_mut(&name) {
            None => {
                self.children.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }

    fn into_value(self) -> Value {
        if self.children.is_empty() {
            Value::String(self.text)
        } else {
            Value::Object(self.children)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, UnreadableError> {
        Document::parse(text.as_bytes())
    }

    #[test]
    fn both_forms_say_the_same() {
        let json = parse(
            r#"{"Event":"e","CreateTime":"1620973045","result":{"label":100},"List":{"T":"<a> & b"}}"#,
        );
        let xml = parse(
            "\u{feff}<xml>\n<Event><![CDATA[e]]></Event><CreateTime>1620973045</CreateTime>\
             <result><label>100</label></result><List><T>&lt;a&gt; &amp; b</T></List><Empty/></xml>",
        );
        for document in [json.unwrap(), xml.unwrap()] {
            assert_eq!(document.text("Event").as_deref(), Some("e"));
            assert_eq!(document.number("CreateTime"), Some(1_620_973_045));
            let result = document.object("result").unwrap();
            assert_eq!(result.number("label"), Some(100));
            let only = document.object("List").unwrap();
            assert_eq!(only.text("T").as_deref(), Some("<a> & b"));
        }
    }

    #[test]
    fn a_list_is_no_text_and_no_object() {
        let json = parse(r#"{"List":[{"T":"1"},{"T":"2"}],"T":"3"}"#).unwrap();
        let xml = parse("<xml><List><T>1</T></List><List><T>2</T></List><T>3</T></xml>").unwrap();
        for document in [json, xml] {
            assert_eq!(
                (document.text("List"), document.object("List")),
                (None, None)
            );
            assert_eq!(document.text("T").as_deref(), Some("3"));
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
        for text in [
            "",
            "[]",
            "1",
            "{",
            "<xml>",
            "<xml></a>",
            "</xml>",
            "<xml>&x;</xml>",
            "<xml/>",
            "text",
            "<!DOCTYPE x [<!ENTITY e \"e\">]><xml>&e;</xml>",
            "<?php ?><xml></xml>",
            deep.as_str(),
        ] {
            assert_eq!(parse(text), Err(UnreadableError), "{text}");
        }
        assert_eq!(Document::parse(b"{\"a\":\"\xff\"}"), Err(UnreadableError));
    }
}
