use super::*;
use crate::unicode::former::compared_formerly;
use proptest::prelude::*;

fn name(text: &str) -> String {
    let parsed = text.parse::<Username>();
    parsed
        .unwrap_or_else(|why| panic!("{text}: {why}"))
        .compared()
}

#[test]
fn usernames_that_differ_in_form_or_case_are_one() {
    for (form, spellings) in [
        ("bob", &["Bob", "bob", "Ｂｏｂ", "BOB"][..]),
        ("νικοσ", &["ΝΙΚΟΣ", "νικος", "νικοσ", "Νικος"]),
        ("strasse", &["Straße", "STRASSE", "straſſe", "STRAẞE"]),
        (
            "i\u{307}smail",
            &["İsmail", "i\u{307}smail", "I\u{307}SMAIL"],
        ),
        (
            "ọ̀ṣun",
            &["Ọ̀ṣun", "O\u{323}\u{300}s\u{323}un", "O\u{300}\u{323}ṣUN"],
        ),
        ("Ꮳꮃꭹ".to_uppercase().as_str(), &["ᏣᎳᎩ", "ꮳꮃꭹ", "Ꮳꮃꭹ"]),
        (
            "ᾳλφα".replace('ᾳ', "αι").as_str(),
            &["ᾼλφα", "ᾳλφα", "ΑΙΛΦΑ"],
        ),
        ("각각각", &["각각각", "\u{1100}\u{1161}\u{11a8}각각"]),
        (
            "می\u{200c}خواهم".replace('\u{200c}', "").as_str(),
            &["می\u{200c}خواهم", "میخواهم"],
        ),
    ] {
        for spelling in spellings {
            assert_eq!(name(spelling), form, "{spelling}");
        }
    }
    assert_eq!("Ｂｏｂ".parse::<Username>().unwrap().as_str(), "Ｂｏｂ");
    assert_ne!(name("ısmail"), name("ismail"), "ı has no case but its own");
}

#[test]
fn every_script_has_its_letters_and_their_marks() {
    for text in [
        "小程序员",
        "لیلا_1",
        "מֹשֶׁה",
        "लड़का",
        "தமிழ்",
        "ខ្មែរ",
        "ไก่จิ๋ว",
        "မြန်မာ",
        "ශ්\u{200d}රී",
        "বাংলা",
        "తెలుగు",
        "ಕನ್ನಡ",
        "മലയാളം",
        "ગુજરાતી",
        "ਪੰਜਾਬੀ",
        "བོད་ཡིག".split('་').next().unwrap_or_default(),
        "ລາວລາວ",
        "አማርኛ",
        "Ọ̀ṣun",
        "Việt-Nam",
        "Đức_99",
        "Ольга",
        "ქართული",
        "Հայերեն",
        "ᏣᎳᎩ",
        "𞤆𞤵𞤤𞤢𞤪",
        "ᠮᠣᠩᠭᠣᠯ",
        "ꦗꦮꦗꦮ",
        "ひらがな",
        "カタカナ",
        "한국어",
        "क्\u{200d}ष_",
        "نامه\u{200c}ای",
        "क\u{94d}\u{200c}ष",
        "ÅSE",
        "A\u{30a}se",
        "ⅷ-x",
        "٣٤٥",
    ] {
        assert!(text.parse::<Username>().is_ok(), "{text}");
    }
    let jamo = "\u{1112}\u{1161}\u{11ab}".repeat(32);
    assert!(jamo.len() > 256 && jamo.parse::<Username>().is_ok());
    assert!(
        "x".repeat(32).parse::<Username>().is_ok() && "汉".repeat(32).parse::<Username>().is_ok()
    );
}

