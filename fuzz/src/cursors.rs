//! Cursors: good for the list that they were made for, unchanged, and for no other.

use shared::http::cursor::{decode, encode};

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "cursors",
    seeds,
    tokens: &["A", "AQ", "=", "-", "_", "+", "/", " ", "\n"],
    check,
    cases: 3000,
};

const SCOPE: &str = "u5esjy36duo2g3uwfwiew2hluhz uploads";
const OTHER: &str = "um5pzijy4hmaetgeee2ii7xc623 uploads";
/// Of what a client may send.
const MAX_TEXT: usize = 512;

fn seeds() -> Vec<Vec<u8>> {
    let position = "06dqxtn6t20037sw59rx81dyd0";
    let cursors = [
        encode(position, SCOPE),
        encode("", SCOPE),
        encode(position, OTHER),
    ];
    cursors.map(String::into_bytes).into()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    // As the position of a list, any text comes back, from a cursor that needs no escaping.
    let cursor = encode(text, SCOPE);
    assert!(
        cursor
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    match decode(&cursor, SCOPE) {
        Ok(position) => assert_eq!(position, text),
        Err(_) => assert!(cursor.len() > MAX_TEXT, "{text:?}"),
    }
    assert!(decode(&cursor, OTHER).is_err());
    // As a cursor.
    match decode(text, SCOPE) {
        Ok(position) => {
            assert_eq!(
                encode(&position, SCOPE),
                text,
                "one position has one cursor"
            );
            assert!(text.len() <= MAX_TEXT && decode(text, OTHER).is_err());
            true
        }
        Err(error) => {
            assert_eq!(error.code().as_str(), "invalid_cursor");
            false
        }
    }
}
