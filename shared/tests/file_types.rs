//! What a file is: the files of `uploads/`, and rules that hold for more files than can be kept.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use shared::upload::content_type::ContentType;
use shared::upload::sniff::{HEAD_BYTES, Mismatch, check};

const EXTENSIONS: [&str; 13] = [
    "jpg", "png", "webp", "gif", "heic", "avif", "bmp", "mp4", "mov", "webm", "mp3", "m4a", "pdf",
];

#[expect(clippy::unwrap_used, reason = "a test may end here")]
fn of(extension: &str, bytes: &[u8]) -> Result<(), Mismatch> {
    let declared = ContentType::of_extension(extension).unwrap();
    check(&bytes[..bytes.len().min(HEAD_BYTES)], declared)
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn each_file_is_what_its_name_says() {
    let mut seen = 0;
    for folder in ["made", "encoded"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/uploads")
            .join(folder);
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let mut parts = name.split('-');
            let (extension, wanted) = (parts.next().unwrap(), parts.next().unwrap());
            let found = of(extension, &fs::read(&path).unwrap());
            let found = found.map_or_else(Mismatch::as_str, |()| "ready");
            assert_eq!(found, wanted, "{name}");
            seen += 1;
        }
    }
    assert!(seen > 200, "only {seen} files were found");
}

