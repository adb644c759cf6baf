//! Identifiers. Each is parsed once, at the border, and is then known to be well formed.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::base32::{CROCKFORD_LOWER, RFC4648_LOWER};
use crate::random::Random;
use crate::redacted::Redacted;
use crate::time::Timestamp;

/// The text is not an identifier of the kind asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed {0}")]
pub struct ParseIdError(&'static str);

impl ParseIdError {
    /// `kind` is what the text should have been.
    pub const fn new(kind: &'static str) -> Self {
        Self(kind)
    }
}

/// A person, within one mini-program: `u` and 26 characters of base 32.
///
/// Derived from app id and openid, so that no mapping has to be stored and racing first logins meet in one item.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

impl UserId {
    /// The id of `openid` under `app_id`.
    pub fn derive(app_id: &str, openid: &OpenId) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(app_id.as_bytes());
        context.update(&[0]);
        context.update(openid.as_str().as_bytes());
        let mut text = RFC4648_LOWER.encode(context.finish().as_ref());
        text.truncate(26);
        Self(format!("u{text}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match text.strip_prefix('u') {
            Some(rest) if rest.len() == 26 && rest.bytes().all(is_digit) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ParseIdError("user id")),
        }
    }
}

/// Whether it is one of RFC 4648's digits in lower case.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'2'..=b'7')
}

impl TryFrom<String> for UserId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// WeChat's id of a person within one mini-program. Personal data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpenId(Redacted<String>);

impl OpenId {
    /// The openid as WeChat gave it.
    pub fn as_str(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for OpenId {
    type Err = ParseIdError;

    /// Accepts 1–128 characters of `A-Za-z0-9_-`, the set that WeChat draws openids from.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let fits = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if fits {
            Ok(Self(Redacted::new(text.to_owned())))
        } else {
            Err(ParseIdError("openid"))
        }
    }
}

impl TryFrom<String> for OpenId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<OpenId> for String {
    fn from(openid: OpenId) -> Self {
        openid.as_str().to_owned()
    }
}

/// Counts the generations of an account: 1 at first registration, one more after each deletion. A token or an upload of an
/// earlier generation has no power over a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u16")]
pub struct Epoch(u16);

impl Epoch {
    /// The generation of a first registration.
    pub const FIRST: Self = Self(1);
    /// What an [`UploadId`] has room for: 15 bits.
    pub const MAX: Self = Self(0x7fff);

    /// The epoch as a number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The next generation. The last one is never left: nobody deletes an account 32,766 times.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::MAX.0 {
            Self(self.0 + 1)
        } else {
            self
        }
    }

    /// The previous generation; `None` before the first.
    pub const fn previous(self) -> Option<Self> {
        if self.0 > Self::FIRST.0 {
            Some(Self(self.0 - 1))
        } else {
            None
        }
    }
}

impl From<Epoch> for u16 {
    fn from(epoch: Epoch) -> Self {
        epoch.0
    }
}

impl TryFrom<u64> for Epoch {
    type Error = ParseIdError;

    fn try_from(number: u64) -> Result<Self, ParseIdError> {
        match u16::try_from(number) {
            Ok(n) if (Self::FIRST.0..=Self::MAX.0).contains(&n) => Ok(Self(n)),
            _ => Err(ParseIdError("epoch")),
        }
    }
}

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The person's picture: becomes the profile's as soon as it is verified.
    Avatar,
    /// Anything else: seen by its owner alone.
    File,
}

impl Purpose {
    /// The purpose's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::File => "file",
        }
    }
}

impl FromStr for Purpose {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        match text {
            "avatar" => Ok(Self::Avatar),
            "file" => Ok(Self::File),
            _ => Err(ParseIdError("purpose")),
        }
    }
}

/// An upload: 26 characters of base 32 that hold the time of its ticket (48 bits, milliseconds), its purpose (1), its
/// owner's epoch (15) and 64 random bits.
///
/// Because the id tells, an event about an object needs no read to know which account generation it belongs to and
/// whether it is an avatar; and because time comes first, ids sort by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadId(u128);

