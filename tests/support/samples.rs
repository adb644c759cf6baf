//! Files to upload: the smallest images that decode, and some that only pretend.

use data_encoding::BASE64;

/// A grey JPEG of one pixel.
pub fn jpeg() -> Vec<u8> {
    let mut bytes = jpeg_head();
    bytes.extend_from_slice(&JPEG_TAIL);
    bytes
}

/// The same picture in a file of exactly `size` bytes.
///
/// # Panics
///
/// When the size is smaller than that of [`jpeg`].
pub fn jpeg_of_size(size: usize) -> Vec<u8> {
    let smallest = jpeg().len();
    assert!(size >= smallest, "a JPEG takes {smallest} bytes");
    let mut bytes = jpeg_head();
    // Any number of 0xff may stand before a marker.
    bytes.resize(size - JPEG_TAIL.len(), 0xff);
    bytes.extend_from_slice(&JPEG_TAIL);
    bytes
}

/// Scan header, one byte of data (DC difference 0, end of block, ones to fill it) and the end marker.
const JPEG_TAIL: [u8; 13] = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x3f, 0xff, 0xd9];

fn jpeg_head() -> Vec<u8> {
    // Start, JFIF header; the quantisation table comes next.
    let mut bytes = vec![
        0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
    ];
    bytes.extend_from_slice(&[0xff, 0xdb, 0, 67, 0]);
    bytes.extend_from_slice(&[1; 64]);
    // Baseline frame: 8 bits, 1 by 1, one component.
    bytes.extend_from_slice(&[0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    // Two Huffman tables (DC, AC) of a single code of one bit that stands for 0.
    for class in [0x00, 0x10] {
        bytes.extend_from_slice(&[0xff, 0xc4, 0, 20, class, 1]);
        bytes.extend_from_slice(&[0; 16]);
    }
    bytes
}

/// A black PNG of one pixel.
pub fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    // 1 by 1, 8 bits of grey.
    png_chunk(
        &mut bytes,
        b"IHDR",
        &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0],
    );
    // A zlib stream with one stored block of two zeros (filter, pixel) and its checksum.
    png_chunk(
        &mut bytes,
        b"IDAT",
        &[0x78, 0x01, 1, 2, 0, 0xfd, 0xff, 0, 0, 0, 2, 0, 1],
    );
    png_chunk(&mut bytes, b"IEND", &[]);
    bytes
}

fn png_chunk(bytes: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let body = [kind, data].concat();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(&crc32(&body).to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    });
    !crc
}

/// A black GIF of one pixel.
pub fn gif() -> Vec<u8> {
    gif_of([1, 0])
}

/// A GIF of the given width, one pixel of which is painted.
fn gif_of(width: [u8; 2]) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend_from_slice(&width);
    // Height 1, two colours, background 0, square pixels; black and white.
    bytes.extend_from_slice(&[1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    // An image of 1 by 1 at 0, 0; clear, colour 0, end in codes of three bits; the trailer.
    bytes.extend_from_slice(&[0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b]);
    bytes
}

/// A lossless WebP of one pixel.
pub fn webp() -> Vec<u8> {
    BASE64
        .decode(b"UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
        .unwrap_or_default()
}

/// Every image that is allowed by default, with its content type.
pub fn images() -> [(&'static str, Vec<u8>); 4] {
    [
        ("image/jpeg", jpeg()),
        ("image/png", png()),
        ("image/gif", gif()),
        ("image/webp", webp()),
    ]
}

/// An HTML page.
pub fn html() -> Vec<u8> {
    b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>".to_vec()
}

/// A vector image that carries a script.
pub fn svg() -> Vec<u8> {
    b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec()
}

/// Nothing at all.
pub fn empty() -> Vec<u8> {
    Vec::new()
}

/// Files that are none of the allowed images, by name. The stubs begin like one for a few bytes, or carry its word where
/// a careless look expects it, and go on as something else.
pub fn hostile() -> [(&'static str, Vec<u8>); 7] {
    [
        ("html", html()),
        ("svg", svg()),
        ("empty", empty()),
        ("jpeg-stub", b"\xff\xd8<script>alert(1)</script>".to_vec()),
        ("png-stub", b"\x89PNG<script>alert(1)</script>".to_vec()),
        ("gif-stub", b"GIF<script>alert(1)</script>".to_vec()),
        ("webp-stub", b"<script>WEBP=1;alert(1)</script>".to_vec()),
    ]
}

/// A GIF that decodes and is JavaScript, too: its width reads `/*`, and the comment ends after the picture. No look at
/// its first bytes tells it from any other GIF, so what protects a reader is the content type it is served with.
pub fn gif_js_polyglot() -> Vec<u8> {
    let mut bytes = gif_of(*b"/*");
    bytes.extend_from_slice(b"*/=1;alert(1);");
    bytes
}

/// What a file is by its whole signature.
pub fn content_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_what_it_says() {
        for (declared, bytes) in images() {
            assert_eq!(content_type(&bytes), Some(declared));
        }
        assert_eq!(content_type(&gif_js_polyglot()), Some("image/gif"));
    }

    #[test]
    fn no_hostile_file_is_an_image() {
        for (name, bytes) in hostile() {
            assert_eq!(content_type(&bytes), None, "{name}");
        }
    }

    #[test]
    fn a_jpeg_has_any_size_from_its_smallest() {
        let smallest = jpeg().len();
        for size in [smallest, smallest + 1, 4096, 2_000_001] {
            let bytes = jpeg_of_size(size);
            assert_eq!(
                (bytes.len(), &bytes[..3], &bytes[size - 2..]),
                (size, &b"\xff\xd8\xff"[..], &b"\xff\xd9"[..])
            );
        }
    }

    #[test]
    fn checksums_follow_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
