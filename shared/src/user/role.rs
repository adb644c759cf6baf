//! What users may do: two roles that this backend knows, and those of a project's own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::Vars;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Role {
    /// May read and change what is their own.
    User,
    /// May also read and change every other user's account and uploads; each such write is audited.
    Admin,
    /// A role of the project's own. Here it opens nothing; what it opens, own functions say in their tables of routes.
    Own(RoleName),
}

/// The name of a role of the project's own: a lowercase letter, then lowercase letters, digits, `-` and `_`, 24 characters
/// at most.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoleName {
    /// ASCII, with zeros behind the name.
    bytes: [u8; MAX_LENGTH],
}

const MAX_LENGTH: usize = 24;

/// The text is no role's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a role's name: a lowercase letter, then lowercase letters, digits, - and _, at most 24 characters"
)]
pub struct ParseRoleError;

impl Role {
    /// The role's name in the API, in the table and in tokens.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Own(name) => name.as_str(),
        }
    }
}

impl FromStr for Role {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        match text {
            "user" => Ok(Self::User),
            "admin" => Ok(Self::Admin),
            _ => text.parse().map(Self::Own),
        }
    }
}

impl TryFrom<String> for Role {
    type Error = ParseRoleError;

    fn try_from(text: String) -> Result<Self, ParseRoleError> {
        text.parse()
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

impl RoleName {
    fn as_str(&self) -> &str {
        let end = self.bytes.iter().position(|byte| *byte == 0);
        let name = &self.bytes[..end.unwrap_or(MAX_LENGTH)];
        std::str::from_utf8(name).unwrap_or_default()
    }
}

impl FromStr for RoleName {
    type Err = ParseRoleError;

    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        let is_first = |byte: &u8| byte.is_ascii_lowercase();
        let is_allowed =
            |byte: &u8| is_first(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        let name = text.as_bytes();
        let mut bytes = [0; MAX_LENGTH];
        let fits = name.first().is_some_and(is_first) && name.iter().all(is_allowed);
        let place = bytes.get_mut(..name.len()).filter(|_| fits);
        place.ok_or(ParseRoleError)?.copy_from_slice(name);
        Ok(Self { bytes })
    }
}

impl fmt::Debug for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The roles that an administrator can give.
#[derive(Clone, Debug, Default)]
pub struct Roles(Vec<RoleName>);

impl Roles {
    /// Reads `ROLES`: the names of the project's own roles, separated by commas.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        vars.optional_as("ROLES", str::parse).unwrap_or_default()
    }

    /// The role of this name, if it can be given.
    ///
    /// # Errors
    /// With the names of those that can.
    pub fn parse(&self, text: &str) -> Result<Role, String> {
        match text.parse() {
            Ok(Role::Own(name)) if !self.0.contains(&name) => Err(self.expected()),
            Ok(role) => Ok(role),
            Err(ParseRoleError) => Err(self.expected()),
        }
    }

    fn expected(&self) -> String {
        let names = ["user", "admin"].into_iter();
        let names: Vec<_> = names.chain(self.0.iter().map(RoleName::as_str)).collect();
        format!("must be one of {}", names.join(", "))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty()).map(|name| {
            match name.parse().map_err(|error| format!("{error}: {name}"))? {
                Role::Own(name) => Ok(name),
                Role::User | Role::Admin => Err(format!("{name} is there without being named")),
            }
        });
        names.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowercase_words() {
        for text in ["editor", "e", "shop-owner_2", &"a".repeat(24)] {
            let role: Role = text.parse().unwrap();
            assert_eq!(role.as_str(), text);
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{text}\""));
        }
        for text in [
            "",
            "Editor",
            "2nd",
            "-a",
            "a b",
            "é",
            "a\0",
            &"a".repeat(25),
        ] {
            assert_eq!(text.parse::<Role>(), Err(ParseRoleError), "{text:?}");
        }
    }

    #[test]
    fn only_configured_roles_can_be_given() {
        let roles: Roles = "editor, moderator,".parse().unwrap();
        for name in ["user", "admin", "editor", "moderator"] {
            assert_eq!(roles.parse(name).unwrap().as_str(), name);
        }
        for name in ["owner", "Editor", ""] {
            let reason = roles.parse(name).unwrap_err();
            assert_eq!(reason, "must be one of user, admin, editor, moderator");
        }
        assert_eq!(
            Roles::default().parse("editor").unwrap_err(),
            "must be one of user, admin"
        );
    }

    #[test]
    fn configured_names_that_are_wrong_are_named() {
        let reason = "editor,Bad".parse::<Roles>().unwrap_err();
        assert!(reason.ends_with(": Bad"), "{reason}");
        assert!("admin".parse::<Roles>().is_err());
    }
}
