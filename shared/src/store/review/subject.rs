//! What a review is about, and the key that follows from it.

use crate::ids::{Epoch, UserId};
use crate::store::error::StoreError;
use crate::store::item::{self, Item};
use crate::store::review_id::{Digest, Entry, ReviewId};
use crate::upload::key::ObjectKey;

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
