//! What a review is about, and the key that follows from it.

use std::fmt;
use std::str::FromStr;

use crate::digest::sha256;
use crate::ids::{Epoch, ParseIdError, UploadId, UserId};
use crate::store::error::StoreError;
use crate::store::item::{self, Item};
use crate::store::schema::Key;
use crate::upload::key::ObjectKey;

/// What the keys of reviews of nicknames begin with.
pub(super) const NICKNAME_PREFIX: &str = "nickname-";

/// What a review is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The version that an upload's record references.
    Upload(ObjectKey),
    /// A nickname, as one change has left it.
    Nickname {
        /// Whose it is.
        user: UserId,
        /// The account generation.
        epoch: Epoch,
        /// Which change it is.
        check: String,
    },
    /// A text of an own function's item, as one change has left it.
    Text {
        /// Whose it is.
        user: UserId,
        /// The account generation.
        epoch: Epoch,
        /// The partition key of the item.
        pk: String,
        /// The sort key of the item.
        sk: String,
        /// Which change it is.
        check: String,
    },
    /// What a profile shows.
    Account {
        /// Whose it is.
        user: UserId,
        /// The account generation.
        epoch: Epoch,
    },
}

impl Subject {
    /// Whom it is about.
    pub const fn user(&self) -> &UserId {
        match self {
            Self::Upload(key) => &key.user,
            Self::Nickname { user, .. } | Self::Text { user, .. } | Self::Account { user, .. } => {
                user
            }
        }
    }

    /// The account generation that it is about.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Upload(key) => key.upload.epoch(),
            Self::Nickname { epoch, .. }
            | Self::Text { epoch, .. }
            | Self::Account { epoch, .. } => *epoch,
        }
    }

    /// The review of it.
    pub fn review(&self) -> ReviewId {
        let epoch = self.epoch();
        let entry = match self {
            Self::Upload(key) => Entry::Upload(key.upload),
            Self::Nickname { check, .. } => Entry::Nickname(epoch, Digest::of(&[check])),
            Self::Text { pk, sk, check, .. } => Entry::Text(epoch, Digest::of(&[pk, sk, check])),
            Self::Account { .. } => Entry::Account(epoch),
        };
        ReviewId {
            user: self.user().clone(),
            entry,
        }
    }

    /// The attributes that name it.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Upload(key) => vec![("content_type", key.content_type.as_str().to_owned())],
            Self::Nickname { check, .. } => vec![("check_id", check.clone())],
            Self::Text { pk, sk, check, .. } => vec![
                ("item_pk", pk.clone()),
                ("item_sk", sk.clone()),
                ("check_id", check.clone()),
            ],
            Self::Account { .. } => Vec::new(),
        }
    }

    /// The subject of the review `id`, whose item it is.
    pub(super) fn from_item(item: &Item, id: &ReviewId) -> Result<Self, StoreError> {
        let user = id.user.clone();
        let text = |name| item::str(item, name).map(str::to_owned);
        Ok(match id.entry {
            Entry::Upload(upload) => Self::Upload(ObjectKey {
                user,
                upload,
                content_type: item::parsed(item, "content_type")?,
            }),
            Entry::Nickname(epoch, _) => Self::Nickname {
                user,
                epoch,
                check: text("check_id")?,
            },
            Entry::Text(epoch, _) => Self::Text {
                user,
                epoch,
                pk: text("item_pk")?,
                sk: text("item_sk")?,
                check: text("check_id")?,
            },
            Entry::Account(epoch) => Self::Account { user, epoch },
        })
    }
}

/// Names a review: whom it is about, and a hyphen, and which of the reviews about them it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewId {
    user: UserId,
    entry: Entry,
}

/// A review's sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Upload(UploadId),
    Nickname(Epoch, Digest),
    Text(Epoch, Digest),
    Account(Epoch),
}

/// The first half of a hash tells a person's checks apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digest([u8; 16]);

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

    pub(in crate::store) fn key(&self) -> Key {
        Key::review(self)
    }

    /// Which of the reviews about the user it is.
    pub(in crate::store) fn entry(&self) -> String {
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
    fn of(parts: &[&str]) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        "uaaaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap()
    }

    fn subjects() -> [Subject; 4] {
        let (epoch, check) = (Epoch::FIRST, "001794000000000-0123".to_owned());
        [
            Subject::Upload(ObjectKey {
                user: user(),
                upload: "01jz0000000000400000000000".parse().unwrap(),
                content_type: "image/jpeg".parse().unwrap(),
            }),
            Subject::Nickname {
                user: user(),
                epoch,
                check: check.clone(),
            },
            Subject::Text {
                user: user(),
                epoch,
                pk: "OI#x".to_owned(),
                sk: "order#1".to_owned(),
                check,
            },
            Subject::Account {
                user: user(),
                epoch,
            },
        ]
    }

    #[test]
    fn an_id_is_read_as_it_is_written_and_needs_no_escaping() {
        for subject in subjects() {
            let id = subject.review();
            let text = id.to_string();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            assert!(text.bytes().all(is_plain), "{text}");
            assert_eq!(text.parse(), Ok(id.clone()));
            assert_eq!((id.user(), id.epoch()), (subject.user(), subject.epoch()));
        }
    }

    #[test]
    fn another_check_is_another_review() {
        let nickname = |check: &str| Subject::Nickname {
            user: user(),
            epoch: Epoch::FIRST,
            check: check.to_owned(),
        };
        assert_eq!(nickname("a").review(), nickname("a").review());
        assert_ne!(nickname("a").review(), nickname("b").review());
    }

    #[test]
    fn a_review_has_one_name() {
        let user = user();
        for entry in [
            "",
            "account",
            "account-",
            "account-0",
            "account-01",
            "account-+1",
            "account-1-",
            "account-32768",
            "nickname-1",
            "nickname-1-00",
            "nickname-1-000102030405060708090A0B0C0D0E0F",
            "upload-u",
            "other-1",
        ] {
            let text = format!("{user}-{entry}");
            assert!(text.parse::<ReviewId>().is_err(), "{text}");
        }
        assert!("account-1".parse::<ReviewId>().is_err());
    }
}
