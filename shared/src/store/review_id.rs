//! The ids of reviews, which are derived from what they are about.

use std::fmt;
use std::str::FromStr;

use crate::digest::sha256;
use crate::ids::{Epoch, ParseIdError, UploadId, UserId};

/// What the keys of reviews of nicknames begin with.
pub(super) const NICKNAME_PREFIX: &str = "nickname-";

/// Names a review: whom it is about, and a hyphen, and which of the reviews about them it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewId {
    pub(super) user: UserId,
    pub(super) entry: Entry,
}

/// A review's sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Upload(UploadId),
    Nickname(Epoch, Digest),
    Text(Epoch, Digest),
    Account(Epoch),
}

/// The first half of a hash tells a person's checks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 16]);

impl ReviewId {
    /// Whom the review is about.
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// The upload that it is about, if it is about one.
    pub const fn upload(&self) -> Option<UploadId> {
        match self.entry {
            Entry::Upload(upload) => Some(upload),
            _ => None,
        }
    }

    /// The account generation that it is about.
    pub fn epoch(&self) -> Epoch {
        match self.entry {
            Entry::Upload(upload) => upload.epoch(),
            Entry::Nickname(epoch, _) | Entry::Text(epoch, _) | Entry::Account(epoch) => epoch,
        }
    }

    /// Which of the reviews about the user it is.
    pub(super) fn entry(&self) -> String {
        self.entry.to_string()
    }
}

impl fmt::Display for ReviewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.user, self.entry)
    }
}

impl FromStr for ReviewId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parts = text.split_once('-').and_then(|(user, entry)| {
            let (user, entry) = (user.parse().ok()?, Entry::parse(entry)?);
            Some(Self { user, entry })
        });
        parts.ok_or(ParseIdError::new("review id"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload(upload) => write!(f, "upload-{upload}"),
            Self::Nickname(epoch, check) => write!(f, "nickname-{}-{check}", epoch.get()),
            Self::Text(epoch, check) => write!(f, "text-{}-{check}", epoch.get()),
            Self::Account(epoch) => write!(f, "account-{}", epoch.get()),
        }
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('-')?;
        let of_check = || {
            let (number, check) = rest.split_once('-')?;
            Some((epoch(number)?, Digest::parse(check)?))
        };
        match kind {
            "upload" => rest.parse().ok().map(Self::Upload),
            "nickname" => of_check().map(|(epoch, check)| Self::Nickname(epoch, check)),
            "text" => of_check().map(|(epoch, check)| Self::Text(epoch, check)),
            "account" => epoch(rest).map(Self::Account),
            _ => None,
        }
    }
}

/// A number as we write it: one review has one name.
fn epoch(text: &str) -> Option<Epoch> {
    let number: u64 = text.parse().ok()?;
    let epoch = Epoch::try_from(number).ok()?;
    (epoch.get().to_string() == text).then_some(epoch)
}

impl Digest {
    pub(super) fn of(parts: &[&str]) -> Self {
        // No key and no check has a control character.
        let hash = sha256(parts.join("\0").as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&hash[..16]);
        Self(first)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        data_encoding::HEXLOWER.encode_display(&self.0).fmt(f)
    }
}
