//! The two base-32 alphabets of our ids. Both sort as the bytes they stand for, and neither needs escaping in a URL,
//! an object key or a DynamoDB key.

use data_encoding::Encoding;
use data_encoding_macro::new_encoding;

/// RFC 4648's alphabet in lower case, without padding.
pub const RFC4648_LOWER: Encoding = new_encoding! { symbols: "abcdefghijklmnopqrstuvwxyz234567", };

/// Crockford's alphabet in lower case, without padding: digits sort before letters, so text order is number order.
pub const CROCKFORD_LOWER: Encoding =
    new_encoding! { symbols: "0123456789abcdefghjkmnpqrstvwxyz", };