#[test]
fn unfit_usernames_say_why() {
    let why = |text: &str| {
        text.parse::<Username>()
            .map_err(|InvalidProfileError(why)| why)
            .err()
    };
    let (long, longer) = ("x".repeat(33), "ß".repeat(17));
    let bytes = "x\u{200c}".repeat(400);
    for text in ["", "ab", "ß", &*long, &longer, &bytes] {
        assert_eq!(why(text), Some("must have 3 to 32 characters"), "{text}");
    }
    for text in [
        "a b c",
        "a.b",
        "me@x.cn",
        "a\u{0}b",
        "😀😀😀",
        "abc\n",
        "a\u{2800}b",
        "🅐🅓🅜🅘🅝",
        "abc\u{20dd}",
        "\u{13441}\u{13441}\u{13441}",
        "\u{e000}bc",
        "\u{378}bc",
    ] {
        assert_eq!(
            why(text),
            Some("may hold letters, digits, _ and - only"),
            "{text}"
        );
    }
    for text in [
        "\u{3164}\u{3164}\u{3164}",
        "admin\u{3164}",
        "\u{115f}\u{1160}\u{ffa0}",
        "a\u{ad}bc",
        "abc\u{200b}",
        "a\u{2060}bc",
        "\u{feff}abc",
        "a\u{34f}bc",
        "abc\u{fe0f}",
        "a\u{202e}bc",
        "abc\u{e0061}",
        "abc\u{180e}",
        "\u{17b4}abc",
        "abc\u{e0100}",
        // Joiners where nothing is to be joined.
        "ab\u{200c}c",
        "ab\u{200d}c",
        "\u{200c}abc",
        "abc\u{200d}",
        "क\u{200d}षा",
        "می\u{200c}",
        "م\u{200c}\u{200c}خخ",
        "د\u{200c}دد",
    ] {
        assert_eq!(
            why(text),
            Some("must not hold invisible characters"),
            "{text:?}"
        );
    }
    for text in ["\u{301}abc", "ab_\u{301}c", "\u{93e}कका", "a-\u{332}b"] {
        assert_eq!(
            why(text),
            Some("must not hold a mark without its letter"),
            "{text:?}"
        );
    }
}

#[test]
fn reserved_names_are_refused_in_every_look_alike() {
    for text in [
        "Admin",
        "ＡＤＭＩＮ",
        "管理员",
        "管理員",
        "null",
        "ROOT",
        "𝐚𝐝𝐦𝐢𝐧",
        "ⒶⒹⓂⒾⓃ",
        "аdmin",
        "ΑDΜΙΝ",
        "АDМIN",
        "ADMİN",
        "admın",
        "admi\u{307}n",
        "ɑdmin",
        "adrnin",
        "adm1n",
        "admlN",
        "admIn",
        "r00t",
        "rοοt",
        "ѕupport",
        "suppοrt",
        "ѕуѕtеm",
        "0fficial",
        "oſſicial",
        "ꓢꓔꓮꓝꓝ",
        "ᏚᎢᎪFF",
        "sеcurity",
        "ԝechat",
        "vvechat".replace("vv", "ѡ").as_str(),
        "wеіхіn",
        "undefіned",
        "moderat0r",
        "hеlp",
        "usеr",
        "apі",
        "anоnymous",
        "administratοr",
        "⼋管理员".trim_start_matches('⼋'),
    ] {
        let refused = text.parse::<Username>();
        assert_eq!(refused, Err(InvalidProfileError("is reserved")), "{text}");
        assert!(
            Username::sought(text).is_ok(),
            "{text} is found all the same"
        );
    }
    for text in [
        "admins",
        "administer",
        "rooter",
        "ádmin",
        "usher",
        "amin",
        "wxid_1",
        "адмирал",
        "supper",
        "heal",
        "ΝΙΚΟΣ",
        "Марина",
    ] {
        assert!(text.parse::<Username>().is_ok(), "{text}");
    }
}

