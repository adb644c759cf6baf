"""Writes the files of `made/`, each built from the fields of its format."""

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

# A name and what is in the file.
Files = Iterator[tuple[str, bytes]]

MADE = Path(__file__).parent / "made"
TEXT = b"Plain text, which is not what it says it is; it goes on for a while.\r\n" * 9


def bits(*fields: tuple[int, int]) -> bytes:
    """Packs (value, width) pairs into bytes."""
    text = "".join(f"{int(value):0{width}b}" for value, width in fields)
    return int(text, 2).to_bytes(len(text) // 8, "big")


# ---------------------------------------------------------------- MPEG audio

BITRATES = {3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]}
BITRATES[2] = BITRATES[0] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
FULL_RATES = [44100, 48000, 32000]


def frame(
    version: int = 3, *, crc: bool = False, bitrate: int = 9, rate: int = 0, padding: int = 0, mode: int = 3
) -> bytes:
    """A frame of layer III, silent."""
    kind = bits((0x7FF, 11), (version, 2), (1, 2), (not crc, 1))
    header = kind + bits((bitrate, 4), (rate, 2), (padding, 1), (0, 1), (mode, 2), (0, 6))
    sampling = FULL_RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    per_frame = 144 if version == 3 else 72
    length = per_frame * 1000 * BITRATES[version][bitrate] // sampling + padding
    return header.ljust(length, b"\0")


def id3(body: bytes, major: int = 4, flags: int = 0) -> bytes:
    """An ID3v2 tag."""
    safe = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([major, 0, flags]) + safe + body


def adts() -> bytes:
    """A frame of AAC."""
    length = 300
    header = bits(
        (0xFFF, 12), (0, 1), (0, 2), (1, 1), (1, 2), (4, 4), (0, 1), (1, 3), (0, 4), (length, 13), (0x7FF, 11), (0, 2)
    )  # fmt: skip
    return header.ljust(length, b"\x21")


def mpeg_audio() -> Files:
    """MP3."""
    for name, version, rate in [
        ("8khz", 0, 2),
        ("11khz", 0, 0),
        ("12khz", 0, 1),
        ("16khz", 2, 2),
        ("22khz", 2, 0),
        ("24khz", 2, 1),
        ("32khz", 3, 2),
        ("44khz", 3, 0),
        ("48khz", 3, 1),
    ]:
        yield f"mp3-ready-{name}.mp3", 3 * frame(version, rate=rate, bitrate=4)
        yield f"mp3-ready-{name}-crc.mp3", 3 * frame(version, rate=rate, bitrate=4, crc=True, mode=1)
    yield "mp3-ready-variable-rate.mp3", frame(bitrate=1) + frame(bitrate=5, padding=1) + frame(bitrate=2)
    yield "mp3-ready-320k.mp3", 2 * frame(bitrate=14)
    yield "mp3-ready-one-frame-and-id3v1.mp3", frame(bitrate=2) + b"TAG".ljust(128, b"\0")
    yield "mp3-ready-free-format.mp3", 4 * frame(bitrate=0).ljust(150, b"\x55")
    yield "mp3-ready-id3v22.mp3", id3(b"TT2\0\0\x02\0A", major=2) + 2 * frame(bitrate=1)
    yield "mp3-ready-id3v23-unsynchronised.mp3", id3(b"\0" * 40, major=3, flags=0x80) + 2 * frame(bitrate=1)
    yield "mp3-ready-id3v24-footer.mp3", id3(b"\0" * 40, flags=0x10) + b"3DI\4\0\x10\0\0\0\x28" + 2 * frame(bitrate=1)
    yield "mp3-ready-id3-cover.mp3", id3(b"APIC\0\0\x10\0\0\0\0image/png\0\3\0" + b"\x89PNG" * 400)
    yield "mp3-ready-id3-script.mp3", id3(b"COMM\0\0\0\x30\0\0\0eng\0<script>alert(1)</script>") + 2 * frame(bitrate=1)
    yield "mp3-ready-id3-room.mp3", id3(b"\0" * 20) + b"\0" * 30 + 2 * frame(bitrate=1)
    yield "mp3-type_mismatch-adts.mp3", 3 * adts()
    yield "mp3-type_mismatch-id3-adts.mp3", id3(b"\0" * 20) + 3 * adts()
    yield "mp3-type_mismatch-id3-flac.mp3", id3(b"\0" * 20) + b"fLaC" + b"\0" * 60
    yield "mp3-type_mismatch-id3-version.mp3", id3(b"\0" * 900, major=9)
    yield "mp3-type_mismatch-id3-flags.mp3", id3(b"\0" * 900, flags=0x01)
    yield "mp3-type_mismatch-id3-size.mp3", b"ID3\4\0\0\0\0\x7f\x80" + b"\0" * 900
    yield "mp3-type_mismatch-id3-text.mp3", b"ID3 tags are what this text is about. " + TEXT
    yield "mp3-type_mismatch-id3-alone.mp3", id3(b"\0" * 20)
    yield "mp3-type_mismatch-frame-then-text.mp3", frame(bitrate=1)[:4] + TEXT
    yield "mp3-type_mismatch-utf16.mp3", b"\xff\xfe" + TEXT.decode().encode("utf-16-le")
    yield "mp3-type_mismatch-reserved-version.mp3", b"\xff\xeb\x90\x40" + b"\0" * 900
    yield "mp3-type_mismatch-reserved-rate.mp3", b"\xff\xfb\x9c\x40" + b"\0" * 900
    yield "mp3-type_mismatch-reserved-bitrate.mp3", b"\xff\xfb\xf0\x40" + b"\0" * 900


