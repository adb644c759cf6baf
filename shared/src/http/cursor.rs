//! Cursors: where the next page of a list begins.
//!
//! A cursor is base64url of version, digest and position. The digest binds it to its caller and filter and catches
//! mistakes; it is not a secret's work and need not be. A cursor never names a partition: that comes from the caller's
//! token, so no cursor, however made, reaches another person's data.

use data_encoding::BASE64URL_NOPAD;

use crate::digest::sha256;
use crate::error::{Code, Error};

const VERSION: u8 = 1;
const DIGEST_BYTES: usize = 12;
const MAX_TEXT: usize = 512;

/// The cursor for what follows `position` in the list that `scope` names (caller and filter).
pub fn encode(position: &str, scope: &str) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&digest(position, scope));
    bytes.extend_from_slice(position.as_bytes());
    BASE64URL_NOPAD.encode(&bytes)
}

/// The position that `cursor` stands for.
///
/// # Errors
/// `invalid_cursor` if it was changed, or made for another scope.
pub fn decode(cursor: &str, scope: &str) -> Result<String, Error> {
    position(cursor, scope).ok_or_else(|| Error::new(Code::InvalidCursor))
}

fn position(cursor: &str, scope: &str) -> Option<String> {
    if cursor.len() > MAX_TEXT {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
    let (&version, rest) = bytes.split_first()?;
    let (seal, position) = rest.split_at_checked(DIGEST_BYTES)?;
    let position = std::str::from_utf8(position).ok()?;
    (version == VERSION && seal == digest(position, scope)).then(|| position.to_owned())
}

fn digest(position: &str, scope: &str) -> [u8; DIGEST_BYTES] {
    // Lengths keep ("ab", "c") and ("a", "bc") apart.
    let text = format!(
        "cursor {VERSION} {} {position} {} {scope}",
        position.len(),
        scope.len()
    );
    let mut short = [0; DIGEST_BYTES];
    short.copy_from_slice(&sha256(text.as_bytes())[..DIGEST_BYTES]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_of_512_characters_is_the_longest() {
        let longest = "p".repeat(371);
        let cursor = encode(&longest, "scope");
        assert_eq!(cursor.len(), 512);
        assert_eq!(decode(&cursor, "scope").unwrap(), longest);
        for more in [1, 2, 100] {
            let cursor = encode(&"p".repeat(371 + more), "scope");
            let error = decode(&cursor, "scope").unwrap_err();
            assert_eq!(error.code(), Code::InvalidCursor);
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_good_for_its_own_list_only(position in "\\PC{0,60}", scope in "\\PC{0,40}", other in "\\PC{0,40}") {
            let cursor = encode(&position, &scope);
            prop_assert_eq!(decode(&cursor, &scope).unwrap(), position);
            if other != scope {
                prop_assert_eq!(decode(&cursor, &other).unwrap_err().code(), Code::InvalidCursor);
            }
        }

        #[test]
        fn a_changed_cursor_is_refused(at in 0..20_usize, replacement in "[A-Za-z0-9_-]") {
            let cursor = encode("position", "scope");
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &replacement);
            if changed != cursor {
                prop_assert!(decode(&changed, "scope").is_err());
            }
        }

        #[test]
        fn nothing_panics(cursor in "\\PC{0,80}") {
            let _ = decode(&cursor, "scope");
        }
    }
}
