//! How version 0.1 compared names. Claims in its form are in the table, and more come while it runs beside this version;
//! nothing else may use it, and it can go once no claim of its is left.

use super::NFKC;

/// What it told apart that is one name now, in what is written today: the final sigma, and ß. It told apart, too, the
/// letters of Old Church Slavonic and the iota below Greek vowels; whoever has a name in these keeps it, but is not
/// looked for.
const TOLD_APART: [(&str, &str); 2] = [("σ", "ς"), ("ss", "ß")];
/// More spellings of a name than four of these letters give are not looked for.
const MAX_SPELLINGS: usize = 16;

/// NFKC and the lower case of each character.
pub(crate) fn compared_formerly(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = NFKC
        .normalize(text)
        .chars()
        .flat_map(char::to_lowercase)
        .collect();
    NFKC.normalize(&lower).into_owned()
}

/// The former forms of what now compares as `form`.
pub(crate) fn former_spellings(form: &str) -> Vec<String> {
    let form = compared_formerly(form);
    // The spellings of what follows each character, from the end: by its place.
    let mut ends = vec![Vec::new(); form.len() + 1];
    ends[form.len()] = vec![String::new()];
    for (at, c) in form.char_indices().rev() {
        let same = ends[at + c.len_utf8()].iter();
        let mut spellings: Vec<String> = same.map(|end| format!("{c}{end}")).collect();
        for (folded, letter) in TOLD_APART {
            if form[at..].starts_with(folded) {
                let other = ends[at + folded.len()].iter();
                spellings.extend(other.map(|end| format!("{letter}{end}")));
            }
        }
        spellings.truncate(MAX_SPELLINGS);
        ends[at] = spellings;
    }
    ends.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unicode::compared;

    #[test]
    fn every_spelling_is_one_of_the_name() {
        for (form, spellings) in [
            ("bob", &["bob"][..]),
            ("νικοσ", &["νικοσ", "νικος"]),
            ("strasse", &["strasse", "straße"]),
            ("sss", &["sss", "sß", "ßs"]),
            ("σασ", &["σασ", "σας", "ςασ", "ςας"]),
            ("ᏣᎳᎩ", &["ꮳꮃꭹ"]),
            ("", &[""]),
        ] {
            assert_eq!(former_spellings(form), spellings);
        }
        for form in [
            "jessica.rossi@assessment-business.com",
            "ssssssssssssssssssssssssssssssss",
        ] {
            let spellings = former_spellings(form);
            assert!(spellings.len() == MAX_SPELLINGS && spellings[0] == form);
            assert!(spellings.iter().all(|spelling| compared(spelling) == form));
        }
    }
}
