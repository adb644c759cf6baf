//! A person's device, and what it knows.

use std::fmt;

use serde_json::Value;

use super::Action;
use super::action::Subject;
use super::api::Call;
use super::objects::Wish;

/// A person by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(pub u8);

impl Person {
    /// The person whom configuration makes an administrator.
    pub const ROOT: Self = Self(99);

    /// Whether it is that person.
    pub fn is_root(self) -> bool {
        self == Self::ROOT
    }

    /// The person at WeChat. That of [`Person::ROOT`] has to be in `ADMIN_OPENIDS`.
    pub fn openid(self) -> String {
        format!("person{}", self.0)
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An upload of which the device knows.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) id: String,
    pub(super) wish: Wish,
    /// The ticket as it was given.
    pub(super) ticket: Value,
}

/// A device with an app on it.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) person: Person,
    pub(super) index: u8,
    pub(super) random: fastrand::Rng,
    seed: u64,
    step: u8,
    drawn: u16,
    pub(super) access: Option<String>,
    pub(super) refresh: Option<String>,
    pub(super) old_access: Option<String>,
    pub(super) old_refresh: Option<String>,
    /// The user's id, once the device has heard it.
    pub(super) user: Option<String>,
    pub(super) etag: Option<(String, i64)>,
    pub(super) old_etag: Option<(String, i64)>,
    pub(super) uploads: Vec<Held>,
    pub(super) last_edit: Option<Call>,
    pub(super) last_keyed: Option<(Call, Vec<Wish>)>,
}

impl Device {
    /// A device on which nobody has logged in yet.
    pub fn new(seed: u64, person: Person, index: u8) -> Self {
        let mut device = Self {
            person,
            index,
            random: fastrand::Rng::with_seed(0),
            seed,
            step: 0,
            drawn: 0,
            access: None,
            refresh: None,
            old_access: None,
            old_refresh: None,
            user: None,
            etag: None,
            old_etag: None,
            uploads: Vec::new(),
            last_edit: None,
            last_keyed: None,
        };
        device.begin(0);
        device
    }

    /// Begins a step. Chance depends on its number and not on the steps before, so that those can be left out.
    pub fn begin(&mut self, step: u8) {
        let place = u64::from(self.person.0) << 16 | u64::from(self.index) << 8 | u64::from(step);
        self.random = fastrand::Rng::with_seed(
            self.seed.rotate_left(17) ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        self.step = step;
        self.drawn = 0;
    }

    /// The user's id, once the device has heard it.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Something that no other step has.
    pub(super) fn unique(&mut self) -> String {
        self.drawn += 1;
        format!(
            "{}x{}x{}x{}",
            self.person.0, self.index, self.step, self.drawn
        )
    }

    /// A code of the person's that WeChat takes once.
    pub(super) fn code(&mut self) -> String {
        self.drawn += 1;
        let number = [self.index.into(), self.step.into(), self.drawn]
            .into_iter()
            .fold(0, |all, part: u16| all * 1000 + u64::from(part));
        format!("{}-{number}", self.person.openid())
    }

    /// Whether there is nothing to do the action with.
    pub(super) fn needs_login(&self, action: Action) -> bool {
        match action.subject() {
            Subject::Account if matches!(action, Action::Login | Action::LoginQuietly) => false,
            Subject::Account if action == Action::UseOldToken => {
                self.old_access.is_none() && self.access.is_none()
            }
            Subject::Account if action == Action::RefreshOld => {
                self.old_refresh.is_none() && self.refresh.is_none()
            }
            _ => self.access.is_none(),
        }
    }

    /// Takes over a session as the API gave it.
    pub(super) fn signed_in(&mut self, session: &Value) {
        let text = |name: &str| session[name].as_str().map(str::to_owned);
        self.old_access = self.access.take().or(self.old_access.take());
        self.old_refresh = self.refresh.take().or(self.old_refresh.take());
        self.access = text("access_token");
        self.refresh = text("refresh_token");
        self.user = session["user"]["id"].as_str().map(str::to_owned);
    }

    pub(super) fn signed_out(&mut self) {
        self.old_access = self.access.take().or(self.old_access.take());
        self.old_refresh = self.refresh.take().or(self.old_refresh.take());
    }

    pub(super) fn saw(&mut self, etag: Option<String>, version: Option<i64>) {
        if let Some(seen) = etag.zip(version) {
            self.old_etag = self.etag.replace(seen).or(self.old_etag.take());
        }
    }
}
