//! JSON as `serde_json` reads it, and what it would take in silence or refuse without a name: a key that stands twice in
//! an object, of which the last would win, and half of a surrogate pair, which is no text.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::FieldError;
use crate::http::body::{MAX_FIELD_ERRORS, clipped};

/// How much of a path an answer repeats, in characters.
const MAX_PATH: usize = 128;

/// The bytes that some editors and libraries put before UTF-8 (RFC 8259, section 8.1: a reader may ignore them).
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The escape that stands for half of a surrogate pair, until the field is known: a noncharacter, as long as the
/// original.
const MARK_ESCAPE: &[u8] = br"\uffff";
const MARK: char = '\u{ffff}';

/// Reads JSON; beside the value, the faults that it has.
///
/// # Errors
/// If the text is not JSON.
pub(super) fn parse(json: &[u8]) -> Result<(Value, Vec<FieldError>), serde_json::Error> {
    match read(json, false) {
        Ok(read) => Ok(read),
        Err(error) => match mark_lone_surrogates(json) {
            Some(marked) => read(&marked, true),
            None => Err(error),
        },
    }
}

fn read(json: &[u8], marked: bool) -> Result<(Value, Vec<FieldError>), serde_json::Error> {
    let mut reader = Reader {
        path: String::new(),
        faults: Vec::new(),
        marked,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, reader.faults))
}

/// Where in the text the reader is, and what it has found.
struct Reader {
    path: String,
    faults: Vec<FieldError>,
    /// Whether the text has marks.
    marked: bool,
}

impl Reader {
    fn reject(&mut self, code: &'static str, message: &'static str) {
        // A body can have more faults than an answer lists, each deep inside: a small body would have a huge answer.
        if self.faults.len() < MAX_FIELD_ERRORS {
            let path: String = self.path.chars().take(MAX_PATH).collect();
            self.faults.push(FieldError::new(path, code, message));
        }
    }

    fn check_text(&mut self, text: &str) {
        if self.marked && text.contains(MARK) {
            self.reject(
                "invalid_value",
                "holds half of a surrogate pair, which is no character",
            );
        }
    }

    /// Reads what stands at `step` from here.
    fn at<T>(&mut self, step: fmt::Arguments<'_>, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        // Writing to a string cannot fail.
        let _ = fmt::Write::write_fmt(&mut self.path, step);
        let result = read(self);
        self.path.truncate(length);
        result
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        self.check_text(text);
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = self.at(format_args!("[{}]", list.len()), |reader| {
            items.next_element_seed(reader)
        })? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let value = self.at(format_args!("{dot}{}", clipped(&key)), |reader| {
                reader.check_text(&key);
                if object.contains_key(&key) {
                    reader.reject("duplicate_field", "stands in its object more than once");
                }
                members.next_value_seed(reader)
            })?;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

/// The text with each escape of half a surrogate pair replaced by a mark; `None` if it has none.
fn mark_lone_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let mut marked = json.to_vec();
    let mut at = 0;
    while at < json.len() {
        let low = || escape(json, at + MARK_ESCAPE.len());
        at += match (json[at], escape(json, at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(low(), Some(0xDC00..=0xDFFF)) => {
                2 * MARK_ESCAPE.len()
            }
            (b'\\', Some(0xD800..=0xDFFF)) => {
                marked[at..at + MARK_ESCAPE.len()].copy_from_slice(MARK_ESCAPE);
                MARK_ESCAPE.len()
            }
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    (marked != json).then_some(marked)
}

/// The code unit that is escaped at that place.
fn escape(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + MARK_ESCAPE.len())?.strip_prefix(br"\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faults(json: &str) -> Vec<(String, &'static str)> {
        let (_, faults) = parse(json.as_bytes()).unwrap();
        faults.into_iter().map(|f| (f.field, f.code)).collect()
    }

    #[test]
    fn a_key_that_stands_twice_is_named_with_its_path() {
        assert_eq!(
            faults(r#"{"a":1,"b":{"c":[{},{"d":1,"\u0064":2}]},"a":1}"#),
            [
                ("b.c[1].d".to_owned(), "duplicate_field"),
                ("a".to_owned(), "duplicate_field")
            ]
        );
        assert!(faults(r#"{"a":{"a":1},"b":{"a":1}}"#).is_empty());
    }

    #[test]
    fn half_of_a_surrogate_pair_is_named_with_its_path() {
        for half in [
            r"\ud800",
            r"\uDFFF",
            r"\ud83d\ud83d\ude00",
            r"\ude00\ud83d",
            r"\ud83dx",
        ] {
            let json = format!(r#"{{"a":"\\ud800","b":["\ud83d\ude00","{half}"]}}"#);
            assert_eq!(
                faults(&json),
                [("b[1]".to_owned(), "invalid_value")],
                "{json}"
            );
            let key = format!(r#"{{"{half}":1}}"#);
            assert_eq!(faults(&key).len(), 1, "{key}");
        }
        // A noncharacter is text like any other.
        assert!(faults(r#"{"a":"\uffff"}"#).is_empty());
        assert!(parse(br#"{"a":"\ud800"#).is_err());
    }

    #[test]
    fn a_body_full_of_faults_gives_a_bounded_list() {
        let key = "k".repeat(60);
        let nested = format!(r#"{{"{key}":"#).repeat(100);
        let json = format!(
            "{nested}{{{}{}",
            vec![r#""a":1"#; 1000].join(","),
            "}".repeat(101)
        );
        assert_eq!(faults(&json).len(), MAX_FIELD_ERRORS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever is sent, it is read as `serde_json` reads it, unless a fault is named.
        #[test]
        fn it_agrees_with_serde_json(json in r#"([\[\]{}:,"a-c0-9.eE+ -]|\\u[dD][89a-fA-F]0[0-9]|null|true|"[a-c]":){0,24}"#) {
            match (parse(json.as_bytes()), serde_json::from_str::<Value>(&json)) {
                (Ok((value, _)), Ok(expected)) => prop_assert_eq!(value, expected),
                (Ok((_, faults)), Err(_)) => prop_assert!(!faults.is_empty(), "{}", json),
                (Err(_), Ok(_)) => prop_assert!(false, "{} was refused", json),
                (Err(_), Err(_)) => {}
            }
        }
    }
}
