//! The content types that can be uploaded: those whose bytes can be told from others.

use std::fmt;
use std::str::FromStr;

/// Media type, file extension, format. SVG and HTML are not here, and never will be: they run scripts where they are
/// shown.
const KNOWN: [(&str, &str, Format); 13] = [
    ("image/jpeg", "jpg", Format::Jpeg),
    ("image/png", "png", Format::Png),
    ("image/webp", "webp", Format::WebP),
    ("image/gif", "gif", Format::Gif),
    ("image/heif", "heic", Format::Heif),
    ("image/avif", "avif", Format::Avif),
    ("image/bmp", "bmp", Format::Bmp),
    ("video/mp4", "mp4", Format::Mp4),
    ("video/quicktime", "mov", Format::QuickTime),
    ("video/webm", "webm", Format::WebM),
    ("audio/mpeg", "mp3", Format::MpegAudio),
    ("audio/m4a", "m4a", Format::M4a),
    ("application/pdf", "pdf", Format::Pdf),
];

/// What the bytes of a media type are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Heif,
    Avif,
    Bmp,
    Mp4,
    QuickTime,
    WebM,
    MpegAudio,
    M4a,
    Pdf,
}

/// A media type that uploads may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentType(usize);

/// The text is not a media type that can be told from others by its bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a content type that can be uploaded")]
pub struct UnknownContentTypeError;

impl ContentType {
    /// The media type, as in `image/jpeg`.
    pub fn as_str(self) -> &'static str {
        KNOWN[self.0].0
    }

    /// The file extension, without its dot.
    pub fn extension(self) -> &'static str {
        KNOWN[self.0].1
    }

    pub(super) fn format(self) -> Format {
        KNOWN[self.0].2
    }

    /// The type with that extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        KNOWN
            .iter()
            .position(|(_, known, _)| *known == extension)
            .map(Self)
    }
}

impl FromStr for ContentType {
    type Err = UnknownContentTypeError;

    fn from_str(text: &str) -> Result<Self, UnknownContentTypeError> {
        KNOWN
            .iter()
            .position(|(known, ..)| *known == text)
            .map(Self)
            .ok_or(UnknownContentTypeError)
    }
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_extension_lead_back_to_the_type() {
        for known in (0..KNOWN.len()).map(ContentType) {
            assert_eq!(known.as_str().parse(), Ok(known));
            assert_eq!(ContentType::of_extension(known.extension()), Some(known));
        }
    }
}
