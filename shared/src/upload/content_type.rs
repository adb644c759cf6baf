//! The content types that can be uploaded: those whose bytes can be told from others.

use std::fmt;
use std::str::FromStr;

/// Media type and file extension. SVG and HTML are not here, and never will be: they run scripts where they are shown.
const KNOWN: [(&str, &str); 12] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/heif", "heic"),
    ("image/avif", "avif"),
    ("image/bmp", "bmp"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("audio/mpeg", "mp3"),
    ("audio/m4a", "m4a"),
    ("application/pdf", "pdf"),
];

/// A media type that uploads may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentType(usize);

/// The text is not a media type that can be told from others by its bytes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a content type that can be uploaded")]
pub struct Unknown;

impl ContentType {
    /// The media type, as in `image/jpeg`.
    pub fn as_str(self) -> &'static str {
        KNOWN[self.0].0
    }

    /// The file extension, without its dot.
    pub fn extension(self) -> &'static str {
        KNOWN[self.0].1
    }

    /// The type with that extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        KNOWN
            .iter()
            .position(|(_, known)| *known == extension)
            .map(Self)
    }
}

impl FromStr for ContentType {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        KNOWN
            .iter()
            .position(|(known, _)| *known == text)
            .map(Self)
            .ok_or(Unknown)
    }
}

impl fmt::Debug for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
