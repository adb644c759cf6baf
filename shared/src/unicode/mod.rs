//! What Unicode says of text: when two texts are the same name, which characters cannot be seen, where a joiner belongs.
//!
//! The data are ICU4X's, compiled in; they cost nothing at start.

pub(crate) mod confusables;
pub(crate) mod former;
mod joiners;

use std::borrow::Cow;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup,
    NoncharacterCodePoint, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

pub(crate) use joiners::{are_joiners_in_place, is_joiner};

const CASES: CaseMapperBorrowed<'static> = CaseMapper::new();
const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// The black flag, which tags turn into the flag of a region (UTS #51, ED-14a).
const BLACK_FLAG: char = '\u{1f3f4}';
/// Characters that fonts draw as nothing though no property says so: the object replacement character, braille and
/// musical notation without a dot or head, and the blanks of hieroglyphs.
const BLANK: [char; 5] = [
    '\u{fffc}',
    '\u{2800}',
    '\u{1d159}',
    '\u{13441}',
    '\u{13442}',
];

/// The text in Unicode Normalization Form C (UAX #15).
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    NFC.normalize(text)
}

/// toNFKC_Casefold(NFD(X)): two texts are an identifier caseless match (Unicode, D147) if this is the same for both.
pub(crate) fn compared(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut form = NFD.normalize(text).into_owned();
    // The mapping is defined as the fixed point of these steps. Compatibility mappings give capitals (℡) and folding
    // gives what can be composed (ᾳ), so that it takes three rounds at most.
    for _ in 0..4 {
        let visible: String = form.chars().filter(|c| !is_ignorable(*c)).collect();
        let next = NFKC.normalize(&CASES.fold_string(&visible)).into_owned();
        if next == form {
            break;
        }
        form = next;
    }
    form
}

fn is_in_group(c: char, group: GeneralCategoryGroup) -> bool {
    group.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// Whether a renderer shows nothing for the character, whether it knows it or not (Default_Ignorable_Code_Point).
pub(crate) fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether the character is a letter or a digit of any script.
pub(crate) fn is_letter_or_digit(c: char) -> bool {
    let group = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);
    is_in_group(c, group) && !BLANK.contains(&c)
}

/// Whether the character is a mark that belongs to the letter before it: an accent, a vowel sign, a virama.
pub(crate) fn is_mark(c: char) -> bool {
    let group = GeneralCategoryGroup::NonspacingMark.union(GeneralCategoryGroup::SpacingMark);
    is_in_group(c, group)
}

/// Whether each mark follows a letter, a digit or another mark. Any other would join the text around it.
pub(crate) fn are_marks_in_place(text: &str) -> bool {
    let mut before = None;
    text.chars().all(|c| {
        let base = before.replace(c);
        !is_mark(c) || base.is_some_and(|b| is_letter_or_digit(b) || is_mark(b) || is_joiner(b))
    })
}

/// Whether the character is seen by itself. One that is not assigned yet may be an emoji of next year, which phones know
/// before we do.
pub(crate) fn is_visible(c: char) -> bool {
    let unseen = GeneralCategoryGroup::Separator
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::Control)
        .union(GeneralCategoryGroup::Format);
    !is_in_group(c, unseen)
        && !is_ignorable(c)
        && !BLANK.contains(&c)
        && !CodePointSetData::new::<NoncharacterCodePoint>().contains(c)
}

/// Whether the character reaches beyond the text it stands in: controls, ends of lines and paragraphs, and the marks of
/// the bidirectional algorithm (UAX #9).
pub(crate) fn disturbs_its_surroundings(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || CodePointSetData::new::<BidiControl>().contains(c)
}

/// Whether what cannot be seen belongs to something that can: one variation selector or joiner after a character, and
/// the tags of a flag. Anything else hides text within text.
pub(crate) fn are_ignorables_in_place(text: &str) -> bool {
    let is_selector = |c| CodePointSetData::new::<VariationSelector>().contains(c);
    let mut before = None;
    let mut in_flag = false;
    text.chars().all(|c| {
        let base: Option<char> = before.replace(c);
        let is_tag = matches!(c, '\u{e0020}'..='\u{e007f}');
        in_flag = c == BLACK_FLAG || (in_flag && is_tag && base != Some('\u{e007f}'));
        !is_ignorable(c)
            || (is_tag && in_flag)
            || base.is_some_and(|base| {
                (is_joiner(c) && !is_joiner(base))
                    || (is_selector(c) && !is_joiner(base) && !is_selector(base))
            })
    })
}
