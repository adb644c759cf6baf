//! The table's layout: every key, and the names that more than one kind of item has.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | user, with its sessions as `s_<session>` | `U#<user>` | `A` |
//! | reservation of a username or an e-mail address; the user item names the form as `username_key`, `email_key` | `UN#<form>`, `EM#<form>` | `A` |
//! | upload | `UP#<user>` | `<upload>` |
//! | check that WeChat was asked for | `MT#<trace id>` | `A` |
//! | owner state: what uploads need to know of their owner's account | `UP#<user>` | `~` |
//! | quota: open tickets, tickets of the day, stored bytes | `RL#UP#<user>` | `A` |
//! | answered request with an idempotency key | `RL#IK#<user>#<epoch>#<hash>` | `A` |
//! | entry of the audit | `AU#0` | time and something random |
//! | an own function's item | `OI#<user>` | `<kind>#<id>` |
//! | an own function's shared item, and the entry that leads from its owner to it | `OF#<function>#<partition>`, `OI#<user>` | `<kind>#<id>` |
//! | what a person marks a shared item with, such as a like; its entry is as above | `OF#<function>#<item>.<n>` | `<kind>#<id>` |
//! | how many such marks the partition has | `OF#<function>#<item>.<n>` | `~<kind>` |
//! | answered request of an own function with an idempotency key | `OI#<user>` | `~<kind>#<hash>` |
//! | owner state for own functions | `OI#<user>` | `~` |
//! | review of something of a user's | `RV#<user>` | its subject |
//! | report of something of a user's, and who made it | `RV#<user>` | `report#<subject>#<reporter>#<epoch>` |
//! | report by a user | `RP#<user>` | `<epoch>#<review>` |
//! | number of a user's reports of the day | `RP#<user>` | `~` |
//!
//! Index `gsi1` holds all users by age: `gsi1pk` = `US#0` (a shard number from the first day), `gsi1sk` = time and id;
//! and likewise, as `RV#0`, the reviews that wait for a decision.

mod marks;

use std::borrow::Cow;

use crate::ids::{Epoch, UploadId, UserId};
use crate::store::item::{self, Item, s};
use crate::store::review_id::ReviewId;
use crate::time::Timestamp;

pub(super) use marks::MARK_PARTITIONS;

/// The sort key of items that are alone in their partition.
const SINGLE: &str = "A";
/// Sorts after every upload id.
pub(super) const OWNER_STATE_SORT_KEY: &str = "~";
/// Sorts after every report.
const REPORT_QUOTA_SORT_KEY: &str = "~";
/// The audit's partition; its number is there to be raised, as that of the users' index is.
pub(super) const AUDIT_PARTITION: &str = "AU#0";
/// The index of all users by age.
pub(super) const USERS_INDEX: &str = "gsi1";
/// The one partition of that index.
pub(super) const USERS_SHARD: &str = "US#0";
/// The partition of that index that holds what waits for a decision.
pub(super) const REVIEWS_LIST: &str = "RV#0";

/// What the partitions of uploads begin with.
pub(super) const UPLOADS: &str = "UP#";
/// What the partitions begin with that own functions have of a person.
const OWN_ITEMS: &str = "OI#";
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

    /// The shared item that an entry leads to; none if what the entry names is no own function's.
    pub(super) fn target_of(entry: &Item) -> Option<Self> {
        let pk = part(entry, "target_pk").filter(|pk| pk.starts_with(SHARED_ITEMS))?;
        Some(Self {
            pk: pk.to_owned().into(),
            sk: part(entry, "target_sk")?.to_owned().into(),
        })
    }

    pub(super) fn check(trace_id: &str) -> Self {
        Self::single(format!("MT#{trace_id}"))
    }

    pub(super) fn quota(user: &UserId) -> Self {
        Self::single(quota_partition(user))
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

    pub(super) fn review(review: &ReviewId) -> Self {
        Self {
            pk: reviews_partition(review.user()).into(),
            sk: review.entry().into(),
        }
    }

    /// What `reporter` has reported, among what they have.
    pub(super) fn report_by(reporter: &UserId, epoch: Epoch, review: &ReviewId) -> Self {
        Self {
            pk: reports_partition(reporter).into(),
            sk: format!("{}#{review}", epoch.get()).into(),
        }
    }

    /// The same report, among what is about the user whom it is about.
    pub(super) fn report_about(review: &ReviewId, reporter: &UserId, epoch: Epoch) -> Self {
        let entry = review.entry();
        Self {
            pk: reviews_partition(review.user()).into(),
            sk: format!("report#{entry}#{reporter}#{}", epoch.get()).into(),
        }
    }

    pub(super) fn report_quota(reporter: &UserId) -> Self {
        Self {
            pk: reports_partition(reporter).into(),
            sk: REPORT_QUOTA_SORT_KEY.into(),
        }
    }

    fn single(pk: String) -> Self {
        Self {
            pk: pk.into(),
            sk: SINGLE.into(),
        }
    }

    /// The key that the item has.
    pub(super) fn of(item: &Item) -> Option<Self> {
        Some(Self {
            pk: part(item, "pk")?.to_owned().into(),
            sk: part(item, "sk")?.to_owned().into(),
        })
    }

    /// The key of an own function's item; none if these are no such keys.
    pub(super) fn of_own_function(pk: &str, sk: &str) -> Option<Self> {
        let is_own = pk.starts_with(OWN_ITEMS) || pk.starts_with(SHARED_ITEMS);
        let is_item = !sk.starts_with(OWNER_STATE_SORT_KEY);
        (is_own && is_item).then(|| Self {
            pk: pk.to_owned().into(),
            sk: sk.to_owned().into(),
        })
    }

    /// The partition key and the sort key.
    pub(super) fn into_parts(self) -> (String, String) {
        (self.pk.into_owned(), self.sk.into_owned())
    }

    /// The key as an item that has no other attributes.
    pub(super) fn into_item(self) -> Item {
        Item::from([("pk".to_owned(), s(self.pk)), ("sk".to_owned(), s(self.sk))])
    }

    /// Whether the item has this key.
    pub(super) fn is_of(&self, item: &Item) -> bool {
        part(item, "pk").is_some_and(|pk| *pk == self.pk)
            && part(item, "sk").is_some_and(|sk| *sk == self.sk)
    }
}

