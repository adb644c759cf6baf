//! What a text looks like, in the letters of the reserved names: the skeleton of UTS #39, folded for case.
//!
//! The consortium's whole table would add 350 KB to the binary, and most of it looks like nothing that is reserved. What
//! is here is the part of it that does; the test below makes it from the crate `unicode-security`, and fails, showing the
//! new table, when that or the reserved names have changed.

use super::{NFD, NFKC};

/// A text as it is seen, and characters that look like it.
const LOOK_ALIKES: &[(&str, &str)] = &[
    ("a", "ɑΑαАаᎪᗅ⍺Ɑꓮꭤ𐊠𖽀\u{1df5a}\u{1df6a}"),
    ("aa", "Ꜳꜳ"),
    ("ae", "ÆæӔӕ"),
    ("ao", "Ꜵꜵ"),
    ("ar", "🜇"),
    ("au", "Ꜷꜷ"),
    ("ay", "Ꜽꜽ"),
    ("c", "ϲϹСсငၚᏟᲃᴄⲤⲥꓚꮯ𐊢𐌂𐐕𐐽𐔛𑣩𑣲𝄴🝌"),
    ("co", "ꭃ"),
    ("d", "ԀԁᎠᏧᑯᗞᗪꓒꓓꮷ𐆋"),
    ("e", "ΕЕеҼҽᎬ℮⋿ⴹꓰꗋꬲ𐊆𑢦𑢮\u{1df81}"),
    ("f", "ſƒʄϜՔք\u{7d3}ᖴẝ₽Ⳁ⳨ꓝꞘꞙꬵ𐅾𐆠𐊇𐊥𐔥𑢢𑣂𝈓"),
    ("ft", "ﬅ"),
    ("h", "ΗНҺһՀհႹᎻᏂᕼⲎꓧꮒ𐋏"),
    (
        "l",
        "1Ii|¡ıƖǀɩɪΙιІіӀӏՒւ\u{5c0}\u{5d5}\u{5df}\u{627}\u{661}\u{6f1}\u{7ca}।၊ᎥᏞᒪᛁᛐ↿∣⍳⏽│┃Ⲓⲓ",
    ),
    (
        "l",
        "ⳐⵊⵏꓡꓲꕯꙆꙇꞀꞁꞮꟾ꠰꣎꩝ꭵ︱𐊊𐌉𐌠𐐛𐔎𐔦\u{10926}\u{10c3e}\u{10ca5}\u{10cfa}𑁇𑃀𑅁𑇅𑏔𑑋𑗅𑙁𑢣𑢲𑣃𑱁𑷚",
    ),
    ("l", "𑷡𖵣𖺪𖼖𖼨𝄀𝈪𝍷𞅁\u{1e8c7}\u{1ed01}"),
    ("le", "\u{1df5d}"),
    ("ll", "ǁ\u{5f0}॥။Ỻ‖∥꣏𑁈𑃁𑅂𑇆𑏕𑑌𑙂𑱂\u{1d262}"),
    ("lll", "ꔖ"),
    ("lo", "Ю"),
    ("ls", "ʪ"),
    ("lt", "₶"),
    ("n", "ΝՈոռበᑎ∩⋂Ⲛꓠꓵ𐔓𑪾𖫑𝉅"),
    (
        "o",
        "0ΟοςσϛϭОоՕօ\u{5e1}\u{647}\u{665}\u{6be}\u{6c1}\u{6d5}\u{6f5}\u{7c0}\u{7cb}\u{840}०০੦૦ଠ୦௦\u{c02}౦\u{c82}೦\u{d02}ഠ൦\u{d82}๐໐ဝ၀",
    ),
    (
        "o",
        "ჿᄋᆼዐ០ᩅ᪀᪐\u{1bea}ᲂᲿᴏᴑⲋⲞⲟⵔ〇ꓳꬽ𐊒𐊫𐌏𐐄𐐬𐓂𐓪𐔖\u{1092c}\u{10c17}\u{10d07}𑄤\u{11302}𑓐𑢵𑣈𑣗𑣠𑷠𖫩",
    ),
    ("o", "𞅀𞋰"),
    ("oe", "Œœ"),
    ("ol", "\u{1df5e}\u{1ee64}"),
    ("oo", "ᅇᇮ∞ꚘꚙꝎꝏ"),
    ("ou", "\u{1df5f}"),
    ("oy", "Ѹѹ"),
    ("p", "ÞþƿǷΡρϷϸРрᏢᑭᚦ⍴ⲢⲣⳎⳏꓑ𐊕𐓄𖧖"),
    ("r", "ƦɌгᎡᏒᖇᴦⲅꓣꭇꭈꮁ𐒴𖨙𖼵𝈖"),
    ("rn", "MmΜϺМՠᎷᗰᛖⲘꓟ𐊰𐌑\u{10c21}𑜀𑣣"),
    ("s", "ƽЅѕՏടႽჽᏕᏚᲽꓢꕶꜱꮪ𐊖𐐠𐑈𑢡𑣁𖫖𖼺"),
    ("ss", "ßβᏰẞꞵꟖꟗ"),
    ("sss", "🝜"),
    ("t", "ΤТ\u{7e0}Ꭲ⊤⟙Ⲧㄒ丅ꓔꔋ𐊗𐊱𐌕𑢼𖼊𝍳🝨"),
    ("tf", "ꝷ"),
    ("th", "\u{1df64}"),
    ("ts", "ʦ"),
    ("u", "ƲʋυՍսሀᑌᴜ∪⋃ꓴꞟꭎꭒ𐓎𐓶𑢸𑣘𖽂"),
    ("ue", "ᵫ"),
    ("uo", "ꭣ"),
    ("w", "ƜɯШшѠѡԜԝԱաᎳᏇᏔᗯᴡ⧢Ⲽⲽꓪꟺꮃꮤ𑜊𑜎𑜏𑣦𑣯𝈌𝈢\u{1df7c}\u{1df7d}"),
    ("wh", "\u{1df65}"),
    (
        "x",
        "×ΧХхᕁᕽ᙭᙮ᚷᝣ\u{1bec}ᳵ╳⤫⤬⨯ⲬⵝꓫꞳ𐊐𐊴𐌗𐌢𐔧\u{10c13}\u{10c82}\u{10cc2}\u{10cfc}𑣬",
    ),
    (
        "y",
        "ƔɣʏΓΥγГУуҮү\u{7cc}ყᎩᎱᎽᒥᲧᶌỾỿⲄⲨⲩㄚ丫ꓬ\u{a7e2}ꭚ𐊲𐔏\u{10c20}𑢤𑣄𑣜𖼇𖽃",
    ),
];

