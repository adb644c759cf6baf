//! A user as the API shows one, and the entity tag that goes with it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use crate::auth::Caller;
use crate::digest::sha256;
use crate::ids::UserId;
use crate::profile::{Email, Nickname, Username, masked_phone};
use crate::time::Timestamp;
use crate::upload::link::Links;
use crate::user::User;

/// How much of a user a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Every field, with the phone number in full.
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

/// The entity tag of what [`UserResponse`] shows: `"<version>-<whose and to whom>-<rest>"`.
///
/// A writer who names a version means the first two parts ([`version_in_tag`]). The rest is what changes without
/// the version: a role that comes from configuration, and the window of a signed link; a client that is told "not
/// modified" can trust the link it has. The tag of what a stranger is shown tells no more than that does.
pub fn etag(user: &User, view: View, links: Option<&Links>, now: Timestamp) -> String {
    let avatar = user.avatar.as_ref().filter(|_| links.is_some());
    let window = avatar.and(links).and_then(|links| links.generation(now));
    if view == View::Stranger {
        let nickname = user.nickname.as_ref().map(Nickname::as_str);
        let avatar = avatar.map(|avatar| (avatar.key.to_string(), &avatar.version));
        return format!("\"{}\"", digest(&(&user.id, nickname, avatar, window)));
    }
    let rest = digest(&(user.role.as_str(), window));
    format!("\"{}-{}-{rest}\"", user.version, identity(&user.id, view))
}

/// A user as a reader sees one.
#[derive(Debug, Serialize)]
pub struct UserResponse<'a> {
    id: &'a UserId,
    nickname: Option<&'a str>,
    avatar_url: Option<String>,
    #[serde(flatten)]
    private: Option<PrivateFields<'a>>,
}

/// What strangers do not see.
#[derive(Debug, Serialize)]
struct PrivateFields<'a> {
    username: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<Cow<'a, str>>,
    role: &'static str,
    status: &'static str,
    created_at: String,
    updated_at: String,
    version: u64,
    /// Absent unless the nickname is one that others do not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname_status: Option<&'static str>,
}

impl<'a> UserResponse<'a> {
    /// What `view` shows of `user`. Without `links` (a function that knows no bucket) the picture is left out.
    pub fn new(user: &'a User, view: View, links: Option<&Links>, now: Timestamp) -> Self {
        let avatar_url = user.avatar.as_ref().zip(links).map(|(avatar, links)| {
            let version = avatar.version.as_deref();
            links.download(&avatar.key, version, now).url
        });
        let pending = user.pending_nickname.as_ref();
        let pending = pending.filter(|_| view != View::Stranger);
        let nickname = pending.map(|pending| &pending.nickname);
        Self {
            id: &user.id,
            nickname: nickname.or(user.nickname.as_ref()).map(Nickname::as_str),
            avatar_url,
            private: (view != View::Stranger).then(|| PrivateFields::new(user, view)),
        }
    }
}

impl<'a> PrivateFields<'a> {
    fn new(user: &'a User, view: View) -> Self {
        let phone = user.phone.as_deref();
        Self {
            username: user.username.as_ref().map(Username::as_str),
            email: user.email.as_ref().map(Email::as_str),
            phone: match view {
                View::Owner => phone.map(Cow::from),
                View::Admin | View::Stranger => phone.map(|phone| masked_phone(phone).into()),
            },
            role: user.role.as_str(),
            status: user.status.as_str(),
            created_at: user.created_at.to_rfc3339(),
            updated_at: user.updated_at.to_rfc3339(),
            version: user.version,
            nickname_status: user
                .pending_nickname
                .as_ref()
                .map(|pending| pending.status.as_str()),
        }
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
        // The README shows this one.
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
