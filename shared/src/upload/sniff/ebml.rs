//! WebM by the document type in its EBML header. RFC 8794, and RFC 9559 for what follows the header.

const EBML: u64 = 0x1a45_dfa3;
const DOC_TYPE: u64 = 0x4282;
const SEGMENT: u64 = 0x1853_8067;
const VOID: u64 = 0xec;
const CRC_32: u64 = 0xbf;

/// Whether the document type is `webm`; Matroska, which can hold much more, has one of its own.
pub(super) fn is_webm(head: &[u8]) -> bool {
    let Some((EBML, header, rest)) = element(head) else {
        return false;
    };
    let follows = match identifier(rest) {
        Some((id, _)) => matches!(id, SEGMENT | VOID | CRC_32),
        None => rest.is_empty(),
    };
    follows && doc_type(header) == Some(b"webm")
}

fn doc_type(mut header: &[u8]) -> Option<&[u8]> {
    loop {
        let (id, data, rest) = element(header)?;
        if id == DOC_TYPE {
            // A string may end early, with NULs for the rest of its room.
            return data.split(|byte| *byte == 0).next();
        }
        header = rest;
    }
}

/// The first element: its id, its data and what comes after it. `None` if it does not end within the bytes.
fn element(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let (id, bytes) = identifier(bytes)?;
    let (size, bytes) = size(bytes)?;
    let (data, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
    Some((id, data, rest))
}

/// An id keeps the bit that tells its length.
fn identifier(bytes: &[u8]) -> Option<(u64, &[u8])> {
    number(bytes, 4)
}

/// A size takes one to eight bytes, however small it is. All ones mean "unknown", which no header's is.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (marked, rest) = number(bytes, 8)?;
    let bits = 7 * (bytes.len() - rest.len());
    let mask = (1 << bits) - 1;
    let size = marked & mask;
    (size != mask).then_some((size, rest))
}

/// A number of up to `longest` bytes; the zeros at its start tell how many follow the first byte.
fn number(bytes: &[u8], longest: usize) -> Option<(u64, &[u8])> {
    let length = usize::try_from(bytes.first()?.leading_zeros()).ok()? + 1;
    if length > longest {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(length)?;
    let value = number
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value, rest))
}
