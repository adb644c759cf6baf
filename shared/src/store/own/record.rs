//! Items of own functions as stored.
//!
//! | attribute | is |
//! |---|---|
//! | `epoch` | the account generation of the person whom it is about |
//! | `owner_id` | that person, on a shared item; one's own is in their partition |
//! | `version` | 1 at first, one more with each change |
//! | `created_at`, `updated_at` | milliseconds since the Unix epoch |
//! | `content` | JSON text |
//! | `content_version` | the version of the type that the content was written as |
//! | `text_status` | how far the check of its text has come: `checking`, `review`, `rejected`; absent, others may see it |
//! | `text_check` | which check of its text was announced |
//! | `text_to_check` | the text, until the check is done |
//! | `target_pk`, `target_sk` | on an entry, which has no content: the shared item that it leads to |
//! | `marked` | on an entry: marks on the shared item go with it |
//! | `counted` | on an entry: what it leads to is a mark, which is counted |
//! | `marks` | how many marks a partition has, on the item that counts them |

use crate::ids::{Epoch, UserId};
use crate::moderation::{ItemCheck, TextStatus};
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::item::{self, Item, n, s};
use crate::store::schema::Key;
use crate::time::Timestamp;

/// What a function keeps in an item.
#[derive(Clone, Debug)]
pub(crate) struct OwnContent {
    /// JSON text.
    pub(crate) json: String,
    /// The version of the type.
    pub(crate) version: u16,
    /// What the content means for the check of its text.
    pub(crate) text: TextChange,
}

/// What a write means for the check of an item's text.
#[derive(Clone, Debug, Default)]
pub(crate) enum TextChange {
    /// It has none, or the text is as it was.
    #[default]
    None,
    /// The text is another, and not checked.
    Unchecked,
    /// The text is another, whose check was announced.
    Announced(ItemCheck, String),
}

/// An item of an own function.
#[derive(Clone, Debug)]
pub(crate) struct OwnRecord {
    pub(crate) id: String,
    /// Whom it is about.
    pub(crate) owner: UserId,
    pub(crate) epoch: Epoch,
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) content: OwnContent,
    pub(crate) text_status: TextStatus,
}

impl OwnRecord {
    pub(super) fn new(id: &str, owner: Actor<'_>, content: OwnContent, now: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            owner: owner.user.clone(),
            epoch: owner.epoch,
            version: 1,
            created_at: now,
            updated_at: now,
            text_status: content.text.status().unwrap_or_default(),
            content,
        }
    }

    pub(super) fn to_item(&self, key: Key, is_shared: bool) -> Item {
        let mut item = key.into_item();
        item.extend([
            ("epoch".to_owned(), n(self.epoch.get())),
            ("version".to_owned(), n(self.version)),
            ("created_at".to_owned(), n(self.created_at.millis())),
            ("updated_at".to_owned(), n(self.updated_at.millis())),
            ("content".to_owned(), s(&self.content.json)),
            ("content_version".to_owned(), n(self.content.version)),
        ]);
        if is_shared {
            item.insert("owner_id".to_owned(), s(self.owner.as_str()));
        }
        if let TextChange::Announced(check, text) = &self.content.text {
            item.insert("text_check".to_owned(), s(check.check.as_str()));
            item.insert("text_to_check".to_owned(), s(text));
        }
        if self.text_status != TextStatus::Ready {
            let status = s(self.text_status.as_str());
            item.insert("text_status".to_owned(), status);
        }
        item
    }

    /// The item, whose owner it names itself if it is not in `owner`'s own partition.
    pub(super) fn from_item(item: &Item, owner: Option<&UserId>) -> Result<Self, StoreError> {
        let (_, id) = item::str(item, "sk")?
            .split_once('#')
            .ok_or(StoreError::Corrupt("sk"))?;
        let epoch: u64 = item::num(item, "epoch")?;
        Ok(Self {
            id: id.to_owned(),
            owner: item::opt_parsed(item, "owner_id")?
                .or_else(|| owner.cloned())
                .ok_or(StoreError::Corrupt("owner_id"))?,
            epoch: Epoch::try_from(epoch).map_err(|_| StoreError::Corrupt("epoch"))?,
            version: item::num(item, "version")?,
            created_at: Timestamp::from_millis(item::num(item, "created_at")?),
            updated_at: Timestamp::from_millis(item::num(item, "updated_at")?),
            content: OwnContent {
                json: item::str(item, "content")?.to_owned(),
                version: item::num(item, "content_version")?,
                text: TextChange::None,
            },
            text_status: item::opt_parsed(item, "text_status")?.unwrap_or_default(),
        })
    }

    /// Whether it is shown to `reader`: not what is left of an earlier generation of their own account.
    pub(super) fn is_visible_to(&self, reader: Option<Actor<'_>>) -> bool {
        reader.is_none_or(|reader| self.owner != *reader.user || self.epoch == reader.epoch)
    }

    /// Whether it is the person's, and of the account generation that they call from.
    pub(crate) fn is_of(&self, owner: Actor<'_>) -> bool {
        self.owner == *owner.user && self.epoch == owner.epoch
    }
}

impl TextChange {
    /// What the text is after the change; `None` if it is what it was.
    pub(super) const fn status(&self) -> Option<TextStatus> {
        match self {
            Self::None => None,
            Self::Unchecked => Some(TextStatus::Ready),
            Self::Announced(check, _) => Some(check.status),
        }
    }
}

/// The entry that leads purge and export from a person to a shared item about them.
pub(super) fn entry(owner: Actor<'_>, at: Key, target: Key) -> Item {
    let mut entry = at.into_item();
    let target = target.into_item();
    entry.insert("epoch".to_owned(), n(owner.epoch.get()));
    let target = target
        .into_iter()
        .map(|(name, value)| (format!("target_{name}"), value));
    entry.extend(target);
    entry
}
