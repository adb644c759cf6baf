//! The signatures of WeChat's messages: SHA-1 over the token and what goes with it, in alphabetical order.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXLOWER;

/// Whether `signature` is that of the `parts`, one of which is the token. Takes as long for a wrong one as for a right one.
pub(crate) fn is_valid(signature: &str, mut parts: Vec<&str>) -> bool {
    parts.sort_unstable();
    let expected = digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes());
    let expected = HEXLOWER.encode(expected.as_ref());
    verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}
