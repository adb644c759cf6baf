//! Looks into an object's first bytes: can it be what it was declared to be, by the format's own rules?
//!
//! Nothing is decoded. A format that many encoders write has many faces (brands, optional tags, element lengths), so
//! what is asked is whether a reader of the format would go on reading, not whether the bytes look familiar.

mod ebml;
mod isobmff;
mod mpeg_audio;
mod pdf;
mod picture;
mod script;

use crate::upload::content_type::{ContentType, Format};

/// How many bytes are looked at. A shorter head is the whole object.
pub const HEAD_BYTES: usize = 512;

/// Why an object is not what it was declared to be. The text is the record's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It has no bytes.
    Empty,
    /// Its bytes cannot be of the declared type.
    Type,
    /// It is a picture that holds markup, or that runs as a script.
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
/// Markup and scripts are looked for in pictures alone: a document or a recording that quotes HTML in its title is an
/// ordinary one, and no browser runs it in place of a page.
///
/// # Errors
/// If they do not fit.
pub fn check(head: &[u8], declared: ContentType) -> Result<(), Mismatch> {
    if head.is_empty() {
        return Err(Mismatch::Empty);
    }
    let fits = match declared.format() {
        Format::Jpeg => return picture::check(head, picture::is_jpeg, picture::has_jpeg_segment),
        Format::Gif => return picture::check(head, picture::is_gif, picture::has_gif_block),
        Format::Png => return picture::check(head, picture::is_png, is_binary),
        Format::WebP => return picture::check(head, picture::is_webp, is_binary),
        Format::Bmp => return picture::check(head, picture::is_bmp, is_binary),
        Format::Heif => return picture::check(head, isobmff::is_heif, is_binary),
        Format::Avif => return picture::check(head, isobmff::is_avif, is_binary),
        Format::Mp4 => isobmff::is_mp4(head),
        Format::M4a => isobmff::is_m4a(head),
        Format::QuickTime => isobmff::is_quicktime(head),
        Format::WebM => ebml::is_webm(head),
        Format::MpegAudio => mpeg_audio::is_mpeg_audio(head),
        Format::Pdf => pdf::is_pdf(head),
    };
    if fits { Ok(()) } else { Err(Mismatch::Type) }
}

/// Whether there is a byte that no text has. Headers and compressed data are full of them.
fn is_binary(head: &[u8]) -> bool {
    head.iter()
        .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
}

/// Whether the head is the object.
fn is_whole(head: &[u8]) -> bool {
    head.len() < HEAD_BYTES
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
