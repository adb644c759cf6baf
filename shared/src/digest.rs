//! SHA-256.

use aws_lc_rs::digest;

/// The 32 bytes that [`sha256`] gives.
pub type Sha256 = [u8; 32];

/// The hash as a plain array.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
