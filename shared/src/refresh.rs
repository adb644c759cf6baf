//! Refresh tokens: opaque, 256 bits of secret, stored only as SHA-256, replaced at every use.
//!
//! The successor of a token is derived from it with a key that only `login` has (HMAC-SHA256), instead of drawn. That
//! gives a phone which repeats a refresh, or runs two at once, the very same successor without the server keeping it
//! anywhere: the session cannot fork.
//!
//! The end of the secret, the family, stays the same through all tokens of a session. It tells a token that was replaced
//! long ago from a guess, however often the session has been refreshed since, and is known to nobody who never held one.
//!
//! The key is one for refresh tokens alone, so that a rotation of the signing key changes nothing for sessions. A session
//! names the key that its current token was derived with; it is derived with the newest key at each refresh.

use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::{hkdf, hmac};
use data_encoding::BASE64URL_NOPAD;

use crate::digest::{Sha256, sha256};
use crate::ids::{SessionId, UserId};
use crate::invariant;
use crate::jwk::PrivateKey;
use crate::random::Random;
use crate::redacted::Redacted;

/// How long a refresh token is good for when it is not used.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long after its use a token is still answered with the session's current one.
pub const GRACE: Duration = Duration::from_secs(10);
/// How many generations back a token can be answered with the session's current one.
pub const ANCESTORS: usize = 8;
/// How many bytes of a secret change with each token: the 160 bits that RFC 6749 asks for. The family has the other 96.
const CHANGING: usize = 20;
/// How many changed in the previous release, of which sessions have ancestors until this one has refreshed them eight
/// times.
const FORMERLY_CHANGING: usize = 32;
/// The shortest text of a refresh key, in characters: 32 hexadecimal digits are 128 bits.
const MIN_KEY_LENGTH: usize = 32;

/// A refresh token as the client holds it: `<user>.<session>.<secret>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The user that the session belongs to.
    pub user: UserId,
    /// The session, which keeps its id through all its tokens.
    pub session: SessionId,
    secret: Redacted<[u8; 32]>,
}

/// The text is no refresh token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
pub struct ParseRefreshTokenError;

impl RefreshToken {
    /// The first token of a new session.
    pub fn first(user: UserId, session: SessionId, random: &Random) -> Self {
        Self {
            user,
            session,
            secret: Redacted::new(random.bytes()),
        }
    }

    /// What is stored of this token.
    pub fn hash(&self) -> Sha256 {
        sha256(self.secret.expose_secret())
    }

    /// What is stored of the session's family: whether a token is or was one of the session's.
    pub fn family(&self) -> Sha256 {
        sha256(&self.secret.expose_secret()[CHANGING..])
    }

    /// The token that replaces this one: always the same for the same key.
    pub fn successor(&self, key: &SuccessorKey) -> Self {
        self.replaced(CHANGING, key)
    }

    /// As [`RefreshToken::successor`], with that many bytes of the secret anew.
    fn replaced(&self, changing: usize, key: &SuccessorKey) -> Self {
        let tag = hmac::sign(&key.0, self.secret.expose_secret());
        let mut secret = *self.secret.expose_secret();
        secret[..changing].copy_from_slice(&tag.as_ref()[..changing]);
        Self {
            user: self.user.clone(),
            session: self.session.clone(),
            secret: Redacted::new(secret),
        }
    }

    /// The text to send to the client, and nowhere else.
    pub fn expose_secret(&self) -> String {
        format!(
            "{}.{}.{}",
            self.user,
            self.session.as_str(),
            BASE64URL_NOPAD.encode(self.secret.expose_secret())
        )
    }
}

impl FromStr for RefreshToken {
    type Err = ParseRefreshTokenError;

    fn from_str(text: &str) -> Result<Self, ParseRefreshTokenError> {
        let mut parts = text.split('.');
        let (Some(user), Some(session), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseRefreshTokenError);
        };
        let secret = BASE64URL_NOPAD
            .decode(secret.as_bytes())
            .map_err(|_| ParseRefreshTokenError)?;
        Ok(Self {
            user: user.parse().map_err(|_| ParseRefreshTokenError)?,
            session: session.parse().map_err(|_| ParseRefreshTokenError)?,
            secret: Redacted::new(secret.try_into().map_err(|_| ParseRefreshTokenError)?),
        })
    }
}

/// Derives successors with one key.
#[derive(Clone, Debug)]
pub struct SuccessorKey(hmac::Key);

impl SuccessorKey {
    /// The key that belongs to the signing key: that of sessions which name none.
    pub fn from_signing_key(key: &PrivateKey) -> Self {
        let bytes = derive(b"refresh token successor v1", key.seed.expose_secret(), &[]);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }
}