#[test]
fn emails_are_checked() {
    for text in [
        "a@b.cn",
        "first.last+tag@mail.example.com",
        "张三@例子.中国",
        "संपर्क@डाटामेल.भारत",
        "தமிழ்@இந்தியா.com",
        "ខ្មែរ@x.com",
        "δοκιμή@παράδειγμα.ελ",
        "josé@x.es",
        "\"a b\"@x.cn",
        "نامه\u{200c}ای@x.ir",
        "ශ්\u{200d}රී@x.lk",
        "x@a-b.1.cn",
    ] {
        assert_eq!(
            text.parse::<Email>().map(|email| email.0),
            Ok(text.to_owned())
        );
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
        "a..b@x.cn",
        "a@-b.cn",
        "a@b-.cn",
        "a@b..cn",
        "\u{3164}@x.cn",
        "a\u{ad}b@x.cn",
        "a\u{200b}@x.cn",
        "a@x\u{200c}y.cn",
        "\u{301}a@x.cn",
        "a@\u{93e}b.cn",
        "a@b.\u{301}cn",
        "😀@x.cn",
        "a\u{202e}@x.cn",
        "\u{fdfa}@x.cn",
    ] {
        assert!(text.parse::<Email>().is_err(), "{text:?}");
    }
    let decomposed = "jose\u{301}@e\u{301}cole.fr".parse::<Email>().unwrap();
    assert_eq!(decomposed.as_str(), "josé@école.fr");
    assert_eq!(decomposed, "josé@école.fr".parse().unwrap());
    let ends =
        |local: usize, domain: usize| format!("{}@{}.cn", "क".repeat(local), "b".repeat(domain));
    assert!(ends(21, 60).parse::<Email>().is_ok() && ends(22, 60).parse::<Email>().is_err());
    assert!(
        format!("a@{}.cn", "b".repeat(255))
            .parse::<Email>()
            .is_err()
    );
    // As long as is allowed, in the form that is kept; the text itself is longer.
    let long = format!("{}@x.cn", "e\u{301}".repeat(32));
    assert!(long.parse::<Email>().is_ok() && format!("e\u{301}{long}").parse::<Email>().is_err());
}

#[test]
fn nicknames_hold_what_phones_type() {
    for text in [
        "小明",
        "👨‍👩‍👧",
        "🏳️‍🌈 ok",
        "a",
        " a ",
        "❤️‍🔥",
        "👁️‍🗨️",
        "1️⃣",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "👍🏽",
        "🇨🇳",
        "می\u{200c}خواهم",
        "ශ්\u{200d}රී",
        "葛\u{e0100}城",
        "ᠮᠣᠩ\u{180b}",
        "ه\u{200d}",
        "꧁༺小༻꧂",
        "ζั͡",
        "\u{301}a",
        "苏²⁰²⁶ゞ",
        "<b>&\"'",
        "\u{1fb00}",
        "\u{f8ff}",
    ] {
        assert_eq!(
            text.parse::<Nickname>().map(|name| name.0),
            Ok(text.to_owned())
        );
    }
    assert!(
        "😀".repeat(64).parse::<Nickname>().is_ok() && "😀".repeat(65).parse::<Nickname>().is_err()
    );
}

#[test]
fn a_line_is_a_nickname_of_another_length() {
    for text in ["é", "' OR 1=1 --", "👨‍👩‍👧"] {
        assert!(text.parse::<Line<20>>().is_ok(), "{text}");
    }
    for text in [
        "",
        " ",
        "a\nb",
        "\u{202e}a",
        "\u{ffff}\u{202e}",
        "a\u{200b}b",
    ] {
        assert!(text.parse::<Line<20>>().is_err(), "{text:?}");
    }
    assert!("x".repeat(20).parse::<Line<20>>().is_ok());
    assert!("x".repeat(21).parse::<Line<20>>().is_err());
}

#[test]
fn nicknames_are_seen_and_stay_within_themselves() {
    for text in [
        // Nothing is seen.
        "",
        "  ",
        "\u{3000}",
        "\u{a0}",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{3164}",
        "\u{115f}\u{1160}",
        "\u{ffa0}",
        "\u{2800}\u{2800}",
        "\u{ad}",
        "\u{301}",
        "\u{20dd}",
        "\u{93e}",
        "\u{e0061}\u{e007f}",
        "\u{fffc}",
        "\u{13441}",
        "\u{1d159}",
        "\u{feff}",
        "\u{2060} \u{2063}",
        "\u{ffff}",
        "\u{e0100}",
        "\u{fff9}",
        "\u{34f}",
        "\u{180e}",
        "\u{200f}",
        // Something more is seen, but not all of it.
        "a\u{3164}",
        "a\u{200b}b",
        "a\u{ad}",
        "a\u{2060}",
        "\u{feff}a",
        "a\u{e0061}\u{e0062}",
        "\u{200d}a",
        "a\u{200d}\u{200d}",
        "a\u{fe0f}\u{fe00}",
        "a\u{e0100}\u{e0101}",
        "🏴\u{e0067}\u{e007f}\u{e0067}",
        "a\u{fff0}",
        "a\u{2064}",
        "a\u{17b4}",
        "a\u{1d173}",
        // It reaches further.
        "a\nb",
        "a\tb",
        "a\u{202e}b",
        "a\u{0}",
        "a\u{7f}",
        "\u{85}a",
        "a\u{2028}",
        "\u{2066}a",
        "a\u{61c}",
        "a\u{200e}",
    ] {
        assert!(text.parse::<Nickname>().is_err(), "{text:?}");
    }
}

