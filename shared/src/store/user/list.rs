//! All users by age, and users by name.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use crate::ids::UserId;
use crate::store::Store;
use crate::store::account::Account;
use crate::store::dynamo::Query;
use crate::store::error::StoreError;
use crate::store::expression::Condition;
use crate::store::item::{self, s};
use crate::store::page::Page;
use crate::store::reservation::Reservation;
use crate::store::schema::{self, Key, USERS_INDEX, USERS_SHARD};
use crate::user::User;

/// Whether the text has the form of a position in the list of users: of what [`Page::next`] gives.
pub fn is_list_position(text: &str) -> bool {
    schema::is_age_key(text)
}

impl Store {
    /// Users from the newest to the oldest, `limit` at a time; one query of the index whatever the table's size.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn list_users(
        &self,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<User>, StoreError> {
        let mut range = Condition::new("gsi1pk = :shard").value(":shard", s(USERS_SHARD));
        if let Some(before) = before {
            let older = Condition::new("gsi1sk < :before").value(":before", s(before));
            range = range.and(older);
        }
        // One more than asked for tells whether there is a next page.
        let mut query = Query::newest(range, limit + 1);
        query.index = Some(USERS_INDEX);
        let page = Page::first_of(self.dynamo.query(query).await?, limit, "gsi1sk");
        let page = page.try_map(|item| Account::from_item(&item))?;
        let users = page.items.into_iter().filter_map(Account::into_user);
        Ok(Page {
            items: users.collect(),
            next: page.next,
        })
    }

    /// The users who have the name. More than one may have what the former version told apart.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn users_named(&self, name: &Reservation) -> Result<Vec<User>, StoreError> {
        let keys = name.all_keys().into_iter();
        let owners = try_join_all(keys.map(|key| self.owner_of(key))).await?;
        let owners: BTreeSet<_> = owners.into_iter().flatten().collect();
        let accounts = try_join_all(owners.iter().map(|user| self.account(user))).await?;
        let users = accounts
            .into_iter()
            .flatten()
            .filter_map(Account::into_user);
        Ok(users.filter(|user| name.is_of_name_of(user)).collect())
    }

    async fn owner_of(&self, reservation: Key) -> Result<Option<UserId>, StoreError> {
        let found = self.dynamo.get(reservation).await?;
        found.map(|item| item::parsed(&item, "uid")).transpose()
    }
}
