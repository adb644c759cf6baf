//! A user as the API shows one.

use serde::Serialize;
use serde_json::{Value, json};

use crate::auth::refresh::sha256;
use crate::auth::{Caller, Role};
use crate::ids::{Epoch, UploadId, UserId};
use crate::profile::{Email, Nickname, Username, masked_phone};
use crate::time::Timestamp;
use crate::upload::key::ObjectKey;
use crate::upload::link::Links;

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can.
    Active,
    /// An administrator has shut it.
    Disabled,
}

impl Status {
    /// The status's name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err("must be active or disabled"),
        }
    }
}

/// The picture that a profile shows: always one version of an object, the one that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// The upload it came from.
    pub upload: UploadId,
    /// The object.
    pub key: ObjectKey,
    /// The object's version, in a versioned bucket.
    pub version: Option<String>,
}

/// An account that is neither deleted nor being deleted.
#[derive(Clone, Debug)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Which life of the account.
    pub epoch: Epoch,
    /// Counts the changes of what the API shows.
    pub version: u64,
    /// Whether the account can be used.
    pub status: Status,
    /// What the user may do.
    pub role: Role,
    /// The unique name.
    pub username: Option<Username>,
    /// The unique e-mail address.
    pub email: Option<Email>,
    /// The display name.
    pub nickname: Option<Nickname>,
    /// The picture.
    pub avatar: Option<Avatar>,
    /// The phone number, as WeChat gave it.
    pub phone: Option<String>,
    /// When the account began.
    pub created_at: Timestamp,
    /// When what the API shows last changed.
    pub updated_at: Timestamp,
}

/// How much of a user a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everything.
    Owner,
    /// Everything, with the phone number masked.
    Admin,
    /// Id, nickname and picture.
    Stranger,
}

impl View {
    /// What `caller` may see of `user`.
    pub fn of(caller: &Caller, user: &UserId) -> Self {
        if caller.user == *user {
            Self::Owner
        } else if caller.is_admin() {
            Self::Admin
        } else {
            Self::Stranger
        }
    }
}

impl User {
    /// The entity tag of what [`User::json`] gives: `"<version>-<whose and to whom>-<rest>"`.
    ///
    /// A writer who names a version means the first two parts ([`version_in_tag`]). The rest is what changes without
    /// the version: a role that comes from configuration, and the window of a signed link; a client that is told "not
    /// modified" can trust the link it has. The tag of what a stranger is shown tells no more than that does.
    pub fn etag(&self, view: View, links: Option<&Links>, now: Timestamp) -> String {
        let avatar = self.avatar.as_ref().filter(|_| links.is_some());
        let window = avatar.and(links).and_then(|links| links.generation(now));
        if view == View::Stranger {
            let nickname = self.nickname.as_ref().map(Nickname::as_str);
            let avatar = avatar.map(|avatar| (avatar.key.to_string(), &avatar.version));
            return format!("\"{}\"", digest(&(&self.id, nickname, avatar, window)));
        }
        let rest = digest(&(self.role.as_str(), window));
        format!("\"{}-{}-{rest}\"", self.version, identity(&self.id, view))
    }

    /// The user's JSON. Without `links` (a function that knows no bucket) the picture is left out.
    pub fn json(&self, view: View, links: Option<&Links>, now: Timestamp) -> Value {
        let avatar_url = self.avatar.as_ref().zip(links).map(|(avatar, links)| {
            links
                .download(&avatar.key, avatar.version.as_deref(), now)
                .url
        });
        let nickname = self.nickname.as_ref().map(Nickname::as_str);
        let mut json = json!({"id": self.id, "nickname": nickname, "avatar_url": avatar_url});
        if view != View::Stranger {
            let phone = self.phone.as_deref();
            json["username"] = self.username.as_ref().map(Username::as_str).into();
            json["email"] = self.email.as_ref().map(Email::as_str).into();
            json["phone"] = match view {
                View::Owner => phone.into(),
                _ => phone.map(masked_phone).into(),
            };
            json["role"] = self.role.as_str().into();
            json["status"] = self.status.as_str().into();
            json["created_at"] = self.created_at.to_rfc3339().into();
            json["updated_at"] = self.updated_at.to_rfc3339().into();
            json["version"] = self.version.into();
        }
        json
    }
}

/// The version that an entity tag, without its quotes, names, if the tag is of `user` as seen in `view`.
pub fn version_in_tag(opaque: &str, user: &UserId, view: View) -> Option<u64> {
    let (version, rest) = opaque.split_once('-')?;
    let (whose, _) = rest.split_once('-')?;
    let number: u64 = version.parse().ok()?;
    let is_ours = view != View::Stranger && whose == identity(user, view);
    // As we write it: without a sign or leading zeros.
    Some(number).filter(|number| is_ours && number.to_string() == version)
}

fn identity(user: &UserId, view: View) -> String {
    digest(&(user, format!("{view:?}")))
}

/// 64 bits of a hash, in hexadecimal.
fn digest(parts: &impl Serialize) -> String {
    let bytes = json!(parts).to_string();
    data_encoding::HEXLOWER.encode(&sha256(bytes.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_version_of_one_user_in_one_view() {
        let [user, other]: [UserId; 2] =
            ["u5esjy36duo2g3uwfwiew2hluhz", "um5pzijy4hmaetgeee2ii7xc623"]
                .map(|id| id.parse().unwrap());
        // docs/api.md shows this one.
        let tag = "2-6418efd4a5a30aeb-c421299893b578a1";
        assert_eq!(version_in_tag(tag, &user, View::Owner), Some(2));
        assert_eq!(
            version_in_tag("2-6418efd4a5a30aeb-x", &user, View::Owner),
            Some(2)
        );
        assert_eq!(digest(&("user", None::<i64>)), "c421299893b578a1");
        assert_eq!(version_in_tag(tag, &other, View::Owner), None);
        for view in [View::Admin, View::Stranger] {
            assert_eq!(version_in_tag(tag, &user, view), None);
        }
        let whose = "6418efd4a5a30aeb";
        for tag in [
            "",
            "2",
            "2-x",
            "2-c33a79d8",
            &format!("2-{whose}"),
            &format!("+2-{whose}-x"),
            &format!("02-{whose}-x"),
            &format!("-{whose}-x"),
            &format!("99999999999999999999-{whose}-x"),
        ] {
            assert_eq!(version_in_tag(tag, &user, View::Owner), None, "{tag}");
        }
    }
}
