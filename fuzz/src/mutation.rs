//! Inputs made of seeds by a few edits, which shrink to the seed and to no edit at all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Longer inputs are cut: what is read has limits of its own, just above which a few edits lead.
const MAX_BYTES: usize = 128 * 1024;
const MAX_EDITS: usize = 6;

#[derive(Clone, Debug)]
enum Edit {
    Flip {
        at: Index,
        bit: u8,
    },
    Replace {
        at: Index,
        byte: u8,
    },
    Insert {
        at: Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: Index,
        length: usize,
    },
    /// Another part of the input, or a part of another seed.
    Copy {
        seed: Option<Index>,
        from: Index,
        length: usize,
        at: Index,
    },
    Repeat {
        at: Index,
        length: usize,
        times: usize,
    },
    Cut {
        at: Index,
    },
}

/// Inputs for a target that has these seeds and tokens.
pub fn inputs(
    seeds: Vec<Vec<u8>>,
    tokens: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let edits = vec(edit(tokens), 0..=MAX_EDITS);
    (any::<Index>(), edits).prop_map(move |(seed, edits)| {
        let mut bytes = seed.get(&seeds).clone();
        for edit in edits {
            edit.apply(&mut bytes, &seeds);
            bytes.truncate(MAX_BYTES);
        }
        bytes
    })
}

fn edit(tokens: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    let interesting: Vec<Vec<u8>> = tokens
        .iter()
        .map(|token| token.as_bytes().to_vec())
        .collect();
    let interesting: Vec<_> = interesting
        .into_iter()
        .chain([vec![0], vec![0xff], vec![]])
        .collect();
    let insertion = prop_oneof![3 => select(interesting), 1 => vec(any::<u8>(), 1..8)];
    let at = any::<Index>;
    prop_oneof![
        2 => (at(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip { at, bit }),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace { at, byte }),
        4 => (at(), insertion).prop_map(|(at, bytes)| Edit::Insert { at, bytes }),
        2 => (at(), 1..24_usize).prop_map(|(at, length)| Edit::Remove { at, length }),
        2 => (prop::option::of(at()), at(), 1..64_usize, at())
            .prop_map(|(seed, from, length, at)| Edit::Copy { seed, from, length, at }),
        1 => (at(), 1..32_usize, prop_oneof![1..8_usize, Just(5000)])
            .prop_map(|(at, length, times)| Edit::Repeat { at, length, times }),
        1 => at().prop_map(|at| Edit::Cut { at }),
    ]
}

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        // One more than there are: the end is a place too.
        let place = |at: Index| at.index(bytes.len() + 1);
        match self {
            Self::Flip { at, bit } if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Replace { at, byte } if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            Self::Flip { .. } | Self::Replace { .. } => {}
            Self::Insert { at, bytes: new } => {
                let at = place(at);
                bytes.splice(at..at, new);
            }
            Self::Remove { at, length } => {
                let range = part(bytes, at, length);
                bytes.drain(range);
            }
            Self::Copy {
                seed,
                from,
                length,
                at,
            } => {
                let source = seed.map_or(&*bytes, |seed| seed.get(seeds));
                let copied = source[part(source, from, length)].to_vec();
                let at = place(at);
                bytes.splice(at..at, copied);
            }
            Self::Repeat { at, length, times } => {
                let range = part(bytes, at, length);
                let repeated = bytes[range.clone()].repeat(times);
                bytes.splice(range, repeated);
            }
            Self::Cut { at } => bytes.truncate(place(at)),
        }
    }
}

fn part(bytes: &[u8], at: Index, length: usize) -> std::ops::Range<usize> {
    let at = at.index(bytes.len() + 1);
    at..bytes.len().min(at + length)
}
