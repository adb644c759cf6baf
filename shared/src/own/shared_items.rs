//! The items that people share by way of a function.

use std::fmt;

use crate::api::page::PageResponse;
use crate::auth::{Admin, Caller};
use crate::error::Error;
use crate::http::page::PageRequest;
use crate::moderation::Task;
use crate::own::access::Access;
use crate::own::conditions::IfMatch;
use crate::own::error::OwnError;
use crate::own::id::Id;
use crate::own::idempotency::IdempotencyKey;
use crate::own::item::{Once, OwnItem, Stored, checked_kind};
use crate::own::partition::Partition;
use crate::own::reader::Reader;
use crate::queue::{SendError, Sender};
use crate::store::own::{Collection, Place, RemovedItem};

/// The items of type `T` that a person creates for others to read, in partitions of the function's own: a feed, the comments
/// on a post, the bookings of a day. Whoever created an item changes and removes it, and it goes with their account: an entry
/// in their own partition, written along with it, leads purge and export to it.
///
/// Every method can end with what every call to the table can: the caller's account is closed, or the table is not available.
pub struct SharedItems<T> {
    access: Access<T>,
    function: &'static str,
    purge_queue: Option<Sender>,
}

impl<T: OwnItem> SharedItems<T> {
    pub(super) const fn new(
        access: Access<T>,
        function: &'static str,
        purge_queue: Option<Sender>,
    ) -> Self {
        Self {
            access,
            function,
            purge_queue,
        }
    }