/// U+0307: not seen on a letter that has its dot already (`i̇`, which is what İ becomes).
const DOT_ABOVE: char = '\u{307}';

fn look_alike(c: char) -> Option<&'static str> {
    let row = LOOK_ALIKES.iter().find(|(_, all)| all.contains(c));
    row.map(|(seen, _)| *seen)
}

/// The text as it is seen. Two texts that look alike give the same; `i`, `I`, `l` and `1` are one.
pub(crate) fn appearance(text: &str) -> String {
    let mut seen = String::new();
    for c in NFD.normalize(text).chars() {
        if c == DOT_ABOVE && seen.ends_with('l') {
            continue;
        }
        if let Some(as_seen) = look_alike(c) {
            seen.push_str(as_seen);
            continue;
        }
        for c in NFKC.normalize(c.encode_utf8(&mut [0; 4])).chars() {
            match look_alike(c) {
                Some(as_seen) => seen.push_str(as_seen),
                None => seen.extend(c.to_lowercase()),
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::profile::RESERVED;
    use crate::unicode::{CASES, is_mark};

    /// The appearance by the consortium's data: the skeleton, folded for case. An `i` is an `I` in small, which looks
    /// like an `l`.
    fn expected(text: &str) -> String {
        let skeleton = |text: &str| -> String {
            unicode_security::confusable_detection::skeleton(text).collect()
        };
        skeleton(&CASES.fold_string(&skeleton(text))).replace('i', "l")
    }

    /// The characters that look like something made of the reserved names' letters, and how; but for those that
    /// [`appearance`] leads to another one of them.
    fn look_alikes() -> BTreeMap<char, String> {
        let reserved: String = RESERVED.into_iter().map(expected).collect();
        let letters: BTreeSet<char> = reserved.chars().collect();
        let mut found = BTreeMap::<char, String>::new();
        let mut compatible = Vec::new();
        // There is nothing above plane 3.
        for c in '\0'..'\u{40000}' {
            let text = c.to_string();
            if NFD.normalize(&text) != text {
                continue;
            }
            let seen = expected(&text);
            if seen.is_empty() || !seen.chars().all(|c| letters.contains(&c)) {
                continue;
            }
            if NFKC.normalize(&text) != text {
                compatible.push((c, seen));
            } else if c.to_lowercase().to_string() != seen {
                found.insert(c, seen);
            }
        }
        for (c, seen) in compatible {
            let by_way: String = NFKC
                .normalize(&c.to_string())
                .chars()
                .map(|c| found.get(&c).cloned().unwrap_or(c.to_lowercase().collect()))
                .collect();
            if by_way != seen {
                found.insert(c, seen);
            }
        }
        found
    }

    /// The character in a string of the source: as it is, unless it would be drawn elsewhere or not at all.
    fn in_source(c: char) -> String {
        let is_right_to_left = matches!(c, '\u{590}'..='\u{8ff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
        if is_mark(c) || is_right_to_left {
            c.escape_unicode().to_string()
        } else {
            c.escape_debug().to_string()
        }
    }

    #[test]
    fn the_table_is_what_the_consortium_says() {
        let mut rows = BTreeMap::<String, Vec<char>>::new();
        for (c, seen) in look_alikes() {
            rows.entry(seen).or_default().push(c);
        }
        let rows = rows
            .iter()
            .flat_map(|(seen, all)| all.chunks(40).map(move |all| (seen.as_str(), all)));
        let (mut table, mut source) = (Vec::new(), String::new());
        for (seen, all) in rows {
            let shown: String = all.iter().copied().map(in_source).collect();
            source += &format!("    (\"{seen}\", \"{shown}\"),\n");
            table.push((seen, all.iter().collect::<String>()));
        }
        let is_same = table
            .iter()
            .map(|(seen, all)| (*seen, all.as_str()))
            .eq(LOOK_ALIKES.iter().copied());
        assert!(is_same, "the table is to be:\n{source}");
    }

    #[test]
    fn case_does_not_change_what_a_reserved_name_looks_like() {
        for name in RESERVED {
            assert_eq!(appearance(name), expected(name));
            assert_eq!(appearance(&name.to_uppercase()), appearance(name), "{name}");
        }
    }
}
