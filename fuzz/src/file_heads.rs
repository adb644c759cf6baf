//! File heads: what is accepted has the format's signature, is of one picture format at most, and no browser takes it for
//! a page.

use shared::upload::content_type::ContentType;
use shared::upload::sniff::{HEAD_BYTES, Mismatch, check as sniff};

use crate::{Target, repository};

pub(crate) const TARGET: Target = Target {
    name: "file_heads",
    seeds,
    tokens: &[
        "<html>",
        "<!DOCTYPE html>",
        "<script>",
        "<svg",
        "<!--",
        "%PDF-",
        "GIF89a",
        "/*",
        "*/",
        "//",
        "=1",
        "ftyp",
        "isom",
        "qt  ",
        "M4A ",
        "heic",
        "avif",
        "RIFF",
        "WEBP",
        "\u{1}\u{1a}",
        "ID3",
        "\n",
        "    ",
    ],
    check,
    cases: 6000,
};

const EXTENSIONS: [&str; 13] = [
    "jpg", "png", "webp", "gif", "bmp", "heic", "avif", "mp4", "mov", "m4a", "webm", "mp3", "pdf",
];
/// Of those, the ones whose signatures exclude each other.
const SIGNATURES: usize = 5;
const PICTURES: usize = 7;
/// What makes a page of a resource, by WHATWG's MIME Sniffing, section 7.1, behind white space and in any case.
const PAGES: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

fn seeds() -> Vec<Vec<u8>> {
    let folders = ["shared/tests/uploads/made", "shared/tests/uploads/encoded"];
    let files = folders.iter().flat_map(|folder| repository::files(folder));
    let heads: Vec<_> = files
        .map(|file| file[..file.len().min(HEAD_BYTES)].to_vec())
        .collect();
    assert!(heads.len() > 200, "the files of the tests are there");
    heads
}

fn check(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let found = EXTENSIONS.map(|extension| {
        let declared = ContentType::of_extension(extension).expect("an extension");
        sniff(head, declared)
    });
    if head.is_empty() {
        assert_eq!(found, [Err(Mismatch::Empty); EXTENSIONS.len()]);
        return false;
    }
    for (extension, found) in EXTENSIONS.iter().zip(&found) {
        if found.is_ok() {
            assert!(has_signature(extension, head), "{extension}");
            assert!(!is_page(head), "a page is accepted as {extension}");
        }
    }
    let accepted = found.iter().filter(|found| found.is_ok()).count();
    let pictures = found[..PICTURES]
        .iter()
        .filter(|found| found.is_ok())
        .count();
    assert!(
        found[..SIGNATURES]
            .iter()
            .filter(|found| found.is_ok())
            .count()
            <= 1
    );
    if pictures > 0 {
        let lower = head.to_ascii_lowercase();
        let holds = |part: &[u8]| lower.windows(part.len()).any(|window| window == part);
        assert!(
            !holds(b"<script") && !holds(b"<html") && !holds(b"<svg"),
            "a picture holds markup"
        );
    }
    accepted > 0
}

fn has_signature(extension: &str, head: &[u8]) -> bool {
    let at =
        |place: usize, part: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(part));
    let holds = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    match extension {
        "jpg" => at(0, b"\xff\xd8\xff"),
        "png" => at(0, b"\x89PNG\r\n\x1a\n"),
        "gif" => at(0, b"GIF87a") || at(0, b"GIF89a"),
        "webp" => at(0, b"RIFF") && at(8, b"WEBPVP8"),
        "bmp" => at(0, b"BM"),
        "heic" | "avif" | "mp4" | "m4a" => at(4, b"ftyp"),
        "mov" => head.get(4..8).is_some_and(|kind| kind.is_ascii()),
        "webm" => at(0, b"\x1a\x45\xdf\xa3") && holds(b"webm"),
        "mp3" => at(0, b"ID3") || head[0] == 0xff,
        "pdf" => holds(b"%PDF-"),
        _ => false,
    }
}

fn is_page(head: &[u8]) -> bool {
    let start = head.iter().position(|byte| !b"\t\n\x0c\r ".contains(byte));
    let text = head[start.unwrap_or(0)..].to_ascii_lowercase();
    PAGES.iter().any(|page| {
        let ends_tag = |byte: Option<&u8>| {
            page.ends_with("--") || byte.is_some_and(|byte| b" >".contains(byte))
        };
        text.starts_with(page.as_bytes()) && ends_tag(text.get(page.len()))
    })
}
