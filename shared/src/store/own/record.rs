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
//! | `target_pk`, `target_sk` | on an entry, which has no content: the shared item that it leads to |
//! | `marked` | on an entry: marks on the shared item go with it |
//! | `counted` | on an entry: what it leads to is a mark, which is counted |
//! | `marks` | how many marks a partition has, on the item that counts them |

use crate::content_check::TextStatus;
use crate::ids::{Epoch, UserId};
use crate::store::actor::Actor;
use crate::store::error::StoreError;
use crate::store::item::{self, Item, n, s};
use crate::store::own::check::TextChange;
use crate::store::schema::Key;
use crate::time::Timestamp;

/// What a function keeps in an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnContent {
    /// JSON text.
    pub(crate) json: String,
    /// The version of the type.
    pub(crate) version: u16,
    /// What becomes of the check of its text.
    pub(crate) text: TextChange,
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
    /// How far its text has come; `None` while others see it.
    pub(crate) text_status: Option<TextStatus>,
    pub(crate) content: OwnContent,
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
            text_status: content.text.status_after(None),
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
        item.extend(self.content.text.attributes());
        if is_shared {
            item.insert("owner_id".to_owned(), s(self.owner.as_str()));
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
            text_status: item::opt_parsed(item, "text_status")?,
            content: OwnContent {
                text: TextChange::Keep,
                json: item::str(item, "content")?.to_owned(),
                version: item::num(item, "content_version")?,
            },
        })
    }

    /// Whether it is shown to `reader`: not what is left of an earlier generation of their own account, and nothing of others
    /// whose text has not passed its check.
    pub(super) fn is_visible_to(&self, reader: Option<Actor<'_>>) -> bool {
        match reader.filter(|reader| self.owner == *reader.user) {
            Some(owner) => self.epoch == owner.epoch,
            None => self.text_status.is_none(),
        }
    }

    /// Whether it is the person's, and of the account generation that they call from.
    pub(crate) fn is_of(&self, owner: Actor<'_>) -> bool {
        self.owner == *owner.user && self.epoch == owner.epoch
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
