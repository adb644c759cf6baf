//! Refresh tokens: opaque, 256 bits of secret, stored only as SHA-256, replaced at every use.
//!
//! The successor of a token is derived from it with a key that only `login` has (HMAC-SHA256, keyed by HKDF from the
//! signing key), instead of drawn. That gives a phone which repeats a refresh, or runs two at once, the very same
//! successor without the server keeping it anywhere: the session cannot fork.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_lc_rs::{digest, hkdf, hmac};
use data_encoding::BASE64URL_NOPAD;

use crate::auth::jwk::PrivateKey;
use crate::ids::{SessionId, UserId};
use crate::seams::Random;

/// How long a refresh token is good for when it is not used.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long after its use a token is still answered with its successor.
pub const GRACE: Duration = Duration::from_secs(10);

/// The SHA-256 of a refresh token's secret: what is stored of it.
pub type Hash = [u8; 32];

/// A refresh token as the client holds it: `<user>.<session>.<secret>`. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose.
    pub user: UserId,
    /// Which session's.
    pub session: SessionId,
    secret: [u8; 32],
}

/// The text is no refresh token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
pub struct Malformed;

impl RefreshToken {
    /// The first token of a new session.
    pub fn first(user: UserId, session: SessionId, random: &Random) -> Self {
        Self {
            user,
            session,
            secret: random.bytes(),
        }
    }

    /// What is stored of this token.
    pub fn hash(&self) -> Hash {
        sha256(&self.secret)
    }

    /// The token that replaces this one: always the same for the same key.
    pub fn successor(&self, key: &SuccessorKey) -> Self {
        let tag = hmac::sign(&key.0, &self.secret);
        let mut secret = [0; 32];
        secret.copy_from_slice(tag.as_ref());
        Self {
            user: self.user.clone(),
            session: self.session.clone(),
            secret,
        }
    }

    /// The text to send to the client, and nowhere else.
    pub fn reveal(&self) -> String {
        format!(
            "{}.{}.{}",
            self.user,
            self.session.as_str(),
            BASE64URL_NOPAD.encode(&self.secret)
        )
    }
}

impl FromStr for RefreshToken {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.split('.');
        let (Some(user), Some(session), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        let secret = BASE64URL_NOPAD
            .decode(secret.as_bytes())
            .map_err(|_| Malformed)?;
        Ok(Self {
            user: user.parse().map_err(|_| Malformed)?,
            session: session.parse().map_err(|_| Malformed)?,
            secret: secret.try_into().map_err(|_| Malformed)?,
        })
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Derives successors.
#[derive(Clone)]
pub struct SuccessorKey(hmac::Key);

impl SuccessorKey {
    /// The key that belongs to the signing key.
    pub fn of(key: &PrivateKey) -> Self {
        let prk =
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"refresh token successor v1").extract(&key.seed);
        // Cannot fail: the length asked for is the hash's own.
        let bytes = prk.expand(&[], hkdf::HKDF_SHA256).ok().and_then(|okm| {
            let mut bytes = [0; 32];
            okm.fill(&mut bytes).ok().map(|()| bytes)
        });
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            &bytes.unwrap_or(key.seed),
        ))
    }
}

impl fmt::Debug for SuccessorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SuccessorKey")
    }
}

/// SHA-256 as a plain array.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OpenId;

    fn token() -> RefreshToken {
        let user = UserId::derive("wx", &"alice".parse::<OpenId>().unwrap());
        RefreshToken::first(
            user,
            "0123456789abcdef".parse().unwrap(),
            &Random::new(|bytes| bytes.fill(9)),
        )
    }

    fn key(d: &str, x: &str) -> SuccessorKey {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{x}","d":"{d}"}}"#);
        SuccessorKey::of(&PrivateKey::parse(&jwk).unwrap())
    }

    #[test]
    fn a_token_survives_its_text() {
        assert_eq!(token().reveal().parse(), Ok(token()));
        for text in [
            "",
            "..",
            "a.b.c",
            &format!("{}.x", token().reveal()),
            &token().reveal()[1..],
        ] {
            assert_eq!(text.parse::<RefreshToken>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_successor_is_stable_under_one_key_and_tells_nothing_of_its_origin() {
        let one = key(
            "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        );
        let other = key(
            "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
            "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
        );
        let next = token().successor(&one);
        assert_eq!(next, token().successor(&one));
        assert_ne!(next, token().successor(&other));
        assert_ne!(next.hash(), token().hash());
        assert_ne!(next.successor(&one), token());
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?}", token());
        assert!(!text.contains(token().reveal().rsplit('.').next().unwrap()));
    }
}
