//! Claims: the items that make usernames and e-mail addresses unique. A claim's primary key is a compared form, so that
//! the table itself refuses a second owner.
//!
//! Version 0.1 compared by lower case (`unicode/former.rs`). Where its form of a text is another
//! one than today's, the text is claimed under both: so that it meets the claim while it runs beside this version, or
//! again after it, and releases what it knows of. The other former forms of the name have to be free. What a user has
//! claimed is released under every form that it may have been claimed under: the one that the user item names, and both
//! forms of the text there, which the former version changes without it.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem};
use futures_util::future::try_join_all;

use crate::ids::UserId;
use crate::profile::{Email, Username};
use crate::store::item::{self, Item, s, values};
use crate::store::{Account, Store, StoreError, is_refused, store_error};
use crate::unicode::former::{compared_formerly, former_spellings};
use crate::user::User;

/// Whose it is, if anybody's, is `:uid`.
const FREE_OR_OWN: &str = "attribute_not_exists(pk) OR uid = :uid";

/// What a claim is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A username.
    Username,
    /// An e-mail address.
    Email,
}

impl Kind {
    fn partition(self, form: &str) -> String {
        match self {
            Self::Username => format!("UN#{form}"),
            Self::Email => format!("EM#{form}"),
        }
    }
}

/// What a person can claim for themselves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    kind: Kind,
    form: String,
    former: String,
}

impl From<&Username> for Claim {
    fn from(name: &Username) -> Self {
        Self {
            kind: Kind::Username,
            form: name.compared(),
            former: compared_formerly(name.as_str()),
        }
    }
}

impl From<&Email> for Claim {
    fn from(email: &Email) -> Self {
        Self {
            kind: Kind::Email,
            form: email.compared(),
            former: compared_formerly(email.as_str()),
        }
    }
}

impl Claim {
    /// Whether it is on what the user has.
    fn is_on_name_of(&self, user: &User) -> bool {
        let own = match self.kind {
            Kind::Username => user.username.as_ref().map(Self::from),
            Kind::Email => user.email.as_ref().map(Self::from),
        };
        own.is_some_and(|own| own.form == self.form)
    }

    /// The partitions of its items.
    fn items(&self) -> BTreeSet<String> {
        [&self.form, &self.former]
            .map(|form| self.kind.partition(form))
            .into()
    }

    /// The partitions of items by which the former version gave the same name to somebody.
    fn rivals(&self) -> BTreeSet<String> {
        let spellings = former_spellings(&self.form).into_iter();
        let all: BTreeSet<_> = spellings.map(|form| self.kind.partition(&form)).collect();
        &all - &self.items()
    }
}

/// The forms of a user's claims as the user item names them; the former version neither writes nor removes them.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredForms {
    username: Option<String>,
    email: Option<String>,
}

impl StoredForms {
    pub(super) fn of_item(item: &Item) -> Self {
        let form = |name| item::opt_str(item, name).map(str::to_owned);
        Self {
            username: form("username_key"),
            email: form("email_key"),
        }
    }

    /// The partitions of all items that `claim`, on the text that the user item holds, can be in.
    fn items(&self, kind: Kind, claim: Option<&Claim>) -> BTreeSet<String> {
        let stored = match kind {
            Kind::Username => &self.username,
            Kind::Email => &self.email,
        };
        let stored = stored.iter().map(|form| kind.partition(form));
        stored
            .chain(claim.into_iter().flat_map(Claim::items))
            .collect()
    }
}

/// Items that were to be released and are somebody else's.
pub(super) type Foreign = HashSet<String>;

/// The part of a transaction that moves claims; the first of its writes is the user's.
pub(super) struct ClaimWrites<'a> {
    table: &'a str,
    user: &'a UserId,
    stored: &'a StoredForms,
    foreign: &'a Foreign,
    writes: Vec<TransactWriteItem>,
    at: ClaimsAt,
}

/// Where in a transaction claims are taken and released.
#[derive(Debug, Default)]
pub(super) struct ClaimsAt {
    username: Range<usize>,
    email: Range<usize>,
    released: Vec<(usize, String)>,
}

/// What a transaction was cancelled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The user has changed, or an item that was to be released is somebody else's: the next try may work.
    Changed,
    /// Somebody else has the claim.
    Taken(Kind),
}

impl<'a> ClaimWrites<'a> {
    /// After `first`, which is the write of the user item.
    pub(super) fn after(
        first: TransactWriteItem,
        table: &'a str,
        user: &'a UserId,
        stored: &'a StoredForms,
        foreign: &'a Foreign,
    ) -> Self {
        Self {
            table,
            user,
            stored,
            foreign,
            writes: vec![first],
            at: ClaimsAt::default(),
        }
    }

