//! MP4 and its relations (M4A, 3GP, QuickTime, HEIF, AVIF) by the brands of the file type box.
//!
//! A file names the specification that it follows best, its major brand, and all others whose readers can play it. It
//! is of a type if a reader of that type is among those that it names: encoders differ in which they name first.
//! ISO/IEC 14496-12, 4.2 and 4.3; brands as registered at <https://mp4ra.org/registered-types/brands>.

type Brand = [u8; 4];

/// The brands of a file, the major one apart.
struct Brands<'a> {
    major: Brand,
    compatible: &'a [Brand],
}

impl Brands<'_> {
    fn any(&self, is_one: impl Fn(&Brand) -> bool) -> bool {
        is_one(&self.major) || self.compatible.iter().any(is_one)
    }
}

/// Moving pictures, with sound or without. A picture or a sound file that names a general brand besides is none.
pub(super) fn is_mp4(head: &[u8]) -> bool {
    brands(head).is_some_and(|brands| {
        !is_still(&brands.major)
            && !is_audio(&brands.major)
            && brands.any(|brand| is_general(brand) || is_video(brand))
    })
}

/// Sound alone. Android's recorder names general brands only, so those have to do.
pub(super) fn is_m4a(head: &[u8]) -> bool {
    brands(head).is_some_and(|brands| {
        !is_still(&brands.major)
            && !is_video(&brands.major)
            && brands.any(|brand| is_general(brand) || is_audio(brand))
    })
}

/// QuickTime names its own brand; files from before there were brands begin with one of a few boxes.
pub(super) fn is_quicktime(head: &[u8]) -> bool {
    match brands(head) {
        Some(brands) => !is_still(&brands.major) && brands.any(|brand| brand == b"qt  "),
        None => is_quicktime_without_brands(head),
    }
}

/// High Efficiency Image File Format with whatever coding, AV1's aside, which is a type of its own.
pub(super) fn is_heif(head: &[u8]) -> bool {
    brands(head).is_some_and(|brands| {
        let is_coded = brands.any(is_heif_coding);
        !is_av1(&brands.major) && (is_coded || brands.any(is_heif_structure) && !brands.any(is_av1))
    })
}

/// AVIF, stills and sequences.
pub(super) fn is_avif(head: &[u8]) -> bool {
    brands(head).is_some_and(|brands| brands.any(is_av1))
}

/// The file type box, if the head begins with a whole one and another box may follow.
fn brands(head: &[u8]) -> Option<Brands<'_>> {
    let first = BoxHeader::read(head)?;
    if first.kind != b"ftyp" {
        return None;
    }
    let size = usize::try_from(first.size?).ok()?;
    let (file_type, rest) = head.split_at_checked(size)?;
    let (brands, odd) = file_type.get(first.header..)?.as_chunks::<4>();
    // A minor version stands between the major brand and the others.
    let [major, _, compatible @ ..] = brands else {
        return None;
    };
    let follows = rest.len() < 8 || BoxHeader::read(rest).is_some_and(|next| next.is_plausible());
    (odd.is_empty() && follows).then_some(Brands {
        major: *major,
        compatible,
    })
}

struct BoxHeader<'a> {
    kind: &'a Brand,
    /// With the header; `None` if the box goes on to the end of the file.
    size: Option<u64>,
    header: usize,
}

impl<'a> BoxHeader<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (short, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (size, header) = match u32::from_be_bytes(*short) {
            0 => (None, 8),
            // The size did not fit, and follows.
            1 => (Some(u64::from_be_bytes(*rest.first_chunk()?)), 16),
            size => (Some(u64::from(size)), 8),
        };
        Some(Self { kind, size, header })
    }

    fn is_plausible(&self) -> bool {
        let fits = self.size.is_none_or(|size| size >= self.header as u64);
        // Apple's boxes of metadata begin with a copyright sign.
        fits && self
            .kind
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | 0xa9))
    }
}

