//! Joiners, by the rules that RFC 5892 has for them in names (appendix A.1 and A.2, "CONTEXTJ"): they shape letters in
//! Persian and in the scripts of India, and are invisible everywhere else.

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::JoiningType;

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
/// Canonical_Combining_Class of a virama.
const VIRAMA: u8 = 9;

/// Whether the character is one of the two joiners.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, ZWNJ | ZWJ)
}

/// Whether each joiner of the text, which is in NFC, stands where its script needs it.
pub(crate) fn are_joiners_in_place(text: &str) -> bool {
    text.char_indices().all(|(at, c)| {
        let before = &text[..at];
        match c {
            ZWJ => follows_virama(before),
            ZWNJ => {
                let after = &text[at + c.len_utf8()..];
                follows_virama(before) || breaks_a_connection(before, after)
            }
            _ => true,
        }
    })
}

fn follows_virama(before: &str) -> bool {
    let classes = const { CanonicalCombiningClassMapBorrowed::new() };
    let last = before.chars().next_back();
    last.is_some_and(|c| classes.get_u8(c) == VIRAMA)
}

/// `(Joining_Type:{L,D})(Joining_Type:T)*ZWNJ(Joining_Type:T)*(Joining_Type:{R,D})`
fn breaks_a_connection(before: &str, after: &str) -> bool {
    let joining = |c: &char| CodePointMapData::<JoiningType>::new().get(*c);
    let is_opaque = |c: &char| joining(c) != JoiningType::Transparent;
    let left = before.chars().rev().find(is_opaque);
    let right = after.chars().find(is_opaque);
    let connects = |c: Option<char>, side| {
        c.is_some_and(|c| [side, JoiningType::DualJoining].contains(&joining(&c)))
    };
    connects(left, JoiningType::LeftJoining) && connects(right, JoiningType::RightJoining)
}
