//! Reservations: the items that make usernames and e-mail addresses unique. A reservation's primary key is a compared
//! form, so that the table itself refuses a second owner.
//!
//! Version 0.1 compared by lower case (`unicode/former.rs`). Where its form of a text is another
//! one than today's, the text is reserved under both: so that it meets the reservation while it runs beside this version,
//! or again after it, and releases what it knows of. The other former forms of the name have to be free. What a user has
//! reserved is released under every form that it may have been reserved under: the one that the user item names, and both
//! forms of the text there, which the former version changes without it.

use std::collections::BTreeSet;

use crate::ids::UserId;
use crate::profile::{Email, Username};
use crate::store::expression::Condition;
use crate::store::item::{self, Item, s};
use crate::store::schema::{Key, UniqueField};
use crate::store::transaction::{Cancelled, Slot, Transaction};
use crate::unicode::former::{compared_formerly, former_spellings};
use crate::user::User;

/// What a person can have for themselves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    field: UniqueField,
    form: String,
    former: String,
}

impl From<&Username> for Reservation {
    fn from(name: &Username) -> Self {
        Self {
            field: UniqueField::Username,
            form: name.compared(),
            former: compared_formerly(name.as_str()),
        }
    }
}

impl From<&Email> for Reservation {
    fn from(email: &Email) -> Self {
        Self {
            field: UniqueField::Email,
            form: email.compared(),
            former: compared_formerly(email.as_str()),
        }
    }
}

impl Reservation {
    /// Whether it is of a name that the user has.
    pub(super) fn is_of_name_of(&self, user: &User) -> bool {
        let own = match self.field {
            UniqueField::Username => user.username.as_ref().map(Self::from),
            UniqueField::Email => user.email.as_ref().map(Self::from),
        };
        own.is_some_and(|own| own.form == self.form)
    }

    /// Its items, and those by which the former version gave the same name to somebody.
    pub(super) fn all_keys(&self) -> BTreeSet<Key> {
        &self.keys() | &self.rivals()
    }

    fn keys(&self) -> BTreeSet<Key> {
        [&self.form, &self.former]
            .map(|form| Key::reservation(self.field, form))
            .into()
    }

    fn rivals(&self) -> BTreeSet<Key> {
        let spellings = former_spellings(&self.form).into_iter();
        let all: BTreeSet<_> = spellings
            .map(|form| Key::reservation(self.field, &form))
            .collect();
        &all - &self.keys()
    }
}

/// The forms of a user's reservations as the user item names them; the former version neither writes nor removes them.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredForms {
    username: Option<String>,
    email: Option<String>,
}

impl StoredForms {
    pub(super) fn from_item(item: &Item) -> Self {
        let form = |name| item::opt_str(item, name).map(str::to_owned);
        Self {
            username: form("username_key"),
            email: form("email_key"),
        }
    }

    /// All items that a reservation of `current`, the text that the user item holds, can be in.
    fn keys(&self, field: UniqueField, current: Option<&Reservation>) -> BTreeSet<Key> {
        let stored = match field {
            UniqueField::Username => &self.username,
            UniqueField::Email => &self.email,
        };
        let stored = stored.iter().map(|form| Key::reservation(field, form));
        let current = current.into_iter().flat_map(Reservation::keys);
        stored.chain(current).collect()
    }
}

/// Items that were to be released and are somebody else's.
pub(super) type OthersReservations = BTreeSet<Key>;

/// The reservations of one user, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserReservations<'a> {
    pub(super) user: &'a UserId,
    pub(super) stored: &'a StoredForms,
    pub(super) foreign: &'a OthersReservations,
}

impl UserReservations<'_> {
    /// Moves a reservation from `current` to `next`.
    pub(super) fn change<T>(
        &self,
        transaction: Transaction,
        field: UniqueField,
        current: Option<&T>,
        next: Option<&T>,
    ) -> Transaction
    where
        for<'t> Reservation: From<&'t T>,
    {
        let current = current.map(Reservation::from);
        let held = self.stored.keys(field, current.as_ref());
        let Some(next) = next.map(Reservation::from) else {
            return self.release(transaction, held);
        };
        let (keys, rivals) = (next.keys(), next.rivals());
        if current.is_some() && held == keys {
            return transaction;
        }
        let slot = || Slot::Reserved(field);
        let mut transaction = transaction;
        for key in &keys {
            let mut item = key.clone().into_item();
            item.insert("uid".to_owned(), s(self.user.as_str()));
            transaction = transaction.put_if(slot(), item, self.is_free_or_own());
        }
        // Free, or the user's own of former times, which is then given up.
        for key in &rivals {
            transaction = transaction.delete_if(slot(), key.clone(), self.is_free_or_own());
        }
        self.release(transaction, &(&held - &keys) - &rivals)
    }

    /// Releases all that `user` may have reserved.
    pub(super) fn release_all(&self, transaction: Transaction, user: &User) -> Transaction {
        let (username, email) = (user.username.as_ref(), user.email.as_ref());
        let transaction = self.change(transaction, UniqueField::Username, username, None);
        self.change(transaction, UniqueField::Email, email, None)
    }

    /// Releases what the user item names, of which the texts are gone. It needs none of Unicode's data.
    pub(super) fn release_stored(&self, transaction: Transaction) -> Transaction {
        let username = self.stored.keys(UniqueField::Username, None);
        let transaction = self.release(transaction, username);
        self.release(transaction, self.stored.keys(UniqueField::Email, None))
    }

    fn release(&self, transaction: Transaction, keys: BTreeSet<Key>) -> Transaction {
        let own = keys.into_iter().filter(|key| !self.foreign.contains(key));
        own.fold(transaction, |transaction, key| {
            let slot = Slot::Released(key.clone());
            transaction.delete_if(slot, key, self.is_free_or_own())
        })
    }

    fn is_free_or_own(&self) -> Condition {
        Condition::new("attribute_not_exists(pk) OR uid = :uid")
            .value(":uid", s(self.user.as_str()))
    }
}

/// What a transaction that changes a user item and its reservations was cancelled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReservationConflict {
    /// The user has changed, or an item that was to be released is somebody else's: the next try may work.
    Changed,
    /// Somebody else has the name.
    Taken(UniqueField),
}

impl ReservationConflict {
    /// What the cancellation means. What turned out to be somebody else's is added to `foreign`.
    pub(super) fn from_cancelled(cancelled: &Cancelled, foreign: &mut OthersReservations) -> Self {
        // A user who changed comes first: that a reservation is refused as well may be due to just that.
        if cancelled.refused(&Slot::Account) {
            return Self::Changed;
        }
        foreign.extend(cancelled.all().filter_map(|(slot, _)| match slot {
            Slot::Released(key) => Some(key.clone()),
            _ => None,
        }));
        let mut fields = [UniqueField::Username, UniqueField::Email].into_iter();
        let taken = fields.find(|field| cancelled.refused(&Slot::Reserved(*field)));
        taken.map_or(Self::Changed, Self::Taken)
    }
}