# ---------------------------------------------------------------- ISO base media


def box(kind: bytes, body: bytes = b"") -> bytes:
    """A box with its header."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    """The start of a file with these brands."""
    brands = [major, b"\0\0\0\0", *compatible]
    return box(b"ftyp", b"".join(brand.ljust(4) for brand in brands)) + box(b"free") + box(b"mdat", b"\0" * 40)


def iso_media() -> Files:
    """MP4, M4A, QuickTime, HEIF and AVIF."""
    for name, brands in {
        "isom": (b"isom", b"isom", b"iso2", b"avc1", b"mp41"),
        "iso9": (b"iso9", b"iso9"),
        "m4v": (b"M4V ", b"M4V ", b"mp42", b"isom"),
        "3gp5": (b"3gp5", b"3gp5", b"isom"),
        "xavc": (b"XAVC", b"XAVC", b"mp42", b"iso2"),
        "only-compatible": (b"GoPr", b"mp42"),
        "fragmented": (b"msdh", b"msdh", b"msix"),
        "cmaf": (b"cmfc", b"iso6", b"cmfc"),
        "no-compatible": (b"mp42",),
        "quicktime-too": (b"qt  ", b"qt  ", b"mp42"),
    }.items():
        yield f"mp4-ready-{name}.mp4", ftyp(*brands)
    large = struct.pack(">I4sQ", 1, b"ftyp", 16 + 12) + b"isom\0\0\0\0mp41"
    yield "mp4-ready-large-size.mp4", large + box(b"moov")
    for name, brands in {
        "m4a": (b"M4A ", b"M4A ", b"mp42", b"isom", b"\0\0\0\0"),
        "m4b": (b"M4B ", b"M4B ", b"isom"),
        "android": (b"mp42", b"isom", b"mp42"),
        "android-3gp": (b"3gp4", b"isom", b"3gp4"),
        "isom": (b"isom", b"isom", b"iso2", b"mp41"),
    }.items():
        yield f"m4a-ready-{name}.m4a", ftyp(*brands)
    yield "mov-ready-iphone.mov", ftyp(b"qt  ", b"qt  ")
    yield "mov-ready-before-brands.mov", box(b"moov", box(b"mvhd", b"\0" * 100))
    yield "mov-ready-wide.mov", box(b"wide") + box(b"mdat", b"\0" * 100)
    for name, brands in {
        "heic": (b"heic", b"mif1", b"heic"),
        "iphone": (b"heic", b"mif1", b"MiHB", b"MiHE", b"MiPr", b"miaf", b"heic", b"tmap"),
        "heix": (b"mif1", b"mif1", b"heix", b"miaf"),
        "mif1": (b"mif1", b"mif1", b"miaf", b"MiHB"),
        "sequence": (b"msf1", b"msf1", b"hevc", b"iso8"),
        "avc": (b"avci", b"mif1", b"avci"),
    }.items():
        yield f"heic-ready-{name}.heic", ftyp(*brands)
    yield "avif-ready-still.avif", ftyp(b"avif", b"avif", b"mif1", b"miaf", b"MA1B")
    yield "avif-ready-sequence.avif", ftyp(b"avis", b"avif", b"avis", b"msf1", b"iso8")
    yield "avif-ready-mif1.avif", ftyp(b"mif1", b"mif1", b"avif")
    yield "mp4-type_mismatch-text.mp4", b"abcdftypisom, and the rest is text. " + TEXT
    yield "mp4-type_mismatch-size.mp4", struct.pack(">I", 0x7000_0000) + b"ftypisom\0\0\0\0isom" + b"\0" * 600
    yield "mp4-type_mismatch-unknown-brands.mp4", ftyp(b"abcd", b"efgh")
    yield "mp4-type_mismatch-quicktime.mp4", ftyp(b"qt  ", b"qt  ")
    yield "mp4-type_mismatch-picture-sequence.mp4", ftyp(b"avis", b"avif", b"avis", b"msf1", b"iso8")
    yield "mp4-type_mismatch-camera-original.mp4", ftyp(b"crx ", b"crx ", b"isom")
    yield "mp4-type_mismatch-no-box-follows.mp4", ftyp(b"isom", b"isom")[:20] + b"\0\0\0\2<b>bold</b>"
    yield "m4a-type_mismatch-text.m4a", b"M4A files are what this text is about. " + TEXT
    yield "m4a-type_mismatch-video.m4a", ftyp(b"M4V ", b"M4V ", b"mp42")
    yield "mov-type_mismatch-mp4.mov", ftyp(b"isom", b"isom")
    yield "mov-type_mismatch-text.mov", b"The mdat box is what this text is about. " + TEXT
    yield "mov-type_mismatch-moov-text.mov", b"the moov box is what this text is about. " + TEXT
    yield "heic-type_mismatch-avif.heic", ftyp(b"avif", b"avif", b"mif1", b"miaf")
    yield "heic-type_mismatch-video.heic", ftyp(b"isom", b"isom")
    yield "avif-type_mismatch-heic.avif", ftyp(b"heic", b"mif1", b"heic")
    yield "heic-suspicious_content-markup.heic", ftyp(b"heic", b"heic") + b"<script>alert(1)</script>"


# ---------------------------------------------------------------- EBML


def element(ident: bytes, data: bytes, width: int = 1) -> bytes:
    """An element whose size takes `width` bytes."""
    return ident + (len(data) | 1 << 7 * width).to_bytes(width, "big") + data


def ebml(doc_type: bytes, header_width: int = 1, width: int = 1, before: bytes = b"", after: bytes = b"") -> bytes:
    """An EBML header."""
    version = element(b"\x42\x86", b"\1") + element(b"\x42\xf7", b"\1")
    header = before + version + element(b"\x42\x82", doc_type, width) + element(b"\x42\x87", b"\4") + after
    return element(b"\x1a\x45\xdf\xa3", header, header_width)


def webm() -> Files:
    """WebM, and Matroska."""
    segment = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + element(b"\xec", b"\0" * 20)
    void = element(b"\xec", b"webm\x42\x82\x84webm", 2)
    for width in range(1, 9):
        yield f"webm-ready-size-{width}.webm", ebml(b"webm", width, width) + segment
        yield f"webm-type_mismatch-matroska-{width}.webm", ebml(b"matroska", width, width) + segment
    yield "webm-ready-nul.webm", ebml(b"webm\0\0\0\0") + segment
    yield "webm-ready-void.webm", ebml(b"webm", before=void) + element(b"\xec", b"\0" * 9) + segment
    yield "webm-ready-checksum.webm", ebml(b"webm", before=element(b"\xbf", b"\1\2\3\4")) + segment
    yield "webm-type_mismatch-matroska-void.webm", ebml(b"matroska", before=void, after=void) + segment
    yield "webm-type_mismatch-matroska-nul.webm", ebml(b"matroska\0") + segment
    yield "webm-type_mismatch-longer.webm", ebml(b"webmail") + segment
    yield "webm-type_mismatch-none.webm", element(b"\x1a\x45\xdf\xa3", void) + segment
    yield "webm-type_mismatch-text.webm", ebml(b"webm") + TEXT


# ---------------------------------------------------------------- PDF


def pdf() -> Files:
    """PDF."""
    body = b"1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Title (<svg> and <script>)>>\nendobj\n"
    yield "pdf-ready-title.pdf", b"%PDF-" + body
    yield "pdf-ready-mark-and-blanks.pdf", b"\xef\xbb\xbf\r\n\t %PDF-" + body
    yield "pdf-ready-2.pdf", b"%PDF-2.0\n%\xe2\xe3\xcf\xd3\n"
    yield "pdf-type_mismatch-batch.pdf", b"@echo off\r\nset PDF=report.pdf\r\nif exist %PDF-1% del %PDF-1.4%\r\n"
    yield "pdf-type_mismatch-html.pdf", b"<img src=x onerror=alert(1)>\n%PDF-" + body
    yield "pdf-type_mismatch-no-version.pdf", b"%PDF-document\n" + TEXT
    yield "pdf-type_mismatch-comment.pdf", b"%!PS-Adobe-3.0\n%PDF-1.4\n"
    yield "pdf-type_mismatch-mark-twice.pdf", b"\xef\xbb\xbf\xef\xbb\xbf%PDF-" + body


# ---------------------------------------------------------------- pictures


def gif(width: int, height: int = 20, version: bytes = b"89a", behind: bytes = b"") -> bytes:
    """A GIF with one pixel painted."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    image = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0;"
    return b"GIF" + version + screen + image + behind