    const fn collection<'a>(&self, partition: &'a Partition) -> Collection<'a> {
        Collection {
            kind: checked_kind::<T>(),
            place: Place::Shared {
                function: self.function,
                partition: partition.as_str(),
            },
        }
    }

    /// Creates an item. A request that repeats one with the same key gets the item which that one created, as it is now. One
    /// round trip; one more for a repetition.
    ///
    /// # Errors
    /// [`OwnError::IdempotencyMismatch`] if the key was used for another request, [`OwnError::NotFound`] if what it created
    /// is gone.
    pub async fn create(
        &self,
        caller: &Caller,
        partition: &Partition,
        content: T,
        key: Option<IdempotencyKey>,
    ) -> Result<Stored<T>, OwnError> {
        let at = self.collection(partition);
        self.access.create(caller, at, &content, key.as_ref()).await
    }

    /// Creates the item that the caller has once under this name, in any partition: a like, a vote. If it is there, it stays
    /// as it is. [`SharedItems::id_of`] is its id. One round trip; one more if it is there.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] if it is there, in another partition.
    pub async fn create_once(
        &self,
        caller: &Caller,
        partition: &Partition,
        name: &str,
        content: T,
    ) -> Result<Once<T>, OwnError> {
        let at = self.collection(partition);
        self.access.create_once(caller, at, name, &content).await
    }

    /// The id of the item that the caller has once under this name, whether or not it is there.
    pub fn id_of(&self, caller: &Caller, name: &str) -> Id<T> {
        Id::named(caller.actor(), T::KIND, name)
    }

    /// As [`SharedItems::create_once`], with an id that [follows](Id::derived) from what the item is, so that others look it up
    /// by [`SharedItems::exist`].
    ///
    /// # Errors
    /// [`OwnError::NotFound`] if somebody else's item has the id, or one of an earlier account generation.
    pub async fn create_as(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        content: T,
    ) -> Result<Once<T>, OwnError> {
        let at = self.collection(partition);
        self.access.created(caller, at, id, &content, None).await
    }

    /// An item, whoever created it. One round trip.
    ///
    /// # Errors
    /// [`OwnError::NotFound`].
    pub async fn get(
        &self,
        reader: impl Into<Reader<'_>>,
        partition: &Partition,
        id: Id<T>,
    ) -> Result<Stored<T>, OwnError> {
        let (at, id) = (self.collection(partition), id.to_string());
        self.access.get(reader.into(), at, &id).await
    }

    /// A page of a partition, the newest first. It can be short, or empty, without being the last. The cursor is good for
    /// this reader, partition and type alone. One round trip.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list(
        &self,
        reader: impl Into<Reader<'_>>,
        partition: &Partition,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let at = self.collection(partition);
        self.access.list(reader.into(), at, page).await
    }

    /// As [`SharedItems::list`], of several partitions as if they were one: what is written so often that one partition
    /// would not take it. As many calls as there are partitions, at the same time. `name` is what they are together.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list_all(
        &self,
        reader: impl Into<Reader<'_>>,
        partitions: &[Partition],
        name: &str,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        let at: Vec<_> = partitions.iter().map(|at| self.collection(at)).collect();
        self.access.list_all(reader.into(), &at, name, page).await
    }

    /// Which of these items there are, whoever created them: in the order of `items`. One round trip; it is meant for what
    /// is looked up beside a list, and does not ask about the caller's account.
    ///
    /// # Errors
    /// If the table is not available.
    pub async fn exist(&self, items: &[(Partition, Id<T>)]) -> Result<Vec<bool>, OwnError> {
        let items = items.iter();
        let items = items.map(|(partition, id)| (self.collection(partition), id.to_string()));
        let items: Vec<_> = items.collect();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.access.store().shared_items_exist(&items).await?)
    }

    /// Announces a reported item to `moderation`, which lists it for an administrator to decide on, with the text that the
    /// reporter saw. One that is rejected is no longer shown to others.
    ///
    /// # Errors
    /// If the queue does not take the message.
    pub async fn report(
        &self,
        moderation_queue: &Sender,
        reporter: &Caller,
        partition: &Partition,
        item: &Stored<T>,
    ) -> Result<(), SendError> {
        let at = self.collection(partition);
        let (pk, sk) = at.keys_of(reporter.actor(), &item.id.to_string());
        let task = Task::ItemReported {
            pk,
            sk,
            version: item.version,
            text: item.text_to_check().unwrap_or_default(),
        };
        moderation_queue.send(task.to_message(), None).await
    }

    /// A page of what the caller created, in whichever partition, the newest first. Two round trips.
    ///
    /// # Errors
    /// [`OwnError::InvalidCursor`].
    pub async fn list_own(
        &self,
        caller: &Caller,
        page: &PageRequest,
    ) -> Result<PageResponse<Stored<T>>, OwnError> {
        self.access.list_by_entries(caller, page).await
    }

    /// Changes an item of the caller's to what `change` makes of it; `change` is called again if somebody else was faster.
    /// Two round trips.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] also if it is another's, and [`OwnError::VersionMismatch`] if it is not as `if_match` asks.
    pub async fn update(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
        mut change: impl FnMut(&mut T),
    ) -> Result<Stored<T>, OwnError> {
        let change = |content: &mut T| {
            change(content);
            Ok(())
        };
        let at = self.collection(partition);
        self.access.update(caller, at, id, if_match, change).await
    }

    /// As [`SharedItems::update`], for a change that the item as it is may not allow: then nothing is written.
    ///
    /// # Errors
    /// What `change` returns, and as [`SharedItems::update`].
    pub async fn try_update(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
        change: impl FnMut(&mut T) -> Result<(), Error>,
    ) -> Result<Stored<T>, Error> {
        let at = self.collection(partition);
        self.access.update(caller, at, id, if_match, change).await
    }

    /// Removes an item of the caller's. One round trip; of an item that has marks, two, and a message.
    ///
    /// # Errors
    /// [`OwnError::NotFound`] also if it is another's, and [`OwnError::VersionMismatch`] if it is not as `if_match` asks.
    pub async fn delete(
        &self,
        caller: &Caller,
        partition: &Partition,
        id: Id<T>,
        if_match: &IfMatch,
    ) -> Result<(), OwnError> {
        let at = self.collection(partition);
        if self.purge_queue.is_some() {
            // Nobody announces the removal of what is not theirs.
            let found = self.get(caller, partition, id).await?;
            if found.owner != caller.user {
                return Err(OwnError::NotFound);
            }
            self.announce_removal(caller, at, id).await?;
        }
        self.access.delete(caller, at, id, if_match).await
    }

    /// Removes another's item in the name of an administrator, with the rights that their token tells of: an own function
    /// sees no roles, so that one who was deprived of theirs keeps this one until the token ends. One round trip, and a
    /// message if the item has marks.
    ///
    /// # Errors
    /// [`OwnError::NotFound`].
    pub async fn remove(
        &self,
        admin: &Admin,
        partition: &Partition,
        item: &Stored<T>,
    ) -> Result<(), OwnError> {
        let (Admin(admin), at) = (admin, self.collection(partition));
        self.announce_removal(admin, at, item.id).await?;
        let id = item.id.to_string();
        let store = self.access.store();
        let removed = store.remove_shared_item(admin.actor(), at, &item.owner, &id);
        match removed.await? {
            true => Ok(()),
            false => Err(OwnError::NotFound),
        }
    }

    /// Before it is made: marks on an item whose removal nobody was told of would stay.
    async fn announce_removal(
        &self,
        caller: &Caller,
        at: Collection<'_>,
        id: Id<T>,
    ) -> Result<(), OwnError> {
        if let Some(queue) = &self.purge_queue {
            let removed = RemovedItem::new(at, caller.actor(), &id.to_string());
            queue.send(removed.to_message(), None).await?;
        }
        Ok(())
    }
}

impl<T: OwnItem> fmt::Debug for SharedItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedItems({} of {})", T::KIND, self.function)
    }
}
