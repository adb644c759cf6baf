//! PDF by its header.

/// `%PDF-` and the version, with nothing before it but a byte-order mark and white space, as some writers put there.
/// Readers look for it anywhere in the first kilobyte, and so does text that tells of PDFs.
///
/// ISO 32000-2, 7.5.2, and table 1 for what is white space.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let blanks = text
        .iter()
        .take_while(|byte| matches!(byte, b'\0' | b'\t' | b'\n' | 0x0c | b'\r' | b' '))
        .count();
    matches!(text.get(blanks..), Some([b'%', b'P', b'D', b'F', b'-', version, ..]) if version.is_ascii_digit())
}
