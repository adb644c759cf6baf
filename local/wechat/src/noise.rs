//! Bytes that look random and are the same for the same input. Nothing here is a secret, so no cryptography is needed.

use std::hash::{DefaultHasher, Hash, Hasher};

/// `N` bytes that depend on `of`.
pub(crate) fn noise<const N: usize>(of: impl Hash) -> [u8; N] {
    let mut bytes = [0; N];
    for (round, chunk) in bytes.chunks_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (round, &of).hash(&mut hasher);
        let hash = hasher.finish().to_be_bytes();
        chunk.copy_from_slice(&hash[..chunk.len()]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_input_gives_the_same_bytes_and_no_part_repeats_another() {
        let bytes = noise::<20>("alice-1");
        assert_eq!(bytes, noise("alice-1"));
        assert_ne!(bytes, noise("alice-2"));
        assert_ne!(bytes[..8], bytes[8..16]);
    }
}
