//! JPEG, PNG, WebP, GIF and BMP by their headers, and what no picture may hold besides.

use super::{Mismatch, script};

/// What a browser would take for a document if it guessed. Hardly any picture's first bytes hold one by chance.
const MARKUP: [&[u8]; 12] = [
    b"<script",
    b"<html",
    b"<!doctype",
    b"<svg",
    b"<iframe",
    b"<?php",
    b"<body",
    b"<head",
    b"<img",
    b"<style",
    b"<object",
    b"<embed",
];

/// Checks a picture: `has_signature` says whether it begins as one, `goes_on` whether it goes on as one.
pub(super) fn check(
    head: &[u8],
    has_signature: fn(&[u8]) -> bool,
    goes_on: fn(&[u8]) -> bool,
) -> Result<(), Mismatch> {
    if !has_signature(head) {
        return Err(Mismatch::Type);
    }
    if holds_markup(head) || script::may_run(head) {
        return Err(Mismatch::Polyglot);
    }
    if goes_on(head) {
        Ok(())
    } else {
        Err(Mismatch::Type)
    }
}

fn holds_markup(head: &[u8]) -> bool {
    (0..head.len()).filter(|&at| head[at] == b'<').any(|at| {
        MARKUP.iter().any(|marker| {
            head.get(at..at + marker.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(marker))
        })
    })
}

/// Start of image, then a marker. ITU-T T.81, B.1.1.3.
pub(super) fn is_jpeg(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xd8\xff")
}

/// The first marker begins a segment: tables, a frame header, an application's data or a comment. Any number of 0xff
/// may stand before it.
pub(super) fn has_jpeg_segment(head: &[u8]) -> bool {
    let rest = head.get(2..).unwrap_or_default();
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let Some([marker, high, low, ..]) = rest.get(fill..) else {
        return fill == rest.len() && !super::is_whole(head);
    };
    let begins_segment = matches!(marker, 0xc0..=0xc7 | 0xc9..=0xcf | 0xdb | 0xdd..=0xef | 0xfe);
    begins_segment && u16::from_be_bytes([*high, *low]) >= 2 && super::is_binary(head)
}

/// Signature and header chunk, whose values have to fit each other. PNG specification, 11.2.2.
pub(super) fn is_png(head: &[u8]) -> bool {
    let Some(header) = head.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") else {
        return false;
    };
    let Some([w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, 0, 0, 0 | 1]) = header.get(..13)
    else {
        return false;
    };
    let side = |bytes: [u8; 4]| (1..1 << 31).contains(&u32::from_be_bytes(bytes));
    let depth_fits = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        _ => false,
    };
    side([*w0, *w1, *w2, *w3]) && side([*h0, *h1, *h2, *h3]) && depth_fits
}

/// A RIFF file of one of WebP's three kinds, with the start of that kind's data. RFC 9649, 2.
pub(super) fn is_webp(head: &[u8]) -> bool {
    if !head.starts_with(b"RIFF") || head.get(8..12) != Some(b"WEBP") {
        return false;
    }
    let data = head.get(20..).unwrap_or_default();
    match head.get(12..16) {
        // The start code follows the frame's tag of three bytes.
        Some(b"VP8 ") => data.len() < 6 || data[3..6] == [0x9d, 0x01, 0x2a],
        Some(b"VP8L") => data.first().is_none_or(|signature| *signature == 0x2f),
        Some(b"VP8X") => head.len() < 20 || head[16..20] == [10, 0, 0, 0],
        _ => false,
    }
}

/// Signature and logical screen descriptor. Any width is one, that which reads `=` among them; 0 is replaced by the
/// first image's. GIF89a specification, 17 and 18.
pub(super) fn is_gif(head: &[u8]) -> bool {
    (head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")) && head.len() >= GIF_HEADER
}

const GIF_HEADER: usize = 13;

/// After the global colour table comes an extension, an image or the end.
pub(super) fn has_gif_block(head: &[u8]) -> bool {
    let flags = head.get(10).copied().unwrap_or_default();
    let colours = if flags & 0x80 == 0 {
        0
    } else {
        2 << (flags & 0x07)
    };
    let block = head.get(GIF_HEADER + 3 * colours..).unwrap_or_default();
    let is_block = match block {
        [b'!', label, ..] => *label >= 0x80 || *label == 0x01,
        [first, ..] => matches!(first, b'!' | b',' | b';'),
        // Out of sight.
        [] => true,
    };
    is_block && super::is_binary(head)
}

const BMP_FILE_HEADER: u32 = 14;

/// File header and the start of the bitmap's own. The file's size is not compared: writers that stream leave it 0, and
/// others are known to put a header's size there, so that readers ignore it.
pub(super) fn is_bmp(head: &[u8]) -> bool {
    let (Some(b"BM"), Some(data_at), Some(header)) =
        (head.get(..2), little_u32(head, 10), little_u32(head, 14))
    else {
        return false;
    };
    let data_fits = data_at == 0 || data_at >= BMP_FILE_HEADER.saturating_add(header);
    let fits = match header {
        12 => is_core_bitmap(head),
        16 | 40 | 52 | 56 | 64 | 108 | 124 => is_info_bitmap(head, header),
        _ => false,
    };
    fits && data_fits
}

/// OS/2 1.x: sides of 16 bits, never compressed.
fn is_core_bitmap(head: &[u8]) -> bool {
    let sides = [18, 20].map(|at| little_u16(head, at));
    let layout = (little_u16(head, 22), little_u16(head, 24));
    sides.iter().all(|side| side.is_some_and(|side| side > 0))
        && matches!(layout, (Some(1), Some(1 | 2 | 4 | 8 | 16 | 24 | 32)))
}

/// Windows 3 and later, and OS/2 2.x, whose header may end early. A negative height is that of a picture stored from
/// its top.
fn is_info_bitmap(head: &[u8], header: u32) -> bool {
    let width = little_u32(head, 18).is_some_and(|width| (1..1 << 31).contains(&width));
    let height = little_u32(head, 22).is_some_and(|height| height != 0);
    let planes = little_u16(head, 26) == Some(1);
    let compression = if header == 16 {
        Some(0)
    } else {
        little_u32(head, 30)
    };
    let depth = match (little_u16(head, 28), compression) {
        // The data is a JPEG or a PNG.
        (Some(0), Some(4 | 5)) => true,
        (Some(1 | 2 | 4 | 8 | 16 | 24 | 32 | 64), Some(compression)) => compression <= 13,
        _ => false,
    };
    width && height && planes && depth
}

fn little_u16(head: &[u8], at: usize) -> Option<u16> {
    let bytes = head.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*bytes))
}

fn little_u32(head: &[u8], at: usize) -> Option<u32> {
    let bytes = head.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}