#[test]
fn phones_are_masked_as_wechat_masks_them() {
    for (phone, masked) in [
        ("13800138000", "138******00"),
        ("+8613800138000", "+861********00"),
        ("0212345678", "021*****78"),
        ("+852 1234-5678", "+852 ****-**78"),
        ("912345678", "91*****78"),
        ("12345", "12*45"),
        ("1234", "****"),
        ("", ""),
    ] {
        assert_eq!(masked_phone(phone), masked);
    }
}

#[test]
fn what_was_one_name_still_is() {
    for c in '\0'..='\u{3ffff}' {
        let former = compared_formerly(&c.to_string());
        assert_eq!(compared(&former), compared(&c.to_string()), "{c:?}");
    }
}

/// Text of characters that normalise, fold, join or vanish, and of any others.
fn text() -> impl Strategy<Value = String> {
    let awkward = proptest::sample::select(
        "aAİıßẞſςσΣᾳᾼͅﬁ℡ǅʼnŉÅÅ각각़क़क्ामי\u{5b7}ײַꭰᎠᲀⅷ²①ﷺ\u{301}\u{323}\u{200c}\u{200d}\u{ad}\u{3164}\u{fe0f}é_-1".chars().collect::<Vec<_>>(),
    );
    proptest::collection::vec(prop_oneof![3 => awkward, 1 => any::<char>()], 0..24)
        .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compared_form_is_a_fixed_point(text in text()) {
        let once = compared(&text);
        prop_assert_eq!(compared(&once), once);
        let former = compared_formerly(&text);
        prop_assert_eq!(compared(&former), compared(&text));
    }

    #[test]
    fn forms_and_cases_of_one_text_compare_equal(text in text()) {
        use unicode_normalization::UnicodeNormalization;
        let form = compared(&text);
        for other in [text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect::<String>()] {
            prop_assert_eq!(&compared(&other), &form);
        }
        // Lower case and capitals, but for what has no way back: ı is an I in capitals. Decomposed, for a mark after
        // ᾳ belongs before its iota.
        if !text.contains('ı') {
            let apart: String = text.nfd().collect();
            prop_assert_eq!(&compared(&apart.to_lowercase()), &form);
            prop_assert_eq!(&compared(&apart.to_uppercase()), &form);
        }
    }

    #[test]
    fn what_is_accepted_can_be_seen_and_stored(text in text()) {
        if let Ok(name) = text.parse::<Username>() {
            let form = name.compared();
            prop_assert!(form.chars().any(unicode::is_visible));
            prop_assert!((3..=32).contains(&form.chars().count()) && compared_formerly(&text).len() < 2000);
            // Nothing but joiners is shown without being compared.
            prop_assert!(text.chars().all(|c| is_joiner(c) || !unicode::is_ignorable(c)));
        }
        if let Ok(nickname) = text.parse::<Nickname>() {
            prop_assert!(nickname.as_str().chars().any(unicode::is_visible));
        }
        if let Ok(email) = format!("{text}@{text}.cn").parse::<Email>() {
            prop_assert!(email.as_str().len() <= 254 && email.compared().len() <= 254);
            prop_assert!(email.as_str().parse::<Email>() == Ok(email.clone()));
        }
    }
}

#[test]
fn no_reserved_name_passes_in_other_letters() {
    let mut alike = std::collections::HashMap::<String, Vec<char>>::new();
    for c in '\0'..'\u{20000}' {
        alike.entry(appearance(&c.to_string())).or_default().push(c);
    }
    for name in RESERVED {
        // All that looks like one letter stands for it once, all letters at a time.
        let letters: Vec<_> = name
            .chars()
            .map(|c| &alike[&appearance(&c.to_string())])
            .collect();
        let most = letters.iter().map(|alike| alike.len()).max().unwrap();
        for turn in 0..most {
            let disguised: String = letters
                .iter()
                .map(|alike| alike[turn % alike.len()])
                .collect();
            assert!(disguised.parse::<Username>().is_err(), "{disguised}");
        }
    }
}
