//! Who is calling: access tokens, refresh tokens and the extractor that handlers ask for.

pub mod caller;
pub mod jwk;
pub mod jwt;
pub mod refresh;

pub use caller::{Admin, Authenticated, Caller};