/// The partition of a user's uploads and of their owner state.
pub(super) fn uploads_partition(user: &UserId) -> String {
    format!("{UPLOADS}{user}")
}

/// The partition of what counts a user's uploads.
pub(super) fn quota_partition(user: &UserId) -> String {
    format!("RL#UP#{user}")
}

/// The partition of what own functions keep of a user.
pub(super) fn own_partition(user: &UserId) -> String {
    format!("{OWN_ITEMS}{user}")
}

/// The person whose partition it is, among those of own functions.
pub(super) fn owner_in_partition(pk: &str) -> Option<UserId> {
    pk.strip_prefix(OWN_ITEMS)?.parse().ok()
}

/// A partition of an own function.
pub(super) fn shared_partition(function: &str, partition: &str) -> String {
    format!("{SHARED_ITEMS}{function}#{partition}")
}

/// The partition of the reviews about a user.
pub(super) fn reviews_partition(user: &UserId) -> String {
    format!("RV#{user}")
}

/// The partition of the reports by a user.
pub(super) fn reports_partition(user: &UserId) -> String {
    format!("RP#{user}")
}

/// The review that has this key.
pub(super) fn review_of(item: &Item) -> Option<ReviewId> {
    let user = part(item, "pk")?.strip_prefix("RV#")?;
    format!("{user}-{}", part(item, "sk")?).parse().ok()
}

/// The other half of a report: it is among what is about its target, and among what is by its author.
pub(super) fn counterpart(item: &Item) -> Option<Key> {
    let (pk, sk) = (part(item, "pk")?, part(item, "sk")?);
    if let Some(reporter) = pk.strip_prefix("RP#") {
        let (epoch, review) = sk.split_once('#')?;
        let (reporter, review) = (reporter.parse().ok()?, review.parse().ok()?);
        return Some(Key::report_about(&review, &reporter, parsed_epoch(epoch)?));
    }
    let mut parts = sk.strip_prefix("report#")?.split('#');
    let (entry, reporter, epoch) = (parts.next()?, parts.next()?, parts.next()?);
    let review = format!("{}-{entry}", pk.strip_prefix("RV#")?)
        .parse()
        .ok()?;
    let reporter = reporter.parse().ok()?;
    Some(Key::report_by(&reporter, parsed_epoch(epoch)?, &review))
}

fn parsed_epoch(text: &str) -> Option<Epoch> {
    Epoch::try_from(text.parse::<u64>().ok()?).ok()
}

/// A half of the item's key.
fn part<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item::opt_str(item, name)
}

/// Whose item it is that has this partition key; `None` if it is no user's.
pub(super) fn user_in_partition(pk: &str) -> Option<UserId> {
    pk.strip_prefix("U#")?.parse().ok()
}

/// Sorts users by age in the index; the id makes it unique.
pub(super) fn age_key(at: Timestamp, user: &UserId) -> String {
    format!("{:015}#{user}", at.millis())
}

/// Sorts reviews by age in the index; the id makes it unique.
pub(super) fn review_age_key(at: Timestamp, review: &ReviewId) -> String {
    format!("{:015}#{review}", at.millis())
}

/// Whether the text has the form of what [`review_age_key`] gives.
pub(super) fn is_review_age_key(text: &str) -> bool {
    text.split_once('#')
        .is_some_and(|(age, review)| is_age(age) && review.parse::<ReviewId>().is_ok())
}

/// Whether the text has the form of what [`age_key`] gives.
pub(super) fn is_age_key(text: &str) -> bool {
    text.split_once('#')
        .is_some_and(|(age, user)| is_age(age) && user.parse::<UserId>().is_ok())
}

fn is_age(text: &str) -> bool {
    text.len() == 15 && text.bytes().all(|b| b.is_ascii_digit())
}
