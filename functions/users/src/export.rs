//! `GET /v1/users/me/export`: everything that is stored on the person who asks, page by page.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::api::audit::AuditEntryResponse;
use shared::api::page::PageResponse;
use shared::api::upload::{Reader, UploadResponse};
use shared::api::user::{UserResponse, View};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::{PageRequest, WithQuery, cursor};
use shared::profile::Nickname;
use shared::store::audit::is_audit_position;
use shared::store::export::{AccountExport, Part};

use crate::App;

/// How many entries of the audit are looked at for a page: those about the person are few.
const AUDIT_ENTRIES: usize = 100;

/// The sections, in the order in which they are shown. A further one is a row here, and an arm in [`Section::page`].
const SECTIONS: [(&str, Section); 8] = [
    ("account", Section::Account),
    ("uploads", Section::Uploads),
    ("upload_quota", Section::Part(Part::UploadQuota)),
    ("own_items", Section::Part(Part::OwnItems)),
    ("reports", Section::Part(Part::Reports)),
    ("profile_reviews", Section::Part(Part::ProfileReviews)),
    ("content_reviews", Section::Part(Part::ContentReviews)),
    ("audit", Section::Audit),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Account,
    Uploads,
    Part(Part),
    Audit,
}

/// Where a page begins: a section, and where the page before ended within it.
struct Position {
    section: usize,
    after: Option<String>,
}

/// What is on a page, and where the page ended if the section goes on.
type Found = (Vec<Value>, Option<String>);

pub(crate) async fn export(
    State(app): State<Arc<App>>,
    WithQuery(caller, mut fields): WithQuery<Caller>,
) -> Result<Json<PageResponse<Value>>, Error> {
    let page = PageRequest::read(&mut fields);
    let page = fields.finish(Some(page))?;
    let scope = format!("export {}", caller.user);
    let position: Option<Position> = page.after(&scope)?;
    let position = position.unwrap_or(Position {
        section: 0,
        after: None,
    });
    let (_, section) = SECTIONS[position.section];
    // At the same time: the account says whether the caller is still let in, and a page is one round trip.
    let (account, found) = tokio::try_join!(
        account(&app, &caller),
        section.page(&app, &caller, page.limit, position.after.as_deref())
    )?;
    let (mut items, ended) = found;
    if section == Section::Account {
        items = account_items(&app, account)?;
    }
    let next = position.next(ended);
    Ok(Json(PageResponse {
        items,
        next_cursor: next.map(|next| cursor::encode(&next.to_text(), &scope)),
    }))
}

/// The caller's account, if it lets them in.
async fn account(app: &App, caller: &Caller) -> Result<AccountExport, Error> {
    let found = app.store.export_account(&caller.user).await?;
    let found = found.ok_or_else(|| Error::new(Code::Unauthorized))?;
    found.account.clone().admit(caller.epoch)?;
    Ok(found)
}

/// The account and its sessions. WeChat's ids of the person are never in an answer: that they are stored is.
fn account_items(app: &App, found: AccountExport) -> Result<Vec<Value>, Error> {
    let user = found.account.into_user();
    let user = user.ok_or_else(|| Error::new(Code::Unauthorized))?;
    let shown = UserResponse::new(&user, View::Owner, Some(&app.links), app.clock.now());
    let mut data = json!(shown);
    data["wechat_ids_stored"] = json!(found.wechat_ids);
    if user.pending_nickname.is_some() {
        let visible = user.nickname.as_ref().map(Nickname::as_str);
        data["visible_nickname"] = json!(visible);
    }
    let sessions = found.sessions.iter().map(|session| {
        let data = json!({
            "id": session.id,
            "created_at": session.created_at.to_rfc3339(),
            "expires_at": session.expires_at.to_rfc3339(),
        });
        entry("session", data)
    });
    Ok(std::iter::once(entry("account", data))
        .chain(sessions)
        .collect())
}

impl Section {
    async fn page(
        self,
        app: &App,
        caller: &Caller,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Found, Error> {
        match self {
            // Read anyhow.
            Self::Account => Ok((Vec::new(), None)),
            Self::Uploads => uploads(app, caller, limit, after).await,
            Self::Part(part) => {
                let found = app.store.export_part(caller.actor(), part, limit, after);
                let found = found.await?;
                let items = found.items.into_iter();
                let shown = items.map(|item| match part {
                    Part::OwnItems => {
                        json!({"kind": "own_item", "name": item.name, "data": item.data})
                    }
                    _ => entry(&item.name, json!(item.data)),
                });
                Ok((shown.collect(), found.next))
            }
            Self::Audit => audit(app, caller, after).await,
        }
    }

    /// Whether a page of the section can have ended there. Anybody can compute a cursor's digest.
    fn has(self, position: &str) -> bool {
        match self {
            Self::Account => false,
            Self::Uploads => position.parse::<shared::ids::UploadId>().is_ok(),
            Self::Part(part) => part.has(position),
            Self::Audit => is_audit_position(position),
        }
    }
}

async fn uploads(
    app: &App,
    caller: &Caller,
    limit: usize,
    after: Option<&str>,
) -> Result<Found, Error> {
    let before = after.and_then(|id| id.parse().ok());
    let found = app.store.uploads(caller.actor(), limit, before).await?;
    let now = app.clock.now();
    let shown = found.items.iter().map(|record| {
        let upload = UploadResponse::new(record, Reader::Owner, &app.links, now);
        entry("upload", json!(upload))
    });
    Ok((shown.collect(), found.next))
}

/// What administrators have done about the person; who they are is not the person's data.
async fn audit(app: &App, caller: &Caller, after: Option<&str>) -> Result<Found, Error> {
    let found = app.store.audit(AUDIT_ENTRIES, after).await?;
    let about = found
        .items
        .iter()
        .filter(|item| item.target == caller.user.as_str());
    let shown = about.map(|item| {
        let mut data = json!(AuditEntryResponse::from(item));
        data["actor"].take();
        entry("audit", data)
    });
    Ok((shown.collect(), found.next))
}

fn entry(kind: &str, data: Value) -> Value {
    json!({"kind": kind, "name": null, "data": data})
}

impl Position {
    /// Where the next page begins: in the same section if that goes on.
    fn next(self, ended: Option<String>) -> Option<Self> {
        let section = match ended {
            Some(_) => self.section,
            None => self.section + 1,
        };
        (section < SECTIONS.len()).then_some(Self {
            section,
            after: ended,
        })
    }

    fn to_text(&self) -> String {
        let (name, _) = SECTIONS[self.section];
        let after = self.after.as_deref().unwrap_or_default();
        format!("{name} {after}")
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, after) = text.split_once(' ').ok_or(())?;
        let section = SECTIONS.iter().position(|(known, _)| *known == name);
        let section = section.ok_or(())?;
        let after = Some(after).filter(|after| !after.is_empty());
        if after.is_some_and(|after| !SECTIONS[section].1.has(after)) {
            return Err(());
        }
        Ok(Self {
            section,
            after: after.map(str::to_owned),
        })
    }
}
