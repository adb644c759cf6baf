//! Items as the checks read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Item, Key};

/// The table after a commit.
pub(crate) type Table = BTreeMap<Key, Arc<Item>>;

/// Which kind of item a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    User(&'a str),
    Username(&'a str),
    Email(&'a str),
    Upload {
        user: &'a str,
        id: &'a str,
    },
    /// What uploads, or own functions, know of their owner's account.
    OwnerState(&'a str),
    Quota(&'a str),
    Idempotency {
        user: &'a str,
        epoch: i64,
    },
    Audit,
    Unknown,
}

impl<'a> Place<'a> {
    pub(crate) fn of(key: &'a Key) -> Self {
        let (pk, sk) = (key.pk.as_str(), key.sk.as_str());
        if let Some(user) = pk.strip_prefix("UP#") {
            return match sk {
                "~" => Self::OwnerState(user),
                id => Self::Upload { user, id },
            };
        }
        if let (Some(user), "~") = (pk.strip_prefix("OI#"), sk) {
            return Self::OwnerState(user);
        }
        if pk == "AU#0" {
            return Self::Audit;
        }
        if sk != "A" {
            return Self::Unknown;
        }
        let alone = |prefix| pk.strip_prefix(prefix);
        if let Some(user) = alone("U#") {
            Self::User(user)
        } else if let Some(form) = alone("UN#") {
            Self::Username(form)
        } else if let Some(form) = alone("EM#") {
            Self::Email(form)
        } else if let Some(user) = alone("RL#UP#") {
            Self::Quota(user)
        } else {
            alone("RL#IK#")
                .and_then(idempotency)
                .unwrap_or(Self::Unknown)
        }
    }
}

fn idempotency(rest: &str) -> Option<Place<'_>> {
    let mut parts = rest.split('#');
    let (user, epoch) = (parts.next()?, parts.next()?.parse().ok()?);
    Some(Place::Idempotency { user, epoch })
}

pub(crate) fn user_key(user: &str) -> Key {
    alone(format!("U#{user}"))
}

pub(crate) fn quota_key(user: &str) -> Key {
    alone(format!("RL#UP#{user}"))
}

pub(crate) fn upload_key(user: &str, id: &str) -> Key {
    Key {
        pk: format!("UP#{user}"),
        sk: id.to_owned(),
    }
}

pub(crate) fn owner_state_key(user: &str) -> Key {
    upload_key(user, "~")
}

/// The owner state for own functions.
pub(crate) fn own_owner_state_key(user: &str) -> Key {
    Key {
        pk: format!("OI#{user}"),
        sk: "~".to_owned(),
    }
}

pub(crate) fn alone(pk: String) -> Key {
    Key {
        pk,
        sk: "A".to_owned(),
    }
}

/// The upload records of a user, by age.
pub(crate) fn records<'a>(
    table: &'a Table,
    user: &str,
) -> impl Iterator<Item = (&'a str, &'a Item)> {
    let (first, last) = (upload_key(user, ""), owner_state_key(user));
    table
        .range(first..last)
        .map(|(key, item)| (key.sk.as_str(), &**item))
}

/// Reading attributes.
pub(crate) trait Attributes {
    fn text(&self, name: &str) -> Option<&str>;
    fn number(&self, name: &str) -> Option<i64>;
    /// Bytes, as base 64.
    fn bytes(&self, name: &str) -> Option<&str>;
    fn flag(&self, name: &str) -> Option<bool>;
    /// The members of a set or a list of strings.
    fn texts(&self, name: &str) -> Vec<&str>;
    fn has(&self, name: &str) -> bool;
}

impl Attributes for Item {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.get("S")?.as_str()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.get("N")?.as_str()?.parse().ok()
    }

    fn bytes(&self, name: &str) -> Option<&str> {
        self.get(name)?.get("B")?.as_str()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.get("BOOL")?.as_bool()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        let members = value.get("SS").or_else(|| value.get("L"));
        let members = members.and_then(Value::as_array).into_iter().flatten();
        members
            .filter_map(|member| member.as_str().or_else(|| member.get("S")?.as_str()))
            .collect()
    }

    fn has(&self, name: &str) -> bool {
        self.contains_key(name)
    }
}

/// Whether the account is one that has an owner.
pub(crate) fn is_live(account: &Item) -> bool {
    matches!(account.text("status"), Some("active" | "disabled"))
}
