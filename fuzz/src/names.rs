//! Usernames, e-mail addresses and nicknames: what is taken is kept as it was given, has one compared form whatever form
//! it is written in, and hides nothing.

use shared::profile::{Email, Nickname, Username};
use unicode_normalization::UnicodeNormalization;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "names",
    seeds,
    tokens: &[
        "\u{301}",
        "\u{200d}",
        "\u{200b}",
        "\u{202e}",
        "\u{2066}",
        "\u{feff}",
        "\u{ad}",
        "\n",
        "\0",
        "\u{212a}",
        "ß",
        "ς",
        "ﬁ",
        "ı",
        "İ",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{fe0f}",
        "\u{e0041}",
        "@",
        ".",
        "..",
        "\"",
        " ",
        "\u{3000}",
        "me",
        "admin",
        "\u{fdfa}",
        "한",
        "ᄒ",
    ],
    check,
    cases: 3000,
};

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "alice_1",
        "Zoë-1",
        "王小明123",
        "ＡＬＩＣＥ",
        "Ǆungla",
        "नमस्ते",
        "می\u{200c}خواهم",
        "admin",
        "WeChat",
        "alice@example.com",
        "jörg@bücher.example",
        "\u{1f600} Alice",
        "Ann\u{301}e",
        "한국어이름",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

/// What changes how the text around it is shown (Unicode's bidirectional controls), and what ends a line.
fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let name = text.parse::<Username>();
    let email = text.parse::<Email>();
    let nickname = text.parse::<Nickname>();
    if let Ok(name) = &name {
        username(text, name);
    }
    if let Ok(email) = &email {
        assert!(
            text.nfc().eq(email.as_str().chars()),
            "an address is kept in NFC"
        );
        assert!(email.as_str().len() <= 254 && email.as_str().contains('@'));
        assert!(!email.as_str().chars().any(disturbs));
        let again = email
            .compared()
            .parse::<Email>()
            .expect("a compared form is an address");
        assert_eq!(again.compared(), email.compared());
    }
    if let Ok(nickname) = &nickname {
        assert_eq!(nickname.as_str(), text);
        assert!(
            (1..=64).contains(&text.chars().count()) && !text.chars().any(disturbs),
            "{text:?}"
        );
        assert!(!text.trim().is_empty());
    }
    let shown = format!("{name:?} {email:?} {nickname:?}");
    assert!(
        text.chars().count() < 8 || !shown.contains(text),
        "a log would show it"
    );
    name.is_ok() || email.is_ok() || nickname.is_ok()
}

fn username(text: &str, name: &Username) {
    assert_eq!(name.as_str(), text);
    let form = name.compared();
    assert!((3..=32).contains(&form.chars().count()));
    assert!(!text.chars().any(disturbs) && !text.contains(char::is_whitespace));
    assert!(
        !["admin", "me", "root", "wechat", "微信", "official"]
            .contains(&text.to_lowercase().as_str())
    );
    // One name, in whatever form of Unicode and in whatever case it is written.
    let forms = [
        text.nfc().collect(),
        text.nfd().collect(),
        text.nfkc().collect(),
        form.clone(),
    ];
    for other in forms.iter().map(String::as_str) {
        let other = Username::sought(other);
        assert_eq!(
            other.map(|other| other.compared()).as_ref(),
            Ok(&form),
            "{text:?}"
        );
    }
}
