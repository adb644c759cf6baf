//! Whether a picture's bytes run as a script, too.
//!
//! A signature such as `GIF89a`, `BM` or `ÿØÿà` (a JPEG's, in Latin-1) is an identifier to JavaScript, and the bytes
//! behind it are the maker's to choose: `GIF89a=1;…`, or a length that reads `/*`, with the rest of the picture in the
//! comment and the script behind it. What tells such a file from a picture is the tokens: outside of comments and
//! literals no script has a NUL or another control byte, and headers are full of them.

use super::is_whole;

/// Code that has to follow a literal which may have come about by chance.
const MIN_CODE: usize = 8;

/// What came last, which decides what a slash and a quotation mark are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// The identifier that is the signature: an operator or a new line has to follow.
    Signature,
    /// The end of an operand: a slash divides.
    Operand,
    /// `=`: a value follows.
    Assignment,
    /// Another operator: a slash begins a regular expression.
    Operator,
}

/// Where a literal ends.
enum End {
    /// Behind so many bytes.
    After(usize),
    OutOfSight,
    /// Nowhere: it is broken, and the whole is no script.
    Broken,
}

/// Whether the head is the start of a script, token by token.
///
/// A comment that is open when the head ends counts as one, and so does a literal where a value has to come: that takes
/// one of a few widths or lengths in 65,536. Honest pictures open other literals by chance (`` GIF89a` `` is 96 pixels wide), so
/// that what follows these has to look like code more than by chance.
pub(super) fn may_run(head: &[u8]) -> bool {
    let mut at = word_end(head, 0);
    let mut last = Last::Signature;
    let mut is_new_line = false;
    let mut chance_literal_end = None;
    while let Some(&byte) = head.get(at) {
        let rest = &head[at..];
        if is_comment(rest, is_new_line) {
            match comment_length(rest) {
                Some(length) => at += length,
                None => return true,
            }
        } else if is_literal(byte, last) {
            match literal_end(rest, byte) {
                End::After(length) if last != Last::Signature || byte == b'`' => at += length,
                End::OutOfSight => return last == Last::Assignment && !is_whole(head),
                End::After(_) | End::Broken => return false,
            }
            if last != Last::Assignment {
                chance_literal_end = Some(at);
            }
            last = Last::Operand;
        } else if is_word(byte) {
            if last == Last::Signature || chance_literal_end.is_some() && !byte.is_ascii() {
                return false;
            }
            at = word_end(head, at);
            last = Last::Operand;
        } else {
            match after_sign(byte, last) {
                Some(next) => last = next,
                None => return false,
            }
            at += 1;
        }
        is_new_line = matches!(byte, b'\n' | b'\r') || is_new_line && is_blank(byte);
    }
    chance_literal_end.is_none_or(|end| head.len() - end >= MIN_CODE)
}

/// What a byte that is neither of a word nor of a literal leaves behind; `None` if no script has it.
fn after_sign(byte: u8, last: Last) -> Option<Last> {
    match byte {
        b'\n' | b'\r' if last == Last::Signature => Some(Last::Operand),
        b'\n' | b'\r' => Some(last),
        _ if is_blank(byte) => Some(last),
        _ if byte.is_ascii_control() => None,
        b'=' => Some(Last::Assignment),
        b')' | b']' | b'}' => Some(Last::Operand),
        _ => Some(Last::Operator),
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// Letters, digits, and what is beyond ASCII: in some encoding, all of it is letters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\' | 0x80..)
}

/// Where the word at `at` ends.
fn word_end(head: &[u8], at: usize) -> usize {
    let rest = head.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_word(**byte)).count()
}

/// HTML's comments are comments in scripts, too; `-->` at the start of a line alone. ECMA-262, B.1.1.
fn is_comment(rest: &[u8], is_new_line: bool) -> bool {
    let marks = [&b"//"[..], b"/*", b"<!--"];
    marks.iter().any(|mark| rest.starts_with(mark)) || is_new_line && rest.starts_with(b"-->")
}

/// `None` if its end is out of sight.
fn comment_length(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"/*") {
        let end = rest[2..].windows(2).position(|pair| pair == b"*/")?;
        Some(2 + end + 2)
    } else {
        rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))
    }
}

fn is_literal(byte: u8, last: Last) -> bool {
    match byte {
        b'"' | b'\'' | b'`' => true,
        b'/' => matches!(last, Last::Assignment | Last::Operator),
        _ => false,
    }
}

/// A literal ends with the byte that it began with; only a template goes over a line's end.
fn literal_end(rest: &[u8], quote: u8) -> End {
    let mut is_escaped = false;
    let mut is_in_class = false;
    for (at, &byte) in rest.iter().enumerate().skip(1) {
        match byte {
            b'\n' | b'\r' if quote != b'`' && !is_escaped => return End::Broken,
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'[' if quote == b'/' => is_in_class = true,
            b']' => is_in_class = false,
            _ if byte == quote && !is_in_class => return End::After(at + 1),
            _ => {}
        }
    }
    End::OutOfSight
}
