//! Objects to upload, right and wrong.

use bytes::Bytes;
use serde_json::{Value, json};

/// What a ticket is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) content_type: &'static str,
    pub(super) size: usize,
    pub(super) purpose: &'static str,
    pub(super) method: &'static str,
}

const KINDS: [(&str, &[u8]); 3] = [
    (
        "image/png",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0",
    ),
    (
        "image/jpeg",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb",
    ),
    (
        "image/gif",
        b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0\x21\xf9\x04",
    ),
];

impl Wish {
    pub(super) fn draw(
        random: &mut fastrand::Rng,
        purpose: &'static str,
        method: &'static str,
    ) -> Self {
        Self {
            content_type: KINDS[random.usize(..KINDS.len())].0,
            size: random.usize(32..600),
            purpose,
            method,
        }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({"content_type": self.content_type, "size": self.size, "purpose": self.purpose, "method": self.method})
    }

    /// An object that is what the ticket is for. Each has bytes of its own.
    pub(super) fn right(&self, random: &mut fastrand::Rng) -> Bytes {
        let head = KINDS.iter().find(|(name, _)| *name == self.content_type);
        filled(head.map_or(&[], |(_, head)| head), self.size, random)
    }

    /// One of that size that is something else.
    pub(super) fn wrong(&self, random: &mut fastrand::Rng) -> Bytes {
        filled(b"<!doctype html><script>", self.size, random)
    }

    /// One that has more bytes than were asked for.
    pub(super) fn large(&self, random: &mut fastrand::Rng) -> Bytes {
        let mut more = self.clone();
        more.size += 1;
        more.right(random)
    }
}

fn filled(head: &[u8], size: usize, random: &mut fastrand::Rng) -> Bytes {
    let mut bytes = head.to_vec();
    bytes.resize_with(size.max(head.len()), || random.u8(..));
    bytes.into()
}
