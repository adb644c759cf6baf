//! Object keys: `u/<user>/<upload>.<extension>`. Nothing of the client's is in them.

use std::fmt;
use std::str::FromStr;

use crate::ids::{UploadId, UserId};
use crate::upload::content_type::ContentType;

/// The key of an upload's object. What it holds needs no escaping in a URL.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// The user below whose prefix the object is.
    pub user: UserId,
    /// The upload; its id also tells purpose, age and account generation.
    pub upload: UploadId,
    /// What the object must be.
    pub content_type: ContentType,
}

/// The key is not one of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an upload")]
pub struct ParseObjectKeyError;

impl ObjectKey {
    /// What the keys of all of a user's objects begin with.
    pub fn prefix(user: &UserId) -> String {
        format!("u/{user}/")
    }
}

impl FromStr for ObjectKey {
    type Err = ParseObjectKeyError;

    fn from_str(text: &str) -> Result<Self, ParseObjectKeyError> {
        let (user, name) = text
            .strip_prefix("u/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(ParseObjectKeyError)?;
        let (upload, extension) = name.split_once('.').ok_or(ParseObjectKeyError)?;
        Ok(Self {
            user: user.parse().map_err(|_| ParseObjectKeyError)?,
            upload: upload.parse().map_err(|_| ParseObjectKeyError)?,
            content_type: ContentType::of_extension(extension).ok_or(ParseObjectKeyError)?,
        })
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "u/{}/{}.{}",
            self.user,
            self.upload,
            self.content_type.extension()
        )
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Epoch, OpenId, Purpose};
    use crate::random::Random;
    use crate::time::Timestamp;

    #[test]
    fn a_key_survives_its_text() {
        let user = UserId::derive("wx", &"alice".parse::<OpenId>().unwrap());
        let random = Random::new(|bytes| bytes.fill(1));
        let upload = UploadId::new(
            Timestamp::from_millis(1),
            Purpose::Avatar,
            Epoch::FIRST,
            &random,
        );
        let key = ObjectKey {
            user,
            upload,
            content_type: "image/png".parse().unwrap(),
        };
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let text = key.to_string();
        assert_eq!(format!("{key:?}"), text, "as logs show it");
        for foreign in [
            "",
            "u/",
            "x",
            &text[1..],
            &text.replace(".png", ".svg"),
            &format!("{text}/x"),
            &format!("/{text}"),
        ] {
            assert_eq!(
                foreign.parse::<ObjectKey>(),
                Err(ParseObjectKeyError),
                "{foreign}"
            );
        }
    }
}
