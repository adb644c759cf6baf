//! Uploads: which are allowed, how they are named, signed, linked to and looked into.

pub mod base_url;
pub mod content_type;
pub mod deleter;
pub mod key;
pub mod lifecycle;
pub mod limits;
pub mod link;
pub mod post_policy;
pub mod signer;
pub mod sniff;
