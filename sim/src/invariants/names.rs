//! Reservations of usernames and e-mail addresses: one for each name, and a name for each.

use shared::profile::{Email, Username};

use super::item::{Attributes, Place, alone, is_live, user_key};
use super::{Change, Commit, Findings, Item, Key, Kind};

/// A field that is reserved: its name, that of its compared form, the prefix of its reservations.
type Field = (&'static str, &'static str, &'static str);

const USERNAME: Field = ("username", "username_key", "UN#");
const EMAIL: Field = ("email", "email_key", "EM#");

pub(super) fn check_reservation(commit: &Commit<'_>, change: &Change, found: &mut Findings) {
    let owner = |item: &Option<std::sync::Arc<Item>>| {
        let item = item.as_deref();
        item.and_then(|item| item.text("uid")).map(str::to_owned)
    };
    let (was, is) = (owner(&change.before), owner(&change.after));
    let pk = &change.key.pk;
    if let Some(item) = change.after.as_deref() {
        let known = item
            .keys()
            .all(|name| ["pk", "sk", "uid"].contains(&name.as_str()));
        found.unless(known, Kind::UnknownAttribute, || pk.clone());
        let moved = was.is_some() && was != is;
        found.unless(!moved, Kind::ReservationTaken, || {
            format!("{pk}: {was:?} to {is:?}")
        });
        reserved(commit, &change.key, found);
    } else if let Some(was) = was
        && let Some(account) = commit.item(&user_key(&was))
    {
        has_reservations(commit, &was, account, found);
    }
}

/// That whoever has the reservation has the name.
pub(super) fn reserved(commit: &Commit<'_>, key: &Key, found: &mut Findings) {
    let owner = commit.item(key).and_then(|item| item.text("uid"));
    let account = owner.and_then(|owner| commit.item(&user_key(owner)));
    let (field, form) = match Place::of(key) {
        Place::Username(form) => (USERNAME, form),
        Place::Email(form) => (EMAIL, form),
        _ => return,
    };
    let has = account.is_some_and(|account| is_live(account) && has_name(account, field, form));
    found.unless(has, Kind::ReservationWithoutUser, || {
        format!("{} of {owner:?}", key.pk)
    });
}

/// A name is reserved under its compared form, and under that of version 0.1, which is lower case.
fn has_name(account: &Item, (name, form_name, _): Field, form: &str) -> bool {
    let former = account.text(name).map(str::to_lowercase);
    account.text(form_name) == Some(form) || former.as_deref() == Some(form)
}

pub(super) fn check_user(
    commit: &Commit<'_>,
    user: &str,
    before: Option<&Item>,
    after: &Item,
    found: &mut Findings,
) {
    let was = |name: &str| before.and_then(|before| before.get(name));
    let names = [USERNAME, EMAIL].map(|(name, form, _)| [name, form]);
    let changed = names
        .as_flattened()
        .iter()
        .any(|name| was(name) != after.get(*name));
    if !changed {
        return;
    }
    let compared = [
        (
            USERNAME,
            after
                .text("username")
                .map(|name| Username::sought(name).map(|name| name.compared()).ok()),
        ),
        (
            EMAIL,
            after
                .text("email")
                .map(|email| email.parse().map(|email: Email| email.compared()).ok()),
        ),
    ];
    for ((name, form, _), compared) in compared {
        let fits = after.text(form) == compared.flatten().as_deref();
        found.unless(fits, Kind::NameWithoutForm, || format!("{name} of {user}"));
    }
    has_reservations(commit, user, after, found);
}

/// That each of the user's names is reserved for them.
pub(super) fn has_reservations(
    commit: &Commit<'_>,
    user: &str,
    account: &Item,
    found: &mut Findings,
) {
    for (_, form, prefix) in [USERNAME, EMAIL] {
        let Some(form) = account.text(form) else {
            continue;
        };
        let reservation = commit.item(&alone(format!("{prefix}{form}")));
        let owner = reservation.and_then(|item| item.text("uid"));
        found.unless(owner == Some(user), Kind::UserWithoutReservation, || {
            format!("{prefix}{form} of {user}, reserved for {owner:?}")
        });
    }
}