/// All but a few in a hundred thousand, which open a comment.
#[test]
fn a_gif_has_any_size() {
    for width in 0..=u16::MAX {
        for height in [20_u16, 42] {
            let screen = [width.to_le_bytes(), height.to_le_bytes()].concat();
            let opens_comment = screen.windows(2).any(|pair| pair == b"/*" || pair == b"//");
            let found = of("gif", &gif(width, height));
            assert!(found.is_ok() || opens_comment, "{width}x{height}");
        }
    }
    assert_eq!(
        of("gif", &gif(u16::from_le_bytes(*b"/*"), 20)),
        Err(Mismatch::Polyglot)
    );
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    let screen = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let rest = b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;";
    [b"GIF89a", screen.as_slice(), rest].concat()
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Whatever a text begins with, or tells of at the place where a careless look expects it.
    #[test]
    fn text_is_none_of_these(
        start in prop::sample::select(vec![
            "", "BM", "ID3", "ID3\t", "M4A ", "GIF89a", "GIF87a=", "RIFF", "RIFFabcdWEBPVP8 ", "abcdftypisom",
            "    ftypM4A ", "abcdmoov", "\t\n  mdat", "abcdwide", "%PDF", "% PDF-1.4", "x%PDF-1.4", "<html>%PDF-1.4",
            "\u{1f}webm", "webm", "ÿû", "ÿØÿà", "ÿØÿ", "OggS",
        ]),
        text in "([ -~\\t\\n]|[а-я]|[一-龥]){0,600}",
        is_latin in any::<bool>(),
    ) {
        let text = format!("{start}{text}");
        let latin: Vec<u8> = text.chars().map(|c| c as u8).map(|b| if b.is_ascii_control() { b'\n' } else { b }).collect();
        let bytes = if is_latin { latin } else { text.into_bytes() };
        for extension in EXTENSIONS {
            prop_assert!(bytes.is_empty() || of(extension, &bytes).is_err(), "{extension}");
        }
    }

    #[test]
    fn utf_16_is_none_of_these(text in "[ -~\\t\\n]{1,400}") {
        for encode in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(encode).collect();
            for extension in EXTENSIONS {
                prop_assert!(of(extension, &bytes).is_err(), "{extension}");
            }
        }
    }

    #[test]
    fn any_bytes_get_an_answer(
        start in prop::sample::select(vec![
            &b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"RIFF\x20\0\0\0WEBPVP8X", b"GIF89a", b"BM",
            b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", b"\0\0\0\x18ftyp", b"\0\0\0\x01ftyp\0\0\0\0\0\0\0\x20", b"\x1a\x45\xdf\xa3",
            b"ID3\x04\0\0\0\0", b"\xff\xfb", b"\xff\xe3", b"%PDF-", b"GIF89a=`", b"\xff\xd8\xff\xe0/", b"\0\0\0\x08wide",
        ]),
        bytes in vec(any::<u8>(), 1..600),
    ) {
        let bytes = [start, &bytes].concat();
        for extension in EXTENSIONS {
            let _ = of(extension, &bytes);
        }
    }

    /// The header makes a script's first token of the signature, the picture hides in a comment, the script follows it.
    #[test]
    fn a_picture_that_is_a_script_is_refused(
        opening in prop::sample::select(vec!["/*", "=/*", "=1/*", ";/*"]),
        data in vec(any::<u8>().prop_map(not_an_asterisk), 0..700),
        script in "[a-z]{1,9}\\([0-9]{0,3}\\)",
    ) {
        let behind = [&data, format!("*/\n{script}").as_bytes()].concat();
        let length = |from: usize| [opening.as_bytes(), &[b' '; 4]].concat()[from..].to_vec();
        let opening = opening.as_bytes();
        let pictures = [
            ("gif", [b"GIF89a", opening, &[b' '; 7][opening.len()..], b"\0\xff\xff\xff\0\0\0,", &behind].concat()),
            ("jpg", [b"\xff\xd8\xff\xe0", opening, &behind].concat()),
            ("jpg", [b"\xff\xd8\xff\xff\xe1", opening, &behind].concat()),
            ("webp", [b"RIFF", &length(0)[..4], b"WEBPVP8X\x0a\0\0\0", &behind].concat()),
            ("bmp", [b"BM", &length(0)[..4], &bmp_after_size(), &behind].concat()),
        ];
        for (extension, bytes) in pictures {
            prop_assert_eq!(of(extension, &bytes), Err(Mismatch::Polyglot), "{}", extension);
        }
    }

    /// Each field of the header is free within the standard's values, and so is the tag before it.
    #[test]
    fn two_frames_are_mpeg_audio_and_one_with_something_else_behind_it_is_not(
        (version, rate, bitrate) in (prop::sample::select(vec![0u8, 2, 3]), 0u8..3, 1u8..15),
        (has_crc, padding, last) in (any::<bool>(), 0u8..2, any::<u8>()),
        tag in prop::option::of((2u8..5, 0u8..200)),
        damage in 1u8..=255,
    ) {
        let kind = 0xe0 | version << 3 | 0x02 | u8::from(!has_crc);
        let header = [0xff, kind, bitrate << 4 | rate << 2 | padding << 1, last];
        let mut frame = header.to_vec();
        frame.resize(length(version, bitrate, rate) + usize::from(padding), 0);
        let tag = tag.map_or_else(Vec::new, |(major, size)| {
            let mut tag = vec![b'I', b'D', b'3', major, 0, 0, 0, 0, size >> 7, size & 0x7f];
            tag.resize(10 + usize::from(size), 0);
            tag
        });
        let stream = [tag.as_slice(), &frame, &frame, &frame].concat();
        prop_assert_eq!(of("mp3", &stream), Ok(()));
        let second = tag.len() + frame.len();
        if second + 4 <= HEAD_BYTES {
            let mut damaged = stream;
            damaged[second] ^= damage;
            prop_assert_eq!(of("mp3", &damaged), Err(Mismatch::Type));
        }
    }

    #[test]
    fn a_brand_counts_wherever_it_stands(
        (extension, brand) in prop::sample::select(vec![
            ("mp4", *b"isom"), ("mp4", *b"iso7"), ("mp4", *b"mp42"), ("mp4", *b"3gp6"), ("mp4", *b"M4VP"), ("m4a", *b"M4A "),
            ("m4a", *b"mp41"), ("mov", *b"qt  "), ("heic", *b"heic"), ("heic", *b"heix"), ("heic", *b"mif1"),
            ("avif", *b"avif"), ("avif", *b"avis"),
        ]),
        others in vec("[a-z]{3}[A-Z]", 0..12),
        place in any::<prop::sample::Index>(),
        minor in any::<[u8; 4]>(),
    ) {
        let mut brands: Vec<[u8; 4]> = others.iter().map(|text| text.as_bytes().try_into().unwrap()).collect();
        brands.insert(place.index(brands.len() + 1), brand);
        brands.insert(1, minor);
        let size = u32::try_from(8 + 4 * brands.len()).unwrap();
        let file_type = [&size.to_be_bytes(), &b"ftyp"[..], &brands.concat(), b"\0\0\0\x08free"].concat();
        prop_assert_eq!(of(extension, &file_type), Ok(()));
        for longer in [1, size - 7, u32::MAX - size] {
            let mut damaged = file_type.clone();
            damaged[..4].copy_from_slice(&(size + longer).to_be_bytes());
            prop_assert_eq!(of(extension, &damaged), Err(Mismatch::Type));
        }
    }

    #[test]
    fn a_document_type_has_any_encoding(
        widths in (1usize..=8, 1usize..=8, 1usize..=8),
        nuls in 0usize..6,
        (before, after) in (vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..20)),
        name in prop::sample::select(vec!["webm", "matroska", "web", "webmx", ""]),
    ) {
        let doc_type = [name.as_bytes(), &vec![0; nuls]].concat();
        let header = [
            element(b"\xec", &before, widths.0), element(b"\x42\x82", &doc_type, widths.1), element(b"\xec", &after, 1),
        ].concat();
        let file = [element(b"\x1a\x45\xdf\xa3", &header, widths.2), b"\x18\x53\x80\x67\xff".to_vec()].concat();
        let wanted = if name == "webm" { Ok(()) } else { Err(Mismatch::Type) };
        prop_assert_eq!(of("webm", &file), wanted);
    }
}

/// An asterisk might close the comment too early.
fn not_an_asterisk(byte: u8) -> u8 {
    if byte == b'*' { b'x' } else { byte }
}

/// What follows the file's size in a BMP of one pixel.
fn bmp_after_size() -> Vec<u8> {
    let mut header = b"\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    header.resize(48 + 4, 0);
    header
}

/// A frame's bytes without padding, by ISO/IEC 11172-3 and 13818-3.
fn length(version: u8, bitrate: u8, rate: u8) -> usize {
    let full = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    let low = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let sampling = [44_100, 48_000, 32_000][usize::from(rate)];
    let bitrate = usize::from(bitrate) - 1;
    match version {
        3 => 144_000 * full[bitrate] / sampling,
        2 => 72_000 * low[bitrate] / (sampling / 2),
        _ => 72_000 * low[bitrate] / (sampling / 4),
    }
}

/// An EBML element whose size takes `width` bytes.
fn element(id: &[u8], data: &[u8], width: usize) -> Vec<u8> {
    let size = (data.len() as u64 | 1 << (7 * width)).to_be_bytes();
    [id, &size[8 - width..], data].concat()
}
