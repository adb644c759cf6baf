//! Request bodies: read as `serde_json` reads them, unless a fault is named; a bounded list of faults, of which each names
//! a field.

use serde_json::{Map, Value};
use shared::http::JsonFields;
use shared::http::body::text;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "json_bodies",
    seeds,
    tokens: &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "null",
        "true",
        "1e999",
        "-0",
        "1.5e300",
        "\\ud800",
        "\\udc00",
        "\\u0000",
        "\\\\",
        "\"code\":",
        "\"a\":1,",
        "\u{feff}",
        "\u{ffff}",
        "\n",
    ],
    check,
    cases: 3000,
};

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"code":"0a1B2c3D4e5F6g7H8i9J"}"#,
        r#"{"nickname":"Alice","email":null,"a":{"b":[1,-2.5,true,"\u00e9\ud83d\ude00"]}}"#,
        r#"{"uploads":[{"purpose":"file","content_type":"image/png","size":70},{}]}"#,
        "\u{feff}{}",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

fn check(bytes: &[u8]) -> bool {
    let plain = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let expected = serde_json::from_slice::<Value>(plain);
    let fields = match JsonFields::parse(bytes) {
        Ok(fields) => fields,
        Err(error) => {
            let code = if expected.is_ok() {
                "invalid_request"
            } else {
                "invalid_json"
            };
            assert_eq!(error.code().as_str(), code);
            assert!(!matches!(expected, Ok(Value::Object(_))));
            return false;
        }
    };
    let names: Vec<String> = match &expected {
        Ok(Value::Object(object)) => object.keys().cloned().collect(),
        Ok(_) => panic!("what is no object was read as one"),
        // Half of a surrogate pair, which has to be named.
        Err(_) => Vec::new(),
    };
    match take_all(fields, &names) {
        Ok(values) => {
            assert_eq!(Some(Value::Object(values)), expected.ok());
            true
        }
        Err(error) => {
            let body = error.body("r");
            let faults = body["errors"].as_array().expect("faults");
            assert!((1..=50).contains(&faults.len()));
            assert!(faults.iter().all(|fault| fault["field"].is_string()));
            false
        }
    }
}

fn take_all(
    mut fields: JsonFields,
    names: &[String],
) -> Result<Map<String, Value>, shared::error::Error> {
    // As a handler does it, for the one field that is text.
    if let [name] = names
        && name == "code"
    {
        let code = fields.required(name, text);
        return Ok([(name.clone(), fields.finish(code)?.into())]
            .into_iter()
            .collect());
    }
    let values = names.iter().map(|name| {
        let value = fields.optional(name, Ok).unwrap_or_default();
        (name.clone(), value)
    });
    let values = values.collect();
    fields.finish(Some(values))
}
