//! MP3 (and its elder layers) by the fields of the frame header, or by the ID3v2 tag before it.
//!
//! ISO/IEC 11172-3, 2.4.2.3; ISO/IEC 13818-3 for half the sampling rates, and Fraunhofer's MPEG 2.5 for a quarter;
//! <https://id3.org/id3v2.4.0-structure>.

use super::{is_binary, is_whole};

/// kbit/s by index, which is 1 to 14.
const LAYER_1: [u32; 14] = [
    32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
];
const LAYER_2: [u32; 14] = [
    32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
];
const LAYER_3: [u32; 14] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const LOW_LAYER_1: [u32; 14] = [
    32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
];
const LOW_LAYERS_2_AND_3: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Whether the head begins with a frame, or with a tag that leads to one.
pub(super) fn is_mpeg_audio(head: &[u8]) -> bool {
    let mut rest = head;
    while rest.starts_with(b"ID3") {
        let Some(length) = tag_length(rest) else {
            return false;
        };
        rest = match rest.get(length..) {
            Some(after) if !after.is_empty() => after,
            // Pictures and notes can be of any length: the first frame is out of sight.
            _ => return !is_whole(head),
        };
        // Some taggers leave more room than they tell.
        let room = rest.iter().take_while(|byte| **byte == 0).count();
        rest = &rest[room..];
        if rest.is_empty() {
            return !is_whole(head);
        }
    }
    begins_with_frames(rest, is_whole(head))
}

/// The length of an ID3v2 tag with its header and footer; `None` if the header is not one.
fn tag_length(bytes: &[u8]) -> Option<usize> {
    let &[_, _, _, major, revision, flags, s0, s1, s2, s3] = bytes.first_chunk()?;
    let unknown_flags = match major {
        2 => 0x3f,
        3 => 0x1f,
        4 => 0x0f,
        _ => return None,
    };
    let size = [s0, s1, s2, s3];
    // Seven bits a byte, so that no size looks like the start of a frame.
    let is_safe = size.iter().all(|byte| *byte < 0x80);
    if revision == 0xff || flags & unknown_flags != 0 || !is_safe {
        return None;
    }
    let size = size
        .iter()
        .fold(0, |size, byte| size << 7 | usize::from(*byte));
    let footer = if major == 4 && flags & 0x10 != 0 {
        10
    } else {
        0
    };
    Some(10 + size + footer)
}

/// Two frames of one stream, as far as they are in sight.
fn begins_with_frames(bytes: &[u8], is_whole: bool) -> bool {
    let Some(first) = Frame::read(bytes).filter(|_| is_binary(bytes)) else {
        return false;
    };
    let Some(length) = first.length() else {
        return first.recurs(bytes);
    };
    match bytes.get(length..) {
        // Behind the last frame there may be tags of other kinds, or what a cut has left of a frame.
        Some(rest) => match rest.first_chunk::<4>() {
            Some(_) => {
                Frame::read(rest).is_some_and(|next| next.is_alike(&first)) || is_end_tag(rest)
            }
            None => first.layer != Layer::One,
        },
        // Layer I is out of use, and its header is also how UTF-16 text begins.
        None => first.layer != Layer::One && !is_whole,
    }
}

fn is_end_tag(bytes: &[u8]) -> bool {
    [&b"TAG"[..], b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI"]
        .iter()
        .any(|tag| bytes.starts_with(tag))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    One,
    Two,
    Three,
}

struct Frame {
    /// 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5.
    version: u8,
    layer: Layer,
    /// 0 is a rate of the encoder's own, the same in every frame.
    bitrate: u8,
    sampling: u8,
    padding: u32,
}

impl Frame {
    /// Reads a header; `None` if a field has a value that the standards reserve. ADTS, which has the same eleven bits
    /// at its start, has the reserved layer.
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xff, kind, rates, _] = bytes.first_chunk()? else {
            return None;
        };
        let layer = match kind >> 1 & 0x03 {
            3 => Layer::One,
            2 => Layer::Two,
            1 => Layer::Three,
            _ => return None,
        };
        let frame = Self {
            version: kind >> 3 & 0x03,
            layer,
            bitrate: rates >> 4,
            sampling: rates >> 2 & 0x03,
            padding: u32::from(rates >> 1 & 0x01),
        };
        let is_reserved = frame.version == 1 || frame.bitrate == 15 || frame.sampling == 3;
        (kind >> 5 == 0x07 && !is_reserved).then_some(frame)
    }

    /// How many bytes it is from this header to the next; `None` if the encoder has a bit rate of its own.
    fn length(&self) -> Option<usize> {
        let is_full_rate = self.version == 3;
        let table = match (is_full_rate, self.layer) {
            (true, Layer::One) => LAYER_1,
            (true, Layer::Two) => LAYER_2,
            (true, Layer::Three) => LAYER_3,
            (false, Layer::One) => LOW_LAYER_1,
            (false, _) => LOW_LAYERS_2_AND_3,
        };
        let bitrate = 1000 * table.get(usize::from(self.bitrate).checked_sub(1)?)?;
        let full_rate = [44_100, 48_000, 32_000][usize::from(self.sampling % 3)];
        let sampling = match self.version {
            3 => full_rate,
            2 => full_rate / 2,
            _ => full_rate / 4,
        };
        let length = match self.layer {
            Layer::One => (12 * bitrate / sampling + self.padding) * 4,
            Layer::Three if !is_full_rate => 72 * bitrate / sampling + self.padding,
            _ => 144 * bitrate / sampling + self.padding,
        };
        usize::try_from(length).ok()
    }

    /// Whether both are of one stream, whose bit rate may change.
    fn is_alike(&self, other: &Self) -> bool {
        self.version == other.version
            && self.layer == other.layer
            && self.sampling == other.sampling
            && (self.bitrate == 0) == (other.bitrate == 0)
    }

    /// Whether another frame of the stream is in sight, at whatever distance.
    fn recurs(&self, bytes: &[u8]) -> bool {
        bytes
            .windows(4)
            .skip(24)
            .any(|window| Self::read(window).is_some_and(|next| next.is_alike(self)))
    }
}
