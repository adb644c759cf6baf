//! Object keys and the ids in them, and the places in lists: one text for each value, and nothing else is one.

use std::sync::LazyLock;

use regex_lite::Regex;
use shared::ids::{OpenId, SessionId, UploadId, UserId};
use shared::store::audit::is_audit_position;
use shared::store::review::{ReviewId, is_review_position};
use shared::store::user::is_list_position;
use shared::upload::key::ObjectKey;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "ids",
    seeds,
    tokens: &[
        "u/", "/", ".", ".jpg", ".png", ".svg", "u", "zz", "2", "7", "#", "-", "%2F", "\n",
        "\u{212a}",
    ],
    check,
    cases: 3000,
};

const USER: &str = "u5esjy36duo2g3uwfwiew2hluhz";

/// By the rules as the documentation has them.
static PATTERNS: LazyLock<[Regex; 9]> = LazyLock::new(|| {
    let user = "u[a-z2-7]{26}";
    // 26 symbols of five bits hold 128 bits: the last two must be zero.
    let upload = "[0-9a-hjkmnp-tv-z]{25}[048cgmrw]";
    let extension = "(?:jpg|png|webp|gif|heic|avif|bmp|mp4|mov|webm|mp3|m4a|pdf)";
    // A generation from 1 to 32767, without zeros before it.
    let epoch =
        "(?:[1-9][0-9]{0,3}|[12][0-9]{4}|3[01][0-9]{3}|32[0-6][0-9]{2}|327[0-5][0-9]|3276[0-7])";
    let review = format!(
        "{user}-(?:upload-{upload}|(?:nickname|text)-{epoch}-[0-9a-f]{{32}}|account-{epoch})"
    );
    [
        format!("u/{user}/{upload}\\.{extension}"),
        user.to_owned(),
        upload.to_owned(),
        "[0-9a-f]{16}".to_owned(),
        "[A-Za-z0-9_-]{1,128}".to_owned(),
        format!("[0-9]{{15}}#{user}"),
        "[0-9]{15}-[0-9a-f]{16}".to_owned(),
        review.clone(),
        format!("[0-9]{{15}}#{review}"),
    ]
    .map(|pattern| Regex::new(&format!("\\A(?:{pattern})\\z")).expect("a pattern"))
});

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        format!("u/{USER}/06dqxtn6t20037sw59rx81dyd0.jpg"),
        format!("u/{USER}/06dqxtncng0027c8wvx0fgtbj8.webm"),
        USER.to_owned(),
        "06dqxtn6t20037sw59rx81dyd0".to_owned(),
        "0123456789abcdef".to_owned(),
        "oAbC-123_x".to_owned(),
        format!("001767323045000#{USER}"),
        "001767323045000-0123456789abcdef".to_owned(),
        format!("{USER}-upload-06dqxtn6t20037sw59rx81dyd0"),
        format!("{USER}-nickname-12-0123456789abcdef0123456789abcdef"),
        format!("001767323045000#{USER}-account-32767"),
    ];
    texts.map(String::into_bytes).into()
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let key = text.parse::<ObjectKey>();
    let upload = text.parse::<UploadId>();
    let review = text.parse::<ReviewId>();
    let accepted = [
        key.is_ok(),
        text.parse::<UserId>().is_ok(),
        upload.is_ok(),
        text.parse::<SessionId>().is_ok(),
        text.parse::<OpenId>().is_ok(),
        is_list_position(text),
        is_audit_position(text),
        review.is_ok(),
        is_review_position(text),
    ];
    let expected = PATTERNS.each_ref().map(|pattern| pattern.is_match(text));
    assert_eq!(accepted, expected, "{text:?}");
    if let Ok(key) = key {
        assert_eq!(key.to_string(), text);
        assert!(text.starts_with(&ObjectKey::prefix(&key.user)));
    }
    if let Ok(review) = review {
        assert_eq!(review.to_string(), text);
    }
    if let Ok(upload) = upload {
        assert_eq!(upload.to_string(), text);
    }
    accepted.contains(&true)
}
