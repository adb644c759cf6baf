//! The two base-32 alphabets of our ids. Both sort as the bytes they stand for, and neither needs escaping in a URL,
//! an object key or a DynamoDB key.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// RFC 4648's alphabet in lower case, without padding.
pub static RFC4648_LOWER: LazyLock<Encoding> =
    LazyLock::new(|| encoding("abcdefghijklmnopqrstuvwxyz234567"));

/// Crockford's alphabet in lower case, without padding: digits sort before letters, so text order is number order.
pub static CROCKFORD_LOWER: LazyLock<Encoding> =
    LazyLock::new(|| encoding("0123456789abcdefghjkmnpqrstvwxyz"));

fn encoding(symbols: &str) -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    // Both alphabets are constants of the right length; the fallback only keeps this free of a panic.
    specification
        .encoding()
        .unwrap_or(data_encoding::BASE32_NOPAD)
}