/// The keys that sessions derive from. A session whose key is not among them has ended.
#[derive(Clone, Debug)]
pub struct RefreshKeys {
    current: NamedKey,
    /// The newest first.
    older: Vec<NamedKey>,
}

#[derive(Clone, Debug)]
struct NamedKey {
    /// What a session calls it; sessions that call it nothing derive from the signing key.
    name: Option<String>,
    key: SuccessorKey,
}

/// A refresh key is too short to be one. The text holds nothing of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a refresh key must have 32 characters or more")]
pub struct WeakKeyError;

impl RefreshKeys {
    /// The keys of a deployment that has none of its own for refresh tokens.
    pub fn from_signing_key(key: &PrivateKey) -> Self {
        Self {
            current: NamedKey::unnamed(key),
            older: Vec::new(),
        }
    }

    /// The keys with these texts; `previous` begins with the newest. With a signing key, sessions that name no key go on.
    ///
    /// # Errors
    /// If a text has fewer than 32 characters.
    pub fn new(
        current: &str,
        previous: &[String],
        signing_key: Option<&PrivateKey>,
    ) -> Result<Self, WeakKeyError> {
        let older = previous.iter().map(|text| NamedKey::from_text(text));
        let unnamed = signing_key.map(|key| Ok(NamedKey::unnamed(key)));
        Ok(Self {
            current: NamedKey::from_text(current)?,
            older: older.chain(unnamed).collect::<Result<_, _>>()?,
        })
    }

    fn newest_first(&self) -> impl DoubleEndedIterator<Item = &NamedKey> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// The name of the key that successors are derived with; `None` if that is the signing key's.
    pub fn current_name(&self) -> Option<&str> {
        self.current.name.as_deref()
    }

    /// What the sessions that go on call their keys, the newest first; `None` for those that name none.
    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.newest_first().map(|key| key.name.as_deref())
    }

    /// The token that replaces `token`: always the same for the same keys.
    pub fn successor(&self, token: &RefreshToken) -> RefreshToken {
        token.successor(&self.current.key)
    }

    /// The token with the hash `current`, if it descends from `token` in [`ANCESTORS`] generations or fewer, and in how
    /// many.
    pub fn descendant(
        &self,
        token: &RefreshToken,
        current: &Sha256,
    ) -> Option<(usize, RefreshToken)> {
        let oldest_first = || self.newest_first().rev().map(|key| &key.key);
        let formerly = oldest_first().map(|key| (FORMERLY_CHANGING, key));
        let steps = formerly.chain(oldest_first().map(|key| (CHANGING, key)));
        descend(&steps.collect::<Vec<_>>(), token, current, 1)
    }
}

impl NamedKey {
    fn unnamed(signing_key: &PrivateKey) -> Self {
        Self {
            name: None,
            key: SuccessorKey::from_signing_key(signing_key),
        }
    }

    fn from_text(text: &str) -> Result<Self, WeakKeyError> {
        if text.chars().count() < MIN_KEY_LENGTH {
            return Err(WeakKeyError);
        }
        let salt = b"refresh key v1";
        let key = derive(salt, text.as_bytes(), &[b"successor"]);
        // Tells nothing of the key, and needs no place in the secret that could be filled with a wrong one.
        let name = BASE64URL_NOPAD.encode(&derive(salt, text.as_bytes(), &[b"name"])[..6]);
        Ok(Self {
            name: Some(name),
            key: SuccessorKey(hmac::Key::new(hmac::HMAC_SHA256, &key)),
        })
    }
}

/// A session's later tokens are derived with the same key or a newer one, in the way of the
/// previous release or, after that, of this one.
fn descend(
    steps: &[(usize, &SuccessorKey)],
    token: &RefreshToken,
    current: &Sha256,
    generation: usize,
) -> Option<(usize, RefreshToken)> {
    if generation > ANCESTORS {
        return None;
    }
    (0..steps.len()).find_map(|first| {
        let (changing, key) = steps[first];
        let next = token.replaced(changing, key);
        if next.hash() == *current {
            Some((generation, next))
        } else {
            descend(&steps[first..], &next, current, generation + 1)
        }
    })
}

/// 32 bytes by HKDF-SHA256 (RFC 5869).
fn derive(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let filled = prk
        .expand(info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes));
    if filled.is_err() {
        // The length asked for is the hash's own, and HKDF refuses only what is 255 times as long.
        invariant::broken("HKDF gives no key");
    }
    bytes
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
