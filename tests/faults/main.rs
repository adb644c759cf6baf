//! The functions when calls to AWS fail, come late or are never answered, and when events come in any order.
//!
//! All clients of a process share the SDK's quota of retries. So these tests have a process of their own, and their
//! outages are kept to what leaves enough of the quota for the tests beside them.

mod calls;
mod event_order;
mod late_writes;
