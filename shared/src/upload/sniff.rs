//! Looks into an object's first bytes.

use crate::upload::content_type::ContentType;

/// How many bytes are looked at.
pub const HEAD_BYTES: usize = 512;

/// What a browser would take for a document if it guessed. No picture's first bytes hold them by chance.
const MARKUP: [&[u8]; 7] = [
    b"<script",
    b"<html",
    b"<!doctype",
    b"<svg",
    b"<iframe",
    b"<?php",
    b"<body",
];

/// Why an object is not what it was declared to be. The text is the record's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It has no bytes.
    Empty,
    /// Its bytes are of another type, or of none that is known.
    Type,
    /// It begins as what it should be, and holds markup as well.
    Polyglot,
}

impl Mismatch {
    /// The reason as the API gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Type => "type_mismatch",
            Self::Polyglot => "suspicious_content",
        }
    }
}

/// Checks an object's first bytes (up to [`HEAD_BYTES`]) against the type it was declared to have.
///
/// # Errors
/// If they do not fit.
pub fn check(head: &[u8], declared: ContentType) -> Result<(), Mismatch> {
    if head.is_empty() {
        return Err(Mismatch::Empty);
    }
    let found = infer::get(head).is_some_and(|found| found.mime_type() == declared.as_str());
    if !found || !has_full_signature(head, declared) {
        return Err(Mismatch::Type);
    }
    if holds_markup(head) || is_gif_script(head) {
        Err(Mismatch::Polyglot)
    } else {
        Ok(())
    }
}

/// The detector is content with part of some signatures (`GIF`, four bytes of PNG's eight, `WEBP` without `RIFF`).
fn has_full_signature(head: &[u8], declared: ContentType) -> bool {
    match declared.as_str() {
        "image/gif" => head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a"),
        "image/png" => head.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        "image/webp" => head.starts_with(b"RIFF") && head.get(8..15) == Some(b"WEBPVP8"),
        _ => true,
    }
}

fn holds_markup(head: &[u8]) -> bool {
    let lower = head.to_ascii_lowercase();
    MARKUP
        .iter()
        .any(|marker| lower.windows(marker.len()).any(|window| window == *marker))
}

/// `GIF89a/*` and `GIF89a=` are valid starts of a script; as a GIF, they would be 10,799 or more pixels wide.
fn is_gif_script(head: &[u8]) -> bool {
    head.starts_with(b"GIF8")
        && head
            .get(6..)
            .is_some_and(|rest| rest.starts_with(b"/*") || rest.starts_with(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    const WEBP: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L";

    fn of(declared: &str, head: &[u8]) -> Result<(), Mismatch> {
        check(head, declared.parse().unwrap())
    }

    #[test]
    fn pictures_are_what_they_say() {
        for (declared, head) in [
            ("image/png", PNG),
            ("image/gif", GIF),
            ("image/jpeg", JPEG),
            ("image/webp", WEBP),
        ] {
            assert_eq!(of(declared, head), Ok(()), "{declared}");
        }
    }

    #[test]
    fn what_only_claims_to_be_a_picture_is_caught() {
        assert_eq!(of("image/png", b""), Err(Mismatch::Empty));
        for (declared, head) in [
            ("image/gif", b"GIF<script>".as_slice()),
            ("image/webp", b"<script>WEBPVP8L"),
            ("image/png", b"\x89PNG<script>alert(1)</script>"),
        ] {
            assert_eq!(of(declared, head), Err(Mismatch::Type), "{declared}");
        }
        for head in [
            GIF,
            JPEG,
            b"<html>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\0",
            b"%PDF-1.7",
        ] {
            assert_eq!(of("image/png", head), Err(Mismatch::Type));
        }
        assert_eq!(
            of("image/gif", b"GIF89a/*\0\0*/=alert(1)"),
            Err(Mismatch::Polyglot)
        );
        let padded = [GIF, b"\x21\xfe\x20<ScRiPt>alert(1)</script>"].concat();
        assert_eq!(of("image/gif", &padded), Err(Mismatch::Polyglot));
    }
}
