//! Who is calling: access tokens, refresh tokens and the extractor that handlers ask for.

pub mod caller;
pub mod jwt;

pub use caller::{Admin, Caller};
