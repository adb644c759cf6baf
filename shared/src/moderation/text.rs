//! Texts that are to be checked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Names one change of one text. What was found out about a text counts only while the item still names the same change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckId(String);

impl CheckId {
    /// An id that no other change has.
    pub fn new(random: &Random) -> Self {
        Self(data_encoding::HEXLOWER.encode(&random.bytes::<16>()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id from the table.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
