//! The table's layout: every key, and the names that more than one kind of item has.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | user, with its sessions as `s_<session>` | `U#<user>` | `A` |
//! | reservation of a username or an e-mail address; the user item names the form as `username_key`, `email_key` | `UN#<form>`, `EM#<form>` | `A` |
//! | upload | `UP#<user>` | `<upload>` |
//! | owner state: what uploads need to know of their owner's account | `UP#<user>` | `~` |
//! | quota: open tickets, tickets of the day, stored bytes | `RL#UP#<user>` | `A` |
//! | answered request with an idempotency key | `RL#IK#<user>#<epoch>#<hash>` | `A` |
//! | entry of the audit | `AU#0` | time and something random |
//! | an own function's item | `OI#<user>` | `<kind>#<id>` |
//! | an own function's shared item, and the entry that leads from its owner to it | `OF#<function>#<partition>`, `OI#<user>` | `<kind>#<id>` |
//! | answered request of an own function with an idempotency key | `OI#<user>` | `~<kind>#<hash>` |
//! | owner state for own functions | `OI#<user>` | `~` |
//!
//! Index `gsi1` holds all users by age: `gsi1pk` = `US#0` (a shard number from the first day), `gsi1sk` = time and id.

use std::borrow::Cow;

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::item::{Item, s};
use crate::time::Timestamp;

/// The sort key of items that are alone in their partition.
const SINGLE: &str = "A";
/// Sorts after every upload id.
pub(super) const OWNER_STATE_SORT_KEY: &str = "~";
/// The audit's partition; its number is there to be raised, as that of the users' index is.
pub(super) const AUDIT_PARTITION: &str = "AU#0";
/// The index of all users by age.
pub(super) const USERS_INDEX: &str = "gsi1";
/// The one partition of that index.
pub(super) const USERS_SHARD: &str = "US#0";

/// What the partitions of own functions begin with.
pub(super) const SHARED_ITEMS: &str = "OF#";

/// Attribute names that DynamoDB reserves: in an expression they stand with a `#` before them.
pub(super) const RESERVED_WORDS: [&str; 6] = ["status", "role", "ttl", "size", "open", "bytes"];

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pk: Cow<'static, str>,
    sk: Cow<'static, str>,
}

/// A field that no two users have alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UniqueField {
    Username,
    Email,
}

impl Key {
    pub(super) fn user(user: &UserId) -> Self {
        Self::single(format!("U#{user}"))
    }

    /// A key that no user has.
    pub(super) fn no_user() -> Self {
        Self::single("U#warm-up".to_owned())
    }

    pub(super) fn upload(user: &UserId, upload: UploadId) -> Self {
        Self {
            pk: uploads_partition(user).into(),
            sk: upload.to_string().into(),
        }
    }

    pub(super) fn owner_state(user: &UserId) -> Self {
        Self {
            pk: uploads_partition(user).into(),
            sk: OWNER_STATE_SORT_KEY.into(),
        }
    }

    /// An item of an own function, `kind` and `id` of which hold no `#`.
    pub(super) fn own_item(user: &UserId, kind: &str, id: &str) -> Self {
        Self {
            pk: own_partition(user).into(),
            sk: format!("{kind}#{id}").into(),
        }
    }

    /// An item of an own function in one of the function's own partitions.
    pub(super) fn shared_item(function: &str, partition: &str, kind: &str, id: &str) -> Self {
        Self {
            pk: shared_partition(function, partition).into(),
            sk: format!("{kind}#{id}").into(),
        }
    }

    /// The item that remembers what a request to an own function has created.
    pub(super) fn own_idempotency(user: &UserId, kind: &str, hash: &[u8; 32]) -> Self {
        let hash = data_encoding::HEXLOWER.encode(&hash[..16]);
        Self {
            pk: own_partition(user).into(),
            sk: format!("{OWNER_STATE_SORT_KEY}{kind}#{hash}").into(),
        }
    }

    /// What own functions need to know of the account whose items they keep.
    pub(super) fn own_owner_state(user: &UserId) -> Self {
        Self {
            pk: own_partition(user).into(),
            sk: OWNER_STATE_SORT_KEY.into(),
        }
    }

    /// A key that no user has, among those that an own function may read.
    pub(super) fn no_own_item() -> Self {
        Self::single("OI#warm-up".to_owned())
    }

    /// The key of an item that was read, or that another item names.
    pub(super) fn of(pk: &str, sk: &str) -> Self {
        Self {
            pk: pk.to_owned().into(),
            sk: sk.to_owned().into(),
        }
    }

    pub(super) fn quota(user: &UserId) -> Self {
        Self::single(format!("RL#UP#{user}"))
    }

    /// The first half of the hash of the client's key is enough to tell a person's requests apart.
    pub(super) fn idempotency(user: &UserId, epoch: Epoch, hash: &[u8; 32]) -> Self {
        let hash = data_encoding::HEXLOWER.encode(&hash[..16]);
        Self::single(format!("RL#IK#{user}#{}#{hash}", epoch.get()))
    }

    /// The item by which somebody has `form`, the compared form of a name.
    pub(super) fn reservation(field: UniqueField, form: &str) -> Self {
        Self::single(match field {
            UniqueField::Username => format!("UN#{form}"),
            UniqueField::Email => format!("EM#{form}"),
        })
    }

    pub(super) fn audit_entry(at: Timestamp, random: [u8; 8]) -> Self {
        let random = data_encoding::HEXLOWER.encode(&random);
        Self {
            pk: AUDIT_PARTITION.into(),
            sk: format!("{:015}-{random}", at.millis()).into(),
        }
    }

    fn single(pk: String) -> Self {
        Self {
            pk: pk.into(),
            sk: SINGLE.into(),
        }
    }

    /// The key as an item that has no other attributes.
    pub(super) fn into_item(self) -> Item {
        Item::from([("pk".to_owned(), s(self.pk)), ("sk".to_owned(), s(self.sk))])
    }

    /// Whether the item has this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        let part = |name| item.get(name).and_then(|value| value.as_s().ok());
        part("pk").is_some_and(|pk| *pk == self.pk) && part("sk").is_some_and(|sk| *sk == self.sk)
    }
}

/// The partition of a user's uploads and of their owner state.
pub(super) fn uploads_partition(user: &UserId) -> String {
    format!("UP#{user}")
}

/// The partition of what own functions keep of a user.
pub(super) fn own_partition(user: &UserId) -> String {
    format!("OI#{user}")
}

/// A partition of an own function.
pub(super) fn shared_partition(function: &str, partition: &str) -> String {
    format!("{SHARED_ITEMS}{function}#{partition}")
}

/// Whose item it is that has this partition key; `None` if it is no user's.
pub(super) fn user_in_partition(pk: &str) -> Option<UserId> {
    pk.strip_prefix("U#")?.parse().ok()
}

/// Sorts users by age in the index; the id makes it unique.
pub(super) fn age_key(at: Timestamp, user: &UserId) -> String {
    format!("{:015}#{user}", at.millis())
}

/// Whether the text has the form of what [`age_key`] gives.
pub(super) fn is_age_key(text: &str) -> bool {
    text.split_once('#').is_some_and(|(age, user)| {
        age.len() == 15 && age.bytes().all(|b| b.is_ascii_digit()) && user.parse::<UserId>().is_ok()
    })
}