def jpeg(marker: int = 0xE0, length: int | None = None, data: bytes = b"JFIF\0\1\1\0\0\1\0\1\0\0") -> bytes:
    """The start of a JPEG."""
    length = len(data) + 2 if length is None else length
    tables = b"\xff\xdb\0\x43\0" + b"\1" * 64
    return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">H", length) + data + tables


def webp(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    """A WebP with one chunk."""
    chunk = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk) + 4 if size is None else size) + b"WEBP" + chunk


def bmp(
    header: int = 40,
    size: int | None = None,
    planes: int = 1,
    depth: int = 24,
    compression: int = 0,
    offset: int | None = None,
    height: int = 1,
) -> bytes:
    """A BMP of one pixel."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, 1, 1, planes, depth)
    else:
        info = struct.pack("<IiiHHI", header, 1, height, planes, depth, compression).ljust(header, b"\0")[:header]
    offset = 14 + header if offset is None else offset
    pixel = b"\0" * 4
    size = 14 + header + len(pixel) if size is None else size
    return b"BM" + struct.pack("<III", size, 0, offset) + info + pixel


def png(depth: int = 8, colour: int = 2, width: int = 1) -> bytes:
    """The start of a PNG."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0) + b"\0\0\0\0"


def scripts(kind: str, make: Callable[[bytes], bytes]) -> Files:
    """Pictures whose header makes the identifier that is their signature part of a script."""
    script = b"*/=1;alert(document.domain)//"
    yield f"{kind}-suspicious_content-comment.{kind}", make(b"/*") + b"\0" * 30 + script
    yield f"{kind}-suspicious_content-long-comment.{kind}", make(b"/*") + b"\0" * 900 + script
    yield f"{kind}-suspicious_content-value.{kind}", make(b"=/*") + b"\0" * 30 + b"*/1;alert(1)//"