impl UploadId {
    /// A fresh id.
    pub fn new(at: Timestamp, purpose: Purpose, epoch: Epoch, random: &Random) -> Self {
        let millis = u128::from(at.millis().cast_unsigned() & 0xffff_ffff_ffff);
        let purpose = match purpose {
            Purpose::Avatar => 1,
            Purpose::File => 0,
        };
        let random = u128::from(u64::from_be_bytes(random.bytes()));
        Self(millis << 80 | purpose << 79 | u128::from(epoch.get()) << 64 | random)
    }

    /// When its ticket was issued.
    pub fn issued_at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
    }

    /// What it is for.
    pub fn purpose(self) -> Purpose {
        if self.0 >> 79 & 1 == 1 {
            Purpose::Avatar
        } else {
            Purpose::File
        }
    }

    /// The account generation that it belongs to.
    pub fn epoch(self) -> Epoch {
        Epoch(u16::try_from(self.0 >> 64 & 0x7fff).unwrap_or(0))
    }
}

impl TryFrom<String> for UploadId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.to_string()
    }
}

impl FromStr for UploadId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        const MALFORMED: ParseIdError = ParseIdError("upload id");
        let bytes = CROCKFORD_LOWER
            .decode(text.as_bytes())
            .map_err(|_| MALFORMED)?;
        Ok(Self(u128::from_be_bytes(
            bytes.try_into().map_err(|_| MALFORMED)?,
        )))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CROCKFORD_LOWER.encode_display(&self.0.to_be_bytes()).fmt(f)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A login on one device, from [`login`](crate::store) to logout: 16 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(String);

impl SessionId {
    /// A fresh id.
    pub fn new(random: &Random) -> Self {
        Self(data_encoding::HEXLOWER.encode(&random.bytes::<8>()))
    }

    /// The id of no session.
    pub(crate) fn none() -> Self {
        Self("0".repeat(16))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let fits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseIdError("session id"))
        }
    }
}

impl TryFrom<String> for SessionId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_user_id_depends_on_the_app_and_the_person() {
        let alice: OpenId = "alice".parse().unwrap();
        let id = UserId::derive("wx1", &alice);
        assert_eq!(id, UserId::derive("wx1", &alice));
        assert_ne!(id, UserId::derive("wx2", &alice));
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        // The separator keeps ("ab", "c") and ("a", "bc") apart.
        assert_ne!(
            UserId::derive("ab", &"c".parse().unwrap()),
            UserId::derive("a", &"bc".parse().unwrap())
        );
    }

    #[test]
    fn foreign_text_is_no_id() {
        for text in [
            "",
            "u",
            "me",
            "u1",
            "../../etc/passwd",
            "uaaaaaaaaaaaaaaaaaaaaaaaaa!",
            "\u{1F600}",
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text}");
            assert!(text.parse::<UploadId>().is_err(), "{text}");
            assert!(text.parse::<SessionId>().is_err(), "{text}");
        }
        // 26 symbols hold 130 bits: the two spare ones must be zero, or one upload would have several names.
        assert!("zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<UploadId>().is_err());
    }

    proptest! {
        #[test]
        fn an_upload_id_tells_what_it_was_made_of(
            millis in 0..(1_i64 << 48), avatar: bool, epoch in 1..=0x7fff_u64, random: u64
        ) {
            let purpose = if avatar { Purpose::Avatar } else { Purpose::File };
            let epoch = Epoch::try_from(epoch).unwrap();
            let source = Random::new(move |bytes| bytes.copy_from_slice(&random.to_be_bytes()));
            let id = UploadId::new(Timestamp::from_millis(millis), purpose, epoch, &source);
            prop_assert_eq!(id.issued_at().millis(), millis);
            prop_assert_eq!(id.purpose(), purpose);
            prop_assert_eq!(id.epoch(), epoch);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn upload_ids_sort_by_age_as_text(a in 0..(1_i64 << 48), b in 0..(1_i64 << 48)) {
            let zero = Random::new(|bytes| bytes.fill(0));
            let id = |at| UploadId::new(Timestamp::from_millis(at), Purpose::File, Epoch::FIRST, &zero).to_string();
            prop_assert_eq!(a.cmp(&b), id(a).cmp(&id(b)));
        }
    }
}
