//! Who is calling: access tokens, refresh tokens and the extractor that handlers ask for.

pub mod caller;
pub mod jwk;
pub mod jwt;
pub mod refresh;

use serde::{Deserialize, Serialize};

pub use caller::{Admin, Authenticated, Caller, ProvideVerifier};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Their own things.
    User,
    /// Everybody's things.
    Admin,
}

impl Role {
    /// The role's name in the API and in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => Err("must be user or admin"),
        }
    }
}
