//! What is stored on a person, section by section, as it is shown to the person.
//!
//! Whole partitions are read, whatever is in them: what a new kind of item of an own function holds, or a new attribute, is
//! exported without another line. Left out are keys, hashes, and what would name somebody else.

mod attributes;

use serde_json::{Map, Value};

use crate::ids::{Epoch, UserId};
use crate::store::Store;
use crate::store::account::Account;
use crate::store::actor::Actor;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::export::attributes::shown;
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::page::Page;
use crate::store::schema::{
    Key, OWNER_STATE_SORT_KEY, own_partition, quota_partition, reports_partition, reviews_partition,
};
use crate::store::session::{SessionTimes, session_times};

/// The user item, as far as the person is shown it.
#[derive(Debug)]
pub struct AccountExport {
    /// The account.
    pub account: Account,
    /// Its sessions.
    pub sessions: Vec<SessionTimes>,
    /// Which of WeChat's ids of the person are stored.
    pub wechat_ids: Vec<&'static str>,
}

/// A part of what is stored on a person, beside the account and the uploads: a partition, or a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What own functions keep, and what the person shares by way of them.
    OwnItems,
    /// What the person has reported.
    Reports,
    /// What was to be decided about the person's profile.
    ProfileReviews,
    /// What was to be decided about what the person shows beside it.
    ContentReviews,
    /// How much of the limits on uploads is used.
    UploadQuota,
}

/// Something that is stored on a person.
#[derive(Debug)]
pub struct Exported {
    /// What the person calls it by: of an own function's item, its kind.
    pub name: String,
    /// What is shown of it.
    pub data: Map<String, Value>,
}

/// Which sort keys of a partition are a part's.
#[derive(Clone, Copy)]
enum Range {
    Whole,
    Before(&'static str),
    After(&'static str),
}

/// Reports about a person lie between the two kinds of reviews, and their keys say who reported.
const REPORTS_ABOUT: (&str, &str) = ("report#", "report$");
/// What positions can have at most: DynamoDB's limit for a sort key.
const MAX_POSITION: usize = 1024;

impl Part {
    /// Whether a page of the part can have ended there.
    pub fn has(self, position: &str) -> bool {
        let is_in_range = match self.range() {
            Range::Whole => true,
            Range::Before(end) => position < end,
            Range::After(start) => position > start,
        };
        is_in_range && (1..=MAX_POSITION).contains(&position.len())
    }

    /// What is not shown: keys, which a person has no use for, and what is there for writers alone.
    const fn hidden(self) -> &'static [&'static str] {
        match self {
            Self::OwnItems => &["pk", "sk", "epoch", "owner_id", "content_version"],
            Self::ProfileReviews | Self::ContentReviews => &[
                "pk", "sk", "epoch", "gsi1pk", "gsi1sk", "item_pk", "item_sk",
            ],
            Self::Reports | Self::UploadQuota => &["pk", "sk", "epoch"],
        }
    }

    fn partition(self, user: &UserId) -> String {
        match self {
            Self::OwnItems => own_partition(user),
            Self::Reports => reports_partition(user),
            Self::ProfileReviews | Self::ContentReviews => reviews_partition(user),
            Self::UploadQuota => quota_partition(user),
        }
    }

    const fn range(self) -> Range {
        match self {
            // What comes after is the owner state, and which requests have been answered.
            Self::OwnItems => Range::Before(OWNER_STATE_SORT_KEY),
            Self::ProfileReviews => Range::Before(REPORTS_ABOUT.0),
            Self::ContentReviews => Range::After(REPORTS_ABOUT.1),
            Self::Reports | Self::UploadQuota => Range::Whole,
        }
    }

    fn query(self, user: &UserId, limit: usize, after: Option<&str>) -> Query {
        let pk = self.partition(user);
        let all = Condition::new("pk = :pk").value(":pk", s(&pk));
        let end = |condition, end| Condition::new(condition).value(":end", s(end));
        let mut query = Query::new(match self.range() {
            Range::Whole => all,
            Range::Before(before) => all.and(end("sk < :end", before)),
            Range::After(after) => all.and(end("sk > :end", after)),
        });
        query.limit = Some(limit);
        query.start = after
            .map(|position| Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(position))]));
        query
    }
}

impl Store {
    /// The user item of a person, as far as the person is shown it.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn export_account(&self, user: &UserId) -> Result<Option<AccountExport>, StoreError> {
        let Some(item) = self.dynamo.get(Key::user(user)).await? else {
            return Ok(None);
        };
        let wechat_ids = ["openid", "unionid"];
        Ok(Some(AccountExport {
            account: Account::from_item(&item)?,
            sessions: session_times(&item),
            wechat_ids: wechat_ids
                .into_iter()
                .filter(|name| item.contains_key(*name))
                .collect(),
        }))
    }

    /// A page of a part of what is stored on a person's account of that generation, after the position at which the page
    /// before ended.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn export_part(
        &self,
        owner: Actor<'_>,
        part: Part,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Exported>, StoreError> {
        let query = part.query(owner.user, limit, after);
        let found = self.dynamo.query(query).await?;
        let next = found.cut.as_ref().and_then(|cut| item::opt_str(cut, "sk"));
        let next = next.map(str::to_owned);
        let mut items = found.items;
        items.retain(|item| is_of(item, owner.epoch));
        let items = self.with_targets(part, items).await?;
        let items = items.iter().map(|item| exported(part, item));
        Ok(Page {
            items: items.collect(),
            next,
        })
    }

    /// The items, and instead of entries what they lead to.
    async fn with_targets(&self, part: Part, items: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        if part != Part::OwnItems {
            return Ok(items);
        }
        let targets: Vec<_> = items.iter().filter_map(Key::target_of).collect();
        let mut items = items;
        items.retain(|item| Key::target_of(item).is_none());
        items.extend(self.dynamo.batch_get_all(&targets).await?);
        items.sort_unstable_by(|a, b| item::opt_str(a, "sk").cmp(&item::opt_str(b, "sk")));
        Ok(items)
    }
}

/// What another generation left behind is none of this one's.
fn is_of(item: &Item, epoch: Epoch) -> bool {
    item::opt_num::<u16>(item, "epoch").is_none_or(|of| of == epoch.get())
}

fn exported(part: Part, item: &Item) -> Exported {
    let sort_key = item::opt_str(item, "sk").unwrap_or_default();
    let (kind, id) = sort_key.split_once('#').unwrap_or((sort_key, ""));
    let mut data = shown(item, part.hidden());
    match part {
        Part::OwnItems => drop(data.insert("id".to_owned(), id.into())),
        Part::Reports if !id.is_empty() => drop(data.insert("reported".to_owned(), id.into())),
        Part::ProfileReviews | Part::ContentReviews => {
            data.insert("subject".to_owned(), sort_key.into());
        }
        Part::Reports | Part::UploadQuota => {}
    }
    let name = match part {
        Part::OwnItems => kind,
        Part::Reports if id.is_empty() => "report_quota",
        Part::Reports => "report",
        Part::ProfileReviews | Part::ContentReviews => "review",
        Part::UploadQuota => "upload_quota",
    };
    Exported {
        name: name.to_owned(),
        data,
    }
}
