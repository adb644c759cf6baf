//! What a request asks for, and what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::invariants::Item;

/// What a change sets, by the names of the API; `None` clears.
pub type Fields = BTreeMap<&'static str, Option<String>>;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A session.
    Login {
        /// Whose, at WeChat.
        openid: String,
        /// Whether it may make an account.
        create: bool,
    },
    /// The next refresh token.
    Refresh {
        /// The one that is there.
        token: String,
    },
    /// The end of the caller's session, or of all.
    Logout {
        /// All of them.
        all: bool,
    },
    /// A user, as the caller may see them.
    Read {
        /// Whom.
        user: String,
    },
    /// A change of a user.
    Edit {
        /// Whom.
        user: String,
        /// What.
        fields: Fields,
        /// The version that `If-Match` names.
        if_match: Option<i64>,
    },
    /// A new user.
    Create {
        /// Who they are at WeChat.
        openid: String,
        /// What they have from the start.
        fields: Fields,
    },
    /// The end of an account.
    DeleteAccount {
        /// Whose.
        user: String,
    },
    /// Tickets.
    Issue {
        /// The `Idempotency-Key`.
        key: Option<String>,
        /// Equal for equal requests.
        body: String,
    },
    /// An upload.
    ReadUpload {
        /// Whose.
        user: String,
        /// Which.
        id: String,
    },
    /// A page of somebody's uploads.
    ListUploads {
        /// Whose.
        user: String,
    },
    /// The end of an upload.
    DeleteUpload {
        /// Whose.
        user: String,
        /// Which.
        id: String,
    },
    /// Anything that needs an administrator and changes nothing.
    AdminRead,
    /// Anything else that changes nothing.
    Other,
}

impl Ask {
    /// Whose account it is about, if it is about another than the caller's.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Self::Read { user } | Self::Edit { user, .. } | Self::DeleteAccount { user } => {
                Some(user)
            }
            Self::ReadUpload { user, .. }
            | Self::ListUploads { user }
            | Self::DeleteUpload { user, .. } => Some(user),
            _ => None,
        }
    }
}

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Whose it is.
    pub user: String,
    /// The account generation.
    pub epoch: i64,
    /// The session.
    pub session: String,
    /// The end of its life, in milliseconds.
    pub expires: i64,
    /// The role.
    pub role: String,
}

impl Bearer {
    /// What the token says; its signature is for the functions to verify.
    pub fn parse(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        Some(Self {
            user: text("sub")?,
            epoch: claims["epoch"].as_i64()?,
            session: text("sid")?,
            expires: claims["exp"].as_i64()? * 1000,
            role: text("role")?,
        })
    }
}

/// What the client heard.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, or null.
    pub body: Value,
}

impl Answer {
    /// Whether it says that the request was carried out.
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200..=299 | 304)
    }

    /// Whether it says that nothing was done, and that nothing will be.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, 400..=499)
    }

    /// The error's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A request, from when it was sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) by: Option<Bearer>,
    pub(super) start: i64,
    /// The accounts of the caller and of the one whom it is about, when it was sent.
    pub(super) caller: Option<Arc<Item>>,
    pub(super) target: Option<Arc<Item>>,
    /// When it was answered, and what the client heard; nothing for a request that is under way or lost.
    pub(super) answer: Option<(i64, Answer)>,
}

impl Request {
    pub(super) fn is_refused(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|(_, answer)| answer.is_refusal())
    }

    pub(super) fn is_done(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|(_, answer)| answer.is_success())
    }
}
