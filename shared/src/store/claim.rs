//! Claims: the items that make usernames and e-mail addresses unique. A claim's primary key is the compared form, so
//! that the table itself refuses a second owner.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use crate::ids::UserId;
use crate::profile::{Email, Username};
use crate::store::item::{self, Item, s, values};
use crate::store::{Store, StoreError, store_error};

/// What a person can claim for themselves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A username, compared.
    Username(String),
    /// An e-mail address, compared.
    Email(String),
}

impl From<&Username> for Claim {
    fn from(name: &Username) -> Self {
        Self::Username(name.compared())
    }
}

impl From<&Email> for Claim {
    fn from(email: &Email) -> Self {
        Self::Email(email.compared())
    }
}

impl Claim {
    fn key(&self) -> Item {
        match self {
            Self::Username(name) => item::key(format!("UN#{name}"), "A"),
            Self::Email(email) => item::key(format!("EM#{email}"), "A"),
        }
    }

    /// Takes the claim for `user`, unless somebody else has it.
    pub(super) fn take(&self, table: &str, user: &UserId) -> Result<TransactWriteItem, BuildError> {
        let mut claim = self.key();
        claim.insert("uid".to_owned(), s(user.as_str()));
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(claim))
            .condition_expression("attribute_not_exists(pk) OR uid = :uid")
            .set_expression_attribute_values(values([(":uid", s(user.as_str()))]))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Gives the claim up, if `user` has it.
    pub(super) fn release(
        &self,
        table: &str,
        user: &UserId,
    ) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(self.key()))
            .condition_expression("attribute_not_exists(pk) OR uid = :uid")
            .set_expression_attribute_values(values([(":uid", s(user.as_str()))]))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

impl Store {
    /// Who has the claim.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn owner_of(&self, claim: &Claim) -> Result<Option<UserId>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(claim.key()))
            .consistent_read(true);
        let found = request.send().await.map_err(store_error)?.item;
        found.map(|claim| item::parsed(&claim, "uid")).transpose()
    }
}