/// The first boxes of a QuickTime file from before `ftyp`. Text whose second word is one of these names would have a
/// size of hundreds of megabytes, which its four letters spell.
fn is_quicktime_without_brands(head: &[u8]) -> bool {
    const LARGEST: u64 = 0x0800_0000;
    let Some(first) = BoxHeader::read(head) else {
        return false;
    };
    let fits = first.is_plausible()
        && (first.header == 16 || first.size.is_none_or(|size| size < LARGEST));
    let next = || {
        let rest = head.get(usize::try_from(first.size?).ok()?..)?;
        Some(BoxHeader::read(rest)?.kind)
    };
    let child = || Some(BoxHeader::read(head.get(first.header..)?)?.kind);
    fits && match first.kind {
        b"mdat" => true,
        b"moov" => matches!(
            child(),
            Some(b"mvhd" | b"cmov" | b"rmra" | b"udta" | b"iods")
        ),
        b"wide" | b"free" | b"skip" | b"pnot" => {
            matches!(
                next(),
                Some(b"mdat" | b"moov" | b"wide" | b"free" | b"skip" | b"PICT")
            )
        }
        _ => false,
    }
}

/// The base format and MP4 in their versions, streaming profiles, and phones' (3GPP, 3GPP2): these can hold sound,
/// moving pictures or both.
fn is_general(brand: &Brand) -> bool {
    matches!(
        brand,
        [b'i', b's', b'o', b'2'..=b'9' | b'a'..=b'z']
            | [b'm', b'p', b'4', _]
            | [b'3', b'g', _, _]
            | [b'c', b'm', b'f', _]
            | b"mp71"
            | b"mmp4"
            | b"dash"
            | b"msdh"
            | b"msix"
            | b"dsms"
            | b"piff"
            | b"isml"
            | b"kddi"
            | b"dby1"
    )
}

/// Brands that promise moving pictures: codecs, Apple's, Adobe's, Sony's, cameras' and broadcasters'.
fn is_video(brand: &Brand) -> bool {
    matches!(
        brand,
        [b'M', b'4', b'V', _]
            | [b'a', b'v', b'c', b'1'..=b'4']
            | [b'N', b'D', b'S' | b'X', _]
            | b"NDAS"
            | b"F4V "
            | b"f4v "
            | b"F4P "
            | b"MSNV"
            | b"XAVC"
            | b"hvc1"
            | b"hev1"
            | b"vvc1"
            | b"av01"
            | b"vp09"
            | b"CAEP"
            | b"caqv"
            | b"MFSM"
            | b"MGSV"
            | b"SDV "
            | b"nvr1"
            | b"dmb1"
            | b"pana"
    )
}

fn is_audio(brand: &Brand) -> bool {
    matches!(
        brand,
        b"M4A " | b"M4B " | b"M4P " | b"M4R " | b"F4A " | b"F4B "
    )
}

/// Pictures, JPEG 2000 and camera originals among them.
fn is_still(brand: &Brand) -> bool {
    is_heif_coding(brand)
        || is_heif_structure(brand)
        || is_av1(brand)
        || matches!(brand, [b'j', b'p', _, b' '] | b"mjp2" | b"jxl " | b"crx ")
}

/// ISO/IEC 23008-12, annexes B and following: HEVC, AVC, JPEG, JPEG 2000, VVC.
fn is_heif_coding(brand: &Brand) -> bool {
    matches!(
        brand,
        [b'h', b'e', b'i', b'c' | b'x' | b'm' | b's']
            | [b'h', b'e', b'v', b'c' | b'x' | b'm' | b's']
            | [b'a', b'v', b'c', b'i' | b's']
            | [b'j', b'2', b'k' | b'i', _]
            | [b'v', b'v', b'i', b'c' | b's']
            | b"jpeg"
            | b"jpgs"
    )
}

/// Brands that promise the container's structure, whatever the coding.
fn is_heif_structure(brand: &Brand) -> bool {
    matches!(brand, [b'm', b'i', b'f', b'1'..=b'3'] | b"msf1" | b"miaf")
}

fn is_av1(brand: &Brand) -> bool {
    matches!(brand, b"avif" | b"avis" | b"avio")
}
