//! What a project's own functions keep: items of their own types, without a key, an attribute or an expression in sight.
//!
//! ```ignore
//! #[derive(Serialize, Deserialize)]
//! struct Order { note: String, quantity: u32 }
//!
//! impl OwnItem for Order { const KIND: &'static str = "orders"; }
//!
//! // In `App::build`:
//! let own = setup.own(&aws, env!("CARGO_PKG_NAME"));
//! let orders: Items<Order> = own.items();
//!
//! // In handlers:
//! let order = app.orders.create(&caller, Order { note, quantity }, key).await?;
//! let order = app.orders.get(&caller, id).await?;
//! let page = app.orders.list(&caller, &page).await?;
//! let order = app.orders.update(&caller, id, &if_match, |order| order.quantity = 2).await?;
//! app.orders.delete(&caller, id, &if_match).await?;
//! ```
//!
//! What the seam sees to, so that a function need not:
//!
//! - every write checks the account in its own transaction: nothing is stored on an account that has ended or is disabled,
//!   and a token of an earlier account generation reads and writes nothing;
//! - what is about a person goes with their account and is in their export, even when the function is gone;
//! - a repeated request (`Idempotency-Key`) creates one item; two writers do not overwrite each other;
//! - what people set on a shared item once is counted without a hot key ([`Marks`]);
//! - errors are the problems that clients know ([`OwnError`]).
//!
//! The table behind it is described in `store/schema.rs`; a function's role reaches `OI#*` and `OF#<function>#*` alone.

mod access;
mod attachments;
mod conditions;
mod error;
mod id;
mod idempotency;
mod item;
mod items;
mod marks;
mod partition;
mod reader;
mod response;
mod shared_items;

use crate::moderation::TextChecks;
use crate::own::access::Access;
use crate::queue::Sender;
use crate::random::Random;
use crate::store::Store;
use crate::time::Clock;
use crate::upload::link::Links;

pub use attachments::{Attached, Attachment, Attachments, MAX_ATTACHMENTS, Visibility};
pub use conditions::{IfMatch, IfNoneMatch};
pub use error::OwnError;
pub use id::{Id, ParseIdError};
pub use idempotency::IdempotencyKey;
pub use item::{MAX_CONTENT, MAX_TEXT_TO_CHECK, Once, OwnItem, Stored};
pub use items::Items;
pub use marks::{Mark, Marks};
pub use partition::{ParsePartitionError, Partition};
pub use reader::Reader;
pub use shared_items::SharedItems;

pub use crate::store::own::{RemovedItem, Tally};

pub(crate) use item::is_name;

/// What an own function reaches of the table; [`Setup::own`](crate::function::Setup::own) makes one.
#[derive(Clone, Debug)]
pub struct Own {
    store: Store,
    function: &'static str,
    clock: Clock,
    random: Random,
    text_checks: Option<TextChecks>,
}

impl Own {
    /// What the function of that name, which is a [`KIND`](OwnItem::KIND)'s text, reaches of a table.
    pub const fn new(store: Store, function: &'static str, clock: Clock, random: Random) -> Self {
        Self {
            store,
            function,
            clock,
            random,
            text_checks: None,
        }
    }

    /// Has WeChat check the [text](OwnItem::text_to_check) of items that are made from here on: others see an item when its
    /// text has passed. `checks` reads `CONTENT_CHECK_TEXT` and `MODERATION_QUEUE_URL`; the function's role has to let it send
    /// to that queue.
    #[must_use]
    pub fn with_text_checks(self, checks: TextChecks) -> Self {
        Self {
            text_checks: Some(checks),
            ..self
        }
    }

    /// Opens a connection, so that the first request finds one.
    pub async fn warm_up(&self) {
        self.store.warm_up_own_items().await;
    }

    /// The items of type `T` that each person has for themselves.
    pub fn items<T: OwnItem>(&self) -> Items<T> {
        Items::new(self.access())
    }

    /// The items of type `T` that people share by way of the function.
    pub fn shared_items<T: OwnItem>(&self) -> SharedItems<T> {
        const {
            assert!(
                T::MARKS.is_empty(),
                "what has marks needs the purge queue: marked_items"
            );
        }
        SharedItems::new(self.access(), self.function, None)
    }

    /// As [`Own::shared_items`], for items that people set [marks](OwnItem::MARKS) on: an item that is removed is announced to
    /// the purge queue, and the marks on it are removed afterwards, some at a time.
    pub fn marked_items<T: OwnItem>(&self, purge_queue: Sender) -> SharedItems<T> {
        SharedItems::new(self.access(), self.function, Some(purge_queue))
    }

    /// The marks of a kind that people set on shared items.
    pub fn marks<M: Mark>(&self) -> Marks<M> {
        Marks::new(self.store.clone(), self.function)
    }

    /// What attaches uploads to items; `links` is read by [`Links::read`].
    pub fn attachments(&self, links: Links) -> Attachments {
        Attachments::new(self.store.clone(), links, self.clock.clone())
    }

    fn access<T: OwnItem>(&self) -> Access<T> {
        Access::new(
            self.store.clone(),
            self.clock.clone(),
            self.random.clone(),
            self.text_checks.clone(),
        )
    }
}