def pictures() -> Files:
    """JPEG, PNG, WebP, GIF and BMP."""
    for width in (34, 39, 61, 317, 8765, 10045, 12093, 24637, 65341, 96, 352, 0):
        yield f"gif-ready-width-{width}.gif", gif(width)
    yield "gif-ready-87a.gif", gif(61, version=b"87a")
    yield "gif-type_mismatch-version.gif", gif(61, version=b"90a")
    yield "gif-type_mismatch-no-block.gif", gif(61)[:19] + b"text"
    yield "gif-type_mismatch-text.gif", b"GIF89a isn't what this is.\n" + TEXT
    yield "gif-suspicious_content-text.gif", b"GIF89a=1;alert(document.domain)//" + TEXT
    yield "gif-suspicious_content-label.gif", b"GIF89a:;alert(document.domain)//" + TEXT
    yield "gif-suspicious_content-template.gif", b"GIF89a`" + gif(1)[7:] + b"`;function GIF89a(){alert(1)}"
    yield "gif-suspicious_content-string.gif", b'GIF89a="' + gif(1)[8:] + b'";alert(1)//' + TEXT
    yield "gif-suspicious_content-html-comment.gif", b"GIF89a\n-->\0\0\0\n;alert(1)//" + TEXT
    yield "gif-suspicious_content-markup.gif", gif(1, behind=b"<IMG src=x onerror=alert(1)>")
    yield from scripts("gif", lambda text: b"GIF89a" + text + b"\0\0\0\0\0"[len(text) - 2 :] + gif(1)[11:])

    exif = b"Exif\0\0II*\0\x08\0\0\0".ljust(900, b"\0")
    yield "jpg-ready-jfif.jpg", jpeg()
    yield "jpg-ready-exif.jpg", jpeg(0xE1, data=exif)
    yield "jpg-ready-exif-equals.jpg", jpeg(0xE1, length=0x3D41, data=exif)
    yield "jpg-ready-exif-quotes.jpg", jpeg(0xE1, length=0x2C22, data=exif)
    yield "jpg-ready-tables.jpg", jpeg(0xDB, data=b"\0" + b"\1" * 64)
    yield "jpg-ready-fill.jpg", jpeg().replace(b"\xff\xdb", b"\xff" * 20 + b"\xdb")
    yield "jpg-type_mismatch-text.jpg", b"\xff\xd8\xff\xe0 isn't a picture.\n" + TEXT
    yield "jpg-type_mismatch-marker.jpg", b"\xff\xd8\xff\x01" + b"\0" * 40
    yield "jpg-type_mismatch-length.jpg", b"\xff\xd8\xff\xe0\0\1" + b"\0" * 40
    yield "jpg-suspicious_content-markup.jpg", jpeg(0xFE, data=b"<script>alert(1)</script>")
    yield from scripts("jpg", lambda text: b"\xff\xd8\xff\xe0" + text + b"JFIF\0\1\1\0\0\1\0\1\0\0")

    lossless, lossy = b"\x2f\0\0\0\0\x07\x10\x11\x11", b"\x30\1\0\x9d\1\x2a\1\0\1\0"
    yield "webp-ready-lossless.webp", webp(b"VP8L", lossless)
    yield "webp-ready-lossy.webp", webp(b"VP8 ", lossy)
    yield "webp-ready-extended.webp", webp(b"VP8X", b"\x10" + b"\0" * 9) + b"ALPH\1\0\0\0\0"
    yield "webp-ready-backtick.webp", webp(b"VP8L", lossless.ljust(84, b"`"), size=96)
    yield "webp-type_mismatch-wave.webp", webp(b"VP8 ", lossy).replace(b"WEBP", b"WAVE")
    yield "webp-type_mismatch-kind.webp", webp(b"VP8?", lossy)
    yield "webp-type_mismatch-start-code.webp", webp(b"VP8 ", b"\0" * 10)
    yield "webp-type_mismatch-text.webp", b"RIFF isn\nWEBP. " + TEXT
    yield from scripts("webp", lambda text: b"RIFF" + text.ljust(4, b"\0") + webp(b"VP8L", lossless)[8:])

    for header in (12, 16, 40, 52, 56, 64, 108, 124):
        yield f"bmp-ready-header-{header}.bmp", bmp(header)
    yield "bmp-ready-from-top.bmp", bmp(height=-1)
    yield "bmp-ready-no-size.bmp", bmp(size=0)
    yield "bmp-ready-backtick.bmp", bmp(size=0x60)
    yield "bmp-ready-run-length.bmp", bmp(depth=8, compression=1, offset=54 + 1024)
    yield "bmp-type_mismatch-text.bmp", b"BMW price list. " + TEXT
    yield "bmp-type_mismatch-header.bmp", bmp(header=41)
    yield "bmp-type_mismatch-planes.bmp", bmp(planes=0)
    yield "bmp-type_mismatch-depth.bmp", bmp(depth=7)
    yield "bmp-type_mismatch-offset.bmp", bmp(offset=20)
    yield "bmp-type_mismatch-cut.bmp", bmp()[:20]
    yield from scripts("bmp", lambda text: b"BM" + text.ljust(4, b"\0") + bmp()[6:])

    for depth, colour in ((1, 0), (16, 0), (8, 2), (4, 3), (8, 4), (16, 6)):
        yield f"png-ready-{depth}-{colour}.png", png(depth, colour)
    yield "png-type_mismatch-depth.png", png(4, 6)
    yield "png-type_mismatch-colour.png", png(8, 1)
    yield "png-type_mismatch-width.png", png(width=0)
    yield "png-type_mismatch-signature.png", png().replace(b"\r\n\x1a\n", b"\n\x1a\n\n")


def main() -> None:
    """Writes all files anew."""
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir()
    for kind in (mpeg_audio, iso_media, webm, pdf, pictures):
        for name, content in kind():
            path = MADE / name
            assert not path.exists(), name
            path.write_bytes(content[:1024])


if __name__ == "__main__":
    main()