    /// Moves a claim from `current` to `next`.
    pub(super) fn change(
        &mut self,
        kind: Kind,
        current: Option<&Claim>,
        next: Option<&Claim>,
    ) -> Result<(), BuildError> {
        let held = self.stored.items(kind, current);
        let Some(next) = next else {
            return self.release(held);
        };
        let (items, rivals) = (next.items(), next.rivals());
        if current.is_some() && held == items {
            return Ok(());
        }
        let start = self.writes.len();
        for partition in &items {
            let put = self.take(partition)?;
            self.writes.push(put);
        }
        // Free, or the user's own of former times, which is then given up.
        for partition in &rivals {
            let delete = self.give_up(partition)?;
            self.writes.push(delete);
        }
        let taken = start..self.writes.len();
        match kind {
            Kind::Username => self.at.username = taken,
            Kind::Email => self.at.email = taken,
        }
        self.release(&(&held - &items) - &rivals)
    }

    /// Releases all that `user` may have claimed.
    pub(super) fn release_all(&mut self, user: &User) -> Result<(), BuildError> {
        let username = user.username.as_ref().map(Claim::from);
        let email = user.email.as_ref().map(Claim::from);
        self.change(Kind::Username, username.as_ref(), None)?;
        self.change(Kind::Email, email.as_ref(), None)
    }

    /// Releases what the user item names, of which the texts are gone. It needs none of Unicode's data.
    pub(super) fn release_stored(&mut self) -> Result<(), BuildError> {
        self.release(self.stored.items(Kind::Username, None))?;
        self.release(self.stored.items(Kind::Email, None))
    }

    /// The writes, and where among them the claims are.
    pub(super) fn finish(self) -> (Vec<TransactWriteItem>, ClaimsAt) {
        (self.writes, self.at)
    }

    fn release(&mut self, items: BTreeSet<String>) -> Result<(), BuildError> {
        for partition in items {
            if !self.foreign.contains(&partition) {
                let delete = self.give_up(&partition)?;
                self.at.released.push((self.writes.len(), partition));
                self.writes.push(delete);
            }
        }
        Ok(())
    }

    fn take(&self, partition: &str) -> Result<TransactWriteItem, BuildError> {
        let mut claim = item::key(partition, "A");
        claim.insert("uid".to_owned(), s(self.user.as_str()));
        let put = Put::builder()
            .table_name(self.table)
            .set_item(Some(claim))
            .condition_expression(FREE_OR_OWN)
            .set_expression_attribute_values(values([(":uid", s(self.user.as_str()))]))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn give_up(&self, partition: &str) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(self.table)
            .set_key(Some(item::key(partition, "A")))
            .condition_expression(FREE_OR_OWN)
            .set_expression_attribute_values(values([(":uid", s(self.user.as_str()))]))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

impl ClaimsAt {
    /// What the cancellation means. What turned out to be somebody else's is added to `foreign`.
    pub(super) fn obstacle(
        &self,
        reasons: &[CancellationReason],
        foreign: &mut Foreign,
    ) -> Obstacle {
        let refused = |range: &Range<usize>| range.clone().any(|at| is_refused(reasons, at));
        // A user who changed comes first: that the claim is refused as well may be due to just that.
        if is_refused(reasons, 0) {
            return Obstacle::Changed;
        }
        let released = self.released.iter();
        foreign.extend(
            released
                .filter(|(at, _)| is_refused(reasons, *at))
                .map(|(_, partition)| partition.clone()),
        );
        if refused(&self.username) {
            Obstacle::Taken(Kind::Username)
        } else if refused(&self.email) {
            Obstacle::Taken(Kind::Email)
        } else {
            Obstacle::Changed
        }
    }
}

impl Store {
    /// The users who have the name. More than one may have what the former version told apart.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn users_named(&self, claim: &Claim) -> Result<Vec<User>, StoreError> {
        let items = &claim.items() | &claim.rivals();
        let owners = try_join_all(items.iter().map(|partition| self.owner_of(partition))).await?;
        let owners: BTreeSet<_> = owners.into_iter().flatten().collect();
        let accounts = try_join_all(owners.iter().map(|user| self.account(user))).await?;
        let users = accounts
            .into_iter()
            .flatten()
            .filter_map(Account::into_user);
        Ok(users.filter(|user| claim.is_on_name_of(user)).collect())
    }

    async fn owner_of(&self, partition: &str) -> Result<Option<UserId>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(partition, "A")))
            .consistent_read(true);
        let found = request.send().await.map_err(store_error)?.item;
        found.map(|claim| item::parsed(&claim, "uid")).transpose()
    }
}
