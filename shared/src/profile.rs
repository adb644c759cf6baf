//! What a person says of themselves: usernames, e-mail addresses, nicknames. Each keeps the text as it was given, byte
//! for byte, and the unique ones know the form in which they are compared.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// Names that would let their owner pass for somebody else, in compared form.
const RESERVED: [&str; 22] = [
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
];

/// The text cannot be what it is meant to be; says why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(&'static str);

/// The form in which unique texts are compared: Unicode NFKC and lower case.
fn compared(text: &str) -> String {
    // Lower-casing can undo composition (as with İ), so it is composed once more.
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.nfkc().collect()
}

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

/// A unique name: 3 to 32 letters, digits, `_` or `-` of any script, compared after NFKC and lower-casing.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(String);

text_type!(Username);

impl Username {
    /// The form in which it is unique.
    pub fn compared(&self) -> String {
        compared(&self.0)
    }
}

impl FromStr for Username {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        // Bounds the work of normalising: no text of 32 characters is longer.
        if text.len() > 256 {
            return Err(Unfit("must have 3 to 32 characters"));
        }
        let form = compared(text);
        if !(3..=32).contains(&form.chars().count()) {
            return Err(Unfit("must have 3 to 32 characters"));
        }
        if !form
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        {
            return Err(Unfit("may hold letters, digits, _ and - only"));
        }
        if RESERVED.contains(&form.as_str()) {
            return Err(Unfit("is reserved"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// An e-mail address of up to 254 bytes, unique after NFKC and lower-casing.
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
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let options = Options::default()
            .without_display_text()
            .without_domain_literal()
            .with_required_tld();
        match EmailAddress::parse_with_options(text, options) {
            // The compared form is a key of the table, and normalising can make a text many times longer.
            Ok(_) if text.len() <= 254 && compared(text).len() <= 254 => Ok(Self(text.to_owned())),
            _ => Err(Unfit("must be an e-mail address")),
        }
    }
}

/// A display name: 1 to 64 characters, not blank, without control characters or marks that change the direction of text.
#[derive(Clone, PartialEq, Eq)]
pub struct Nickname(String);

text_type!(Nickname);

impl FromStr for Nickname {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        if text.trim().is_empty() || text.chars().count() > 64 {
            return Err(Unfit("must have 1 to 64 characters, not all of them blank"));
        }
        if text
            .chars()
            .any(|c| c.is_control() || changes_lines_or_direction(c))
        {
            return Err(Unfit("must not hold control characters or direction marks"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Line and paragraph separators, and the marks of Unicode's bidirectional algorithm (UAX #9): they reach beyond the
/// name into the text around it.
fn changes_lines_or_direction(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A phone number with its middle hidden: `138****8000`.
pub fn masked_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    let (head, tail) = if digits.len() >= 11 {
        (digits.len() - 8, 4)
    } else {
        (0, digits.len().min(2))
    };
    let hidden = digits.len() - head - tail;
    digits[..head]
        .iter()
        .chain(&vec!['*'; hidden])
        .chain(&digits[head + hidden..])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn usernames_that_look_alike_are_one() {
        let forms: Vec<_> = ["Bob", "bob", "Ｂｏｂ", "BOB"]
            .map(|t| t.parse::<Username>().unwrap().compared())
            .into();
        assert!(forms.iter().all(|form| form == "bob"), "{forms:?}");
        assert_eq!("Ｂｏｂ".parse::<Username>().unwrap().as_str(), "Ｂｏｂ");
        assert!("小程序员".parse::<Username>().is_ok());
    }

    #[test]
    fn unfit_usernames_say_why() {
        for text in [
            "",
            "ab",
            "a b c",
            "a.b",
            "me@x.cn",
            "Admin",
            "ＡＤＭＩＮ",
            "管理员",
            "a\u{0}b",
            "😀😀😀",
        ] {
            assert!(text.parse::<Username>().is_err(), "{text}");
        }
        assert!(
            "x".repeat(32).parse::<Username>().is_ok()
                && "x".repeat(33).parse::<Username>().is_err()
        );
        assert!("汉".repeat(32).parse::<Username>().is_ok());
    }

    #[test]
    fn emails_are_checked() {
        for text in [
            "a@b.cn",
            "first.last+tag@mail.example.com",
            "张三@例子.中国",
        ] {
            assert!(text.parse::<Email>().is_ok(), "{text}");
        }
        for text in [
            "",
            "a",
            "a@",
            "@b.cn",
            "a@b",
            "a b@c.cn",
            "A <a@b.cn>",
            "a@[127.0.0.1]",
            "a@b.cn\n",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
        assert!(
            format!("a@{}.cn", "b".repeat(255))
                .parse::<Email>()
                .is_err()
        );
    }

    #[test]
    fn nicknames_keep_emoji_and_refuse_what_moves_text() {
        for text in ["小明", "👨‍👩‍👧", "🏳️‍🌈 ok", "a", " a "] {
            assert_eq!(text.parse::<Nickname>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "  ",
            "\u{3000}",
            "a\nb",
            "a\u{202e}b",
            "\u{200f}",
            "a\u{0}",
            "a\u{2028}",
        ] {
            assert!(text.parse::<Nickname>().is_err(), "{text:?}");
        }
        assert!(
            "😀".repeat(64).parse::<Nickname>().is_ok()
                && "😀".repeat(65).parse::<Nickname>().is_err()
        );
    }

    #[test]
    fn phones_are_masked() {
        assert_eq!(masked_phone("13800138000"), "138****8000");
        assert_eq!(masked_phone("+8613800138000"), "+86138****8000");
        assert_eq!(masked_phone("12345"), "***45");
        assert_eq!(masked_phone(""), "");
    }

    proptest! {
        #[test]
        fn the_compared_form_is_a_fixed_point(text in "\\PC{0,40}") {
            let once = compared(&text);
            prop_assert_eq!(compared(&once), once);
        }
    }
}
