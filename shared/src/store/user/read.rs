//! Reading accounts by id.

use std::collections::HashMap;

use crate::ids::UserId;
use crate::store::Store;
use crate::store::account::{self, Account};
use crate::store::error::StoreError;
use crate::store::schema::Key;

impl Store {
    /// The account of `user`, as of now.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, StoreError> {
        let item = self.dynamo.get(Key::user(user)).await?;
        item.as_ref().map(Account::from_item).transpose()
    }

    /// The accounts of up to 100 users; those that do not exist are left out.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn accounts(&self, users: &[UserId]) -> Result<HashMap<UserId, Account>, StoreError> {
        let mut users: Vec<&UserId> = users.iter().collect();
        users.sort();
        users.dedup();
        let keys = users.into_iter().map(Key::user).collect();
        let projection = Some(account::PROJECTION);
        let items = self.dynamo.batch_get(keys, projection).await?;
        let accounts = items.iter().map(Account::from_item);
        accounts
            .map(|account| account.map(|account| (account.id.clone(), account)))
            .collect()
    }
}
