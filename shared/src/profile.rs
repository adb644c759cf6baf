//! What a person says of themselves: usernames, e-mail addresses, nicknames. Names keep the text as it was given, byte for
//! byte, addresses in Normalization Form C; the unique ones know the form in which they are compared.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

use crate::unicode::confusables::appearance;
use crate::unicode::{self, compared, composed, is_joiner};

/// Bounds the work on a text. The longest that is good is shorter in any form, 32 Korean syllables in parts among them.
const MAX_BYTES: usize = 1024;

/// Names that would let their owner pass for somebody else, in compared form.
pub(crate) const RESERVED: [&str; 23] = [
    "admin",
    "administrator",
    "api",
    "anonymous",
    "help",
    "me",
    "moderator",
    "null",
    "official",
    "root",
    "security",
    "staff",
    "support",
    "system",
    "undefined",
    "user",
    "wechat",
    "weixin",
    "客服",
    "官方",
    "微信",
    "管理员",
    "管理員",
];

/// The text cannot be what it is meant to be; says why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidProfileError(&'static str);

macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// A text from the table. It was looked at before it was written, and stays readable if what may be
            /// written changes.
            pub(crate) fn stored(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

/// A unique name: 3 to 32 letters, with their marks, digits, `_` or `-` of any script, counted as they are compared: after
/// toNFKC_Casefold.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(String);

text_type!(Username);

impl Username {
    /// The form in which it is unique.
    pub fn compared(&self) -> String {
        compared(&self.0)
    }

    /// A name to look for. It may be a reserved one, which somebody took before it was.
    ///
    /// # Errors
    /// If no user can have the name.
    pub fn sought(text: &str) -> Result<Self, InvalidProfileError> {
        if text.len() > MAX_BYTES {
            return Err(InvalidProfileError("must have 3 to 32 characters"));
        }
        if !are_joiners_all_that_is_ignorable(text) {
            return Err(InvalidProfileError("must not hold invisible characters"));
        }
        let form = compared(text);
        if !(3..=32).contains(&form.chars().count()) {
            return Err(InvalidProfileError("must have 3 to 32 characters"));
        }
        let is_of_names = |c| is_international(c) || c.is_ascii_alphanumeric() || "_-".contains(c);
        if !form.chars().all(is_of_names) {
            return Err(InvalidProfileError(
                "may hold letters, digits, _ and - only",
            ));
        }
        if !unicode::are_marks_in_place(text) || !unicode::are_marks_in_place(&form) {
            return Err(InvalidProfileError(
                "must not hold a mark without its letter",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Username {
    type Err = InvalidProfileError;

    fn from_str(text: &str) -> Result<Self, InvalidProfileError> {
        let name = Self::sought(text)?;
        if looks_reserved(text) || looks_reserved(&name.compared()) {
            return Err(InvalidProfileError("is reserved"));
        }
        Ok(name)
    }
}

/// Whether the text looks like one of the reserved names, in small letters or capitals.
fn looks_reserved(text: &str) -> bool {
    static SEEN: LazyLock<Vec<String>> =
        LazyLock::new(|| RESERVED.into_iter().map(appearance).collect());
    SEEN.contains(&appearance(text))
}

/// Whether the character is one that names and addresses may hold beyond ASCII: RFC 6531 leaves open which, RFC 5892
/// (IDNA) takes letters, digits and marks.
fn is_international(c: char) -> bool {
    !c.is_ascii() && (unicode::is_letter_or_digit(c) || unicode::is_mark(c))
}

/// Whether the text is free of invisible characters but for joiners where their script needs them.
fn are_joiners_all_that_is_ignorable(text: &str) -> bool {
    text.is_ascii()
        || (text
            .chars()
            .all(|c| is_joiner(c) || !unicode::is_ignorable(c))
            && unicode::are_joiners_in_place(&composed(text)))
}

/// An e-mail address of up to 254 bytes, in Normalization Form C; unique after toNFKC_Casefold.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

text_type!(Email);

impl Email {
    /// The form in which it is unique.
    pub fn compared(&self) -> String {
        compared(&self.0)
    }
}

impl FromStr for Email {
    type Err = InvalidProfileError;

    fn from_str(text: &str) -> Result<Self, InvalidProfileError> {
        if text.len() > MAX_BYTES {
            return Err(InvalidProfileError("must be an e-mail address"));
        }
        let address = composed(text);
        // The compared form is a key of the table, and normalising can make a text many times longer.
        if are_joiners_all_that_is_ignorable(&address)
            && is_address(&address)
            && is_address(&compared(&address))
        {
            Ok(Self(address.into_owned()))
        } else {
            Err(InvalidProfileError("must be an e-mail address"))
        }
    }
}

fn is_address(text: &str) -> bool {
    let options = Options::default()
        .without_display_text()
        .without_domain_literal()
        .with_required_tld();
    // What the crate knows is ASCII: to the syntax of an address, a letter is a letter (RFC 6531, section 3.3).
    let in_ascii: String = text
        .chars()
        .filter(|c| !is_joiner(*c))
        .map(|c| if is_international(c) { 'x' } else { c })
        .collect();
    in_ascii.is_ascii()
        && text.len() <= 254
        && text
            .rsplit_once('@')
            .is_some_and(|(local, _)| local.len() <= 64)
        && unicode::are_marks_in_place(text)
        && EmailAddress::parse_with_options(&in_ascii, options).is_ok()
}

/// A display name: 1 to 64 characters, one of which can be seen, and none that hides within the text, ends its line or
/// changes its direction.
#[derive(Clone, PartialEq, Eq)]
pub struct Nickname(String);

text_type!(Nickname);

impl FromStr for Nickname {
    type Err = InvalidProfileError;

    fn from_str(text: &str) -> Result<Self, InvalidProfileError> {
        if text.chars().count() > 64 || !text.chars().any(unicode::is_visible) {
            return Err(InvalidProfileError(
                "must have 1 to 64 characters, one of them visible",
            ));
        }
        check_line(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Refuses what hides within a text, ends its line or changes its direction.
fn check_line(text: &str) -> Result<(), InvalidProfileError> {
    if text.chars().any(unicode::disturbs_its_surroundings) {
        return Err(InvalidProfileError(
            "must not hold control characters or direction marks",
        ));
    }
    if !unicode::are_ignorables_in_place(text) {
        return Err(InvalidProfileError("must not hold invisible characters"));
    }
    Ok(())
}

/// A line of text that other people may see, of at most `MAX` characters, by the rules of a nickname: a title, a remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

impl<const MAX: usize> Line<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = InvalidProfileError;

    fn from_str(text: &str) -> Result<Self, InvalidProfileError> {
        if text.chars().count() > MAX {
            return Err(InvalidProfileError("is too long"));
        }
        if !text.chars().any(unicode::is_visible) {
            return Err(InvalidProfileError("must have a visible character"));
        }
        check_line(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// A phone number as WeChat's rules for personal data want it shown: the first 3 and the last 2 of ten and more digits,
/// 2 and 2 of fewer, and nothing of a number that this would show whole.
pub fn masked_phone(phone: &str) -> String {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let (head, tail) = match digits {
        10.. => (3, 2),
        5.. => (2, 2),
        _ => (0, 0),
    };
    let mut position = 0;
    let masked = phone.chars().map(|c| {
        if !c.is_ascii_digit() {
            return c;
        }
        position += 1;
        if position <= head || position > digits - tail {
            c
        } else {
            '*'
        }
    });
    masked.collect()
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
