//! Uploads: tickets that were handed out, objects that were sent, deletions that were acknowledged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ask::Request;
use super::{Answer, Ask, ByUser, Reference, Strictness, View};
use crate::invariants::{Attributes, Findings, Item, Kind, Watch, epoch_of, is_avatar, is_live};

/// An object that a phone has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The upload.
    pub id: String,
    /// Whether the object is what the ticket is for.
    pub is_right: bool,
    /// Whether S3 took it; `None` if the phone never heard.
    pub is_stored: Option<bool>,
}

/// What is known of uploads.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    owners: BTreeMap<String, String>,
    sent: BTreeMap<String, Vec<Sent>>,
    /// By user, generation and key: what was asked for, and the uploads.
    keys: ByUser<BTreeMap<(i64, String), (String, Vec<String>)>>,
}

impl Uploads {
    pub(super) fn sent(&mut self, sent: Sent) {
        self.sent.entry(sent.id.clone()).or_default().push(sent);
    }

    pub(super) fn of_others(&self, user: &str) -> Vec<(String, String)> {
        let others = self.owners.iter().filter(|(_, owner)| *owner != user);
        others
            .map(|(id, owner)| (owner.clone(), id.clone()))
            .collect()
    }

    /// Tickets that were handed out; a key leads to the same ones again.
    pub(super) fn learn(&mut self, request: &Request, answer: &Answer, found: &mut Findings) {
        let (Ask::Issue { key, body }, Some(by)) = (&request.ask, &request.by) else {
            return;
        };
        let ids = ids(&answer.body);
        if answer.status == 201 {
            self.owners
                .extend(ids.iter().map(|id| (id.clone(), by.user.clone())));
        }
        let Some(key) = key else {
            return;
        };
        let known = self.keys.entry(by.user.clone()).or_default();
        let at = (by.epoch, key.clone());
        let detail = || format!("{key} of {}: {ids:?}", by.user);
        match (answer.status, known.get(&at)) {
            (201, None) => _ = known.insert(at, (body.clone(), ids.clone())),
            (201, Some((was, uploads))) => {
                found.unless(
                    was == body && *uploads == ids,
                    Kind::IdempotencyBroken,
                    detail,
                );
            }
            (422, Some((was, _))) => found.unless(was != body, Kind::IdempotencyBroken, detail),
            _ => {}
        }
    }
}

/// The uploads of a response to a request for tickets.
fn ids(body: &Value) -> Vec<String> {
    let one = std::slice::from_ref(body);
    let items = body["items"].as_array().map_or(one, Vec::as_slice);
    let ids = items
        .iter()
        .filter_map(|item| item["upload"]["id"].as_str());
    ids.map(str::to_owned).collect()
}

fn is_shown(record: &Item) -> bool {
    record.text("status") != Some("gone")
}

pub(super) fn check(view: &View<'_>, found: &mut Findings) {
    match &view.request.ask {
        Ask::Issue { .. } if view.answer.status == 201 => issued(view, found),
        Ask::ReadUpload { user, id } => read(view, user, id, found),
        Ask::ListUploads { user } => {
            for item in view.answer.body["items"].as_array().into_iter().flatten() {
                shown(view, user, item, found);
            }
        }
        Ask::DeleteUpload { user, id } if view.answer.status == 204 => {
            let record = view.watch.record(user, id);
            view.unless(
                record.is_none_or(|record| !is_shown(record)),
                Kind::ChangeLost,
                found,
            );
        }
        _ => {}
    }
}

fn issued(view: &View<'_>, found: &mut Findings) {
    let Some(by) = &view.request.by else {
        return;
    };
    let is_there = |id: &String| view.watch.record(&by.user, id).is_some();
    let has_ended = view
        .watch
        .account(&by.user)
        .is_none_or(|account| account.number("epoch") != Some(by.epoch));
    let there = has_ended || ids(&view.answer.body).iter().all(is_there);
    view.unless(there, Kind::ChangeLost, found);
}

fn read(view: &View<'_>, user: &str, id: &str, found: &mut Findings) {
    match view.answer.status {
        200 => shown(view, user, &view.answer.body, found),
        404 => {
            // What is left of an earlier generation is gone to the next.
            let own = |by: &&super::Bearer| by.user == user && Some(by.epoch) == epoch_of(id);
            let by = view.request.by.as_ref().filter(own);
            let there = by.is_some() && view.watch.record(user, id).is_some_and(is_shown);
            view.unless(!there, Kind::UploadLost, found);
        }
        _ => {}
    }
}

/// An upload that is shown has not been deleted before it was asked for, and is what its record says.
fn shown(view: &View<'_>, user: &str, upload: &Value, found: &mut Findings) {
    let id = upload["id"].as_str().unwrap_or_default();
    let gone_at = view.watch.gone_at(user, id);
    view.unless(
        gone_at.is_none_or(|at| at >= view.request.start),
        Kind::DeletedUploadShown,
        found,
    );
    let linked = upload["download_url"].is_string();
    let ready = matches!(
        upload["status"].as_str(),
        Some("ready" | "checking" | "review")
    );
    view.unless(linked == ready, Kind::AnswerDiffers, found);
}

/// What was sent as it should be is ready, unless somebody has deleted it.
pub(super) fn at_the_end(reference: &Reference, watch: &Watch, found: &mut Findings) {
    if reference.strictness == Strictness::SafetyOnly {
        return;
    }
    for (id, sent) in &reference.uploads.sent {
        let Some(owner) = reference.uploads.owners.get(id) else {
            continue;
        };
        let all_right = sent
            .iter()
            .all(|sent| sent.is_right || sent.is_stored == Some(false));
        let stored = sent
            .iter()
            .any(|sent| sent.is_right && sent.is_stored == Some(true));
        let account = watch.account(owner).filter(|account| is_live(account));
        let is_current = account.is_some_and(|account| account.number("epoch") == epoch_of(id));
        if !all_right || !stored || !is_current || is_deleted(reference, owner, id) {
            continue;
        }
        let status = watch
            .record(owner, id)
            .and_then(|record| record.text("status"));
        // A picture can have been replaced by a later one.
        let fits = status == Some("ready") || status == Some("gone") && is_avatar(id);
        found.unless(fits, Kind::UploadLost, || {
            format!("{id} of {owner} is {status:?}")
        });
    }
}

/// Whether somebody has asked for its deletion.
fn is_deleted(reference: &Reference, owner: &str, id: &str) -> bool {
    reference.requests.iter().any(|request| match &request.ask {
        Ask::DeleteUpload { user, id: of } => user == owner && of == id,
        _ => false,
    })
}
