//! Every kind of item that names a person: what may stay of it, and what an export shows.

use std::collections::{BTreeMap, BTreeSet};

use support::storage::{Item, text};

/// A kind of item.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// How its key begins.
    pub(super) name: &'static str,
    pub(super) remains: Remains,
    pub(super) export: Export,
}

/// What may stay of an item after a purge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Remains {
    Nothing,
    /// An item with no other attributes than its key and these.
    Only(&'static [&'static str]),
    /// The item, until its `ttl`.
    UntilItEnds,
}

/// What an export shows of an item.
#[derive(Clone, Copy, Debug)]
pub(super) enum Export {
    /// Whatever a person has written into it.
    Content,
    /// An item of this kind.
    As(&'static str),
    /// Its sort key.
    SortKey,
    /// Nothing, for this reason.
    Nothing(&'static str),
}

const NAMES: Export = Export::Nothing("the account shows the name");
const STATE: Export = Export::Nothing("the account shows its status");

pub(super) const KINDS: &[Kind] = &[
    kind(
        "U#",
        Remains::Only(&["status", "epoch", "version", "fence", "sessions_ended_at"]),
        Export::Content,
    ),
    kind("UN#", Remains::Nothing, NAMES),
    kind("EM#", Remains::Nothing, NAMES),
    kind("UP# upload", Remains::Nothing, Export::SortKey),
    kind(
        "UP# gone",
        Remains::Nothing,
        Export::Nothing("what is left of a deleted upload, for late events"),
    ),
    kind("UP# ~", Remains::Only(&["epoch", "disabled"]), STATE),
    kind("RL#UP#", Remains::Nothing, Export::As("upload_quota")),
    kind(
        "RL#IK#",
        Remains::UntilItEnds,
        Export::Nothing("hashes, for as long as a request can be repeated"),
    ),
    kind("AU#", Remains::UntilItEnds, Export::SortKey),
    kind("OI# item", Remains::Nothing, Export::Content),
    kind(
        "OI# entry",
        Remains::Nothing,
        Export::Nothing("what it leads to is shown"),
    ),
    kind(
        "OI# request",
        Remains::Nothing,
        Export::Nothing("hashes, for as long as a request can be repeated"),
    ),
    kind("OI# ~", Remains::Only(&["epoch", "disabled"]), STATE),
    kind("OF#", Remains::Nothing, Export::Content),
    kind(
        "MT#",
        Remains::Nothing,
        Export::Nothing("it names an upload, which is shown"),
    ),
    kind("RV# review", Remains::Nothing, Export::As("review")),
    kind(
        "RV# report",
        Remains::Nothing,
        Export::Nothing("it names who has reported"),
    ),
    kind("RP# report", Remains::Nothing, Export::As("report")),
    kind("RP# ~", Remains::Nothing, Export::As("report_quota")),
];

const fn kind(name: &'static str, remains: Remains, export: Export) -> Kind {
    Kind {
        name,
        remains,
        export,
    }
}

fn known(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The name of an item's kind.
pub(super) fn name_of(item: &Item) -> String {
    let key = |name| text(item, name).expect("keys are text");
    let (pk, sk) = (key("pk"), key("sk"));
    let prefix = match pk.split_inclusive('#').collect::<Vec<_>>()[..] {
        ["RL#", second, ..] => format!("RL#{second}"),
        [first, ..] => first.to_owned(),
        [] => String::new(),
    };
    let part = match (prefix.as_str(), sk) {
        ("UP#" | "OI#" | "RP#", "~") => "~",
        ("UP#", _) if text(item, "status") == Some("gone") => "gone",
        ("UP#", _) => "upload",
        ("OI#", _) if sk.starts_with('~') => "request",
        ("OI#", _) if item.contains_key("target_pk") => "entry",
        ("OI#", _) => "item",
        ("RV#", _) if sk.starts_with("report#") => "report",
        ("RV#", _) => "review",
        ("RP#", _) => "report",
        _ => return prefix,
    };
    format!("{prefix} {part}")
}

/// The items that name the person.
pub(super) fn that_name<'a>(
    items: impl IntoIterator<Item = &'a Item>,
    texts: &[&str],
) -> Vec<&'a Item> {
    let named = items.into_iter().filter(|item| {
        let whole = format!("{item:?}");
        texts.iter().any(|text| whole.contains(text))
    });
    named.collect()
}

/// Of the items that name a person whose account was purged, those that should not be there.
pub(super) fn left_behind(items: &[&Item]) -> Vec<String> {
    let may_stay = |item: &Item| match known(&name_of(item)).map(|kind| kind.remains) {
        None | Some(Remains::Nothing) => false,
        Some(Remains::UntilItEnds) => item.contains_key("ttl"),
        Some(Remains::Only(names)) => item
            .keys()
            .all(|name| ["pk", "sk"].contains(&name.as_str()) || names.contains(&name.as_str())),
    };
    let left = items.iter().filter(|item| !may_stay(item));
    left.map(|item| format!("{} stays: {item:?}", name_of(item)))
        .collect()
}

/// Of the items that name a person, those of which the person's export does not show what it should.
pub(super) fn not_exported(items: &[&Item], export: &str) -> Vec<String> {
    let is_shown = |item: &Item| match known(&name_of(item)).map(|kind| kind.export) {
        None => false,
        Some(Export::Nothing(reason)) => !reason.is_empty(),
        Some(Export::As(kind)) => export.contains(&format!("\"kind\":\"{kind}\"")),
        Some(Export::SortKey) => text(item, "sk").is_some_and(|sk| export.contains(sk)),
        Some(Export::Content) => {
            let written = canaries(&format!("{item:?}"));
            !written.is_empty() && written.iter().all(|written| export.contains(written))
        }
    };
    let hidden = items.iter().filter(|item| !is_shown(item));
    hidden
        .map(|item| format!("{} is not exported: {item:?}", name_of(item)))
        .collect()
}

/// What a person has written: words that begin with `canary-`.
fn canaries(text: &str) -> BTreeSet<String> {
    let of = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    text.match_indices("canary-")
        .map(|(at, _)| of(&text[at..]))
        .collect()
}

/// The kinds of these items, and how many there are of each.
pub(super) fn counted(items: &[&Item]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(name_of(item)).or_default() += 1;
    }
    counts
}
