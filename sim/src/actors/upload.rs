//! What a person does with uploads.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use super::account::edit;
use super::api::{Call, Function, Reply, call_as};
use super::device::Held;
use super::objects::Wish;
use super::{Action, Device, Wire, operator};
use crate::invariants::Kind;
use crate::reference::{Ask, Fields, Sent};
use crate::s3::ticket;

/// Longer than a ticket lives, by whatever clock.
const LATE: Duration = Duration::from_secs(370);

pub(super) async fn act<W: Wire>(world: &W, action: Action, device: &mut Device) {
    match action {
        Action::TicketPost => _ = get_ticket(world, device, "file", "POST").await,
        Action::TicketPut => _ = get_ticket(world, device, "file", "PUT").await,
        Action::TicketAvatar => {
            let method = ["POST", "PUT"][device.random.usize(..2)];
            get_ticket(world, device, "avatar", method).await;
        }
        Action::TicketKeyed => keyed(world, device, 0).await,
        Action::Batch => {
            let count = device.random.usize(2..=4);
            keyed(world, device, count).await;
        }
        Action::TicketAgain => again(world, device, false).await,
        Action::TicketOther => again(world, device, true).await,
        Action::Send
        | Action::SendTwice
        | Action::SendWrong
        | Action::SendLarge
        | Action::SendLate => {
            send(world, device, action).await;
        }
        Action::NewAvatar => {
            if get_ticket(world, device, "avatar", "POST").await {
                send(world, device, Action::Send).await;
            }
        }
        Action::ChooseAvatar => choose_avatar(world, device).await,
        Action::ClearAvatar => {
            edit(
                world,
                device,
                Fields::from([("avatar_upload_id", None)]),
                None,
            )
            .await
        }
        Action::ListUploads => list(world, device).await,
        Action::ReadUpload => _ = read(world, device).await,
        Action::FollowLink => follow(world, device).await,
        Action::DeleteUpload => delete(world, device).await,
        Action::HideObject => operator::operate(world, device, false).await,
        Action::RemoveVersion => operator::operate(world, device, true).await,
        _ => foreign(world, device, action == Action::DeleteForeign).await,
    }
}

/// A request for one ticket.
pub(super) fn ticket(
    device: &mut Device,
    purpose: &'static str,
    method: &'static str,
) -> (Call, Wish) {
    let wish = Wish::draw(&mut device.random, purpose, method);
    let body = wish.to_json();
    let ask = Ask::Issue {
        key: None,
        body: body.to_string(),
    };
    (
        Call::new(Function::Presign, Method::POST, "/v1/uploads", ask).body(body),
        wish,
    )
}

/// Returns whether the device has got the ticket.
async fn get_ticket<W: Wire>(
    world: &W,
    device: &mut Device,
    purpose: &'static str,
    method: &'static str,
) -> bool {
    let (request, wish) = ticket(device, purpose, method);
    let reply = call_as(world, &request, device).await;
    reply.is_some_and(|reply| keep(device, &reply, &[wish]))
}

/// Keeps the tickets of a reply.
fn keep(device: &mut Device, reply: &Reply, wishes: &[Wish]) -> bool {
    if reply.status != 201 {
        return false;
    }
    let one = std::slice::from_ref(&reply.body);
    let items = reply.body["items"].as_array().map_or(one, Vec::as_slice);
    for (item, wish) in items.iter().zip(wishes) {
        let Some(id) = item["upload"]["id"].as_str() else {
            continue;
        };
        device.uploads.retain(|held| held.id != id);
        device.uploads.push(Held {
            id: id.to_owned(),
            wish: wish.clone(),
            ticket: item["ticket"].clone(),
        });
    }
    true
}

/// One ticket, or a batch of so many, with a key.
async fn keyed<W: Wire>(world: &W, device: &mut Device, batch: usize) {
    let wishes: Vec<_> = (0..batch.max(1))
        .map(|_| {
            let purpose = ["file", "file", "avatar"][device.random.usize(..3)];
            let method = ["POST", "PUT"][device.random.usize(..2)];
            Wish::draw(&mut device.random, purpose, method)
        })
        .collect();
    let key = device.unique();
    let request = keyed_call(&key, &wishes, batch > 0);
    let reply = call_as(world, &request, device).await;
    if let Some(reply) = reply {
        keep(device, &reply, &wishes);
    }
    device.last_keyed = Some((request, wishes));
}

fn keyed_call(key: &str, wishes: &[Wish], is_batch: bool) -> Call {
    let items: Vec<Value> = wishes.iter().map(Wish::to_json).collect();
    let (path, body) = match (is_batch, items.as_slice()) {
        (false, [only]) => ("/v1/uploads", only.clone()),
        _ => ("/v1/uploads/batch", json!({ "items": items })),
    };
    let ask = Ask::Issue {
        key: Some(key.to_owned()),
        body: body.to_string(),
    };
    let request = Call::new(Function::Presign, Method::POST, path, ask).body(body);
    request.header("idempotency-key", key)
}

/// The last request with a key once more, or another one with its key.
async fn again<W: Wire>(world: &W, device: &mut Device, is_other: bool) {
    let Some((request, wishes)) = device.last_keyed.clone() else {
        return keyed(world, device, 0).await;
    };
    if !is_other {
        if let Some(reply) = call_as(world, &request, device).await {
            keep(device, &reply, &wishes);
        }
        return;
    }
    let Ask::Issue { key: Some(key), .. } = &request.ask else {
        return;
    };
    let mut others = wishes;
    others.iter_mut().for_each(|wish| wish.size += 1);
    let is_batch = request.path.ends_with("batch");
    let _ = call_as(world, &keyed_call(key, &others, is_batch), device).await;
}

/// One of the uploads that the device knows, mostly the last one.
pub(super) fn held(device: &mut Device, wanted: impl Fn(&Held) -> bool) -> Option<Held> {
    let held: Vec<_> = device
        .uploads
        .iter()
        .filter(|held| wanted(held))
        .cloned()
        .collect();
    let last = held.len().checked_sub(1)?;
    let at = if device.random.u8(..4) == 0 {
        device.random.usize(..=last)
    } else {
        last
    };
    held.get(at).cloned()
}

async fn send<W: Wire>(world: &W, device: &mut Device, action: Action) {
    let Some(held) = held(device, |held| held.ticket.is_object()) else {
        _ = get_ticket(world, device, "file", "POST").await;
        return;
    };
    if action == Action::SendLate {
        tokio::time::sleep(LATE).await;
    }
    let object = match action {
        Action::SendWrong => held.wish.wrong(&mut device.random),
        Action::SendLarge => held.wish.large(&mut device.random),
        _ => held.wish.right(&mut device.random),
    };
    let times = 1 + u8::from(action == Action::SendTwice);
    for _ in 0..times {
        let Some(request) = ticket::request(&held.ticket, &object) else {
            return;
        };
        let response = world.s3(request).await;
        // After an error of S3's own, nobody knows.
        let status = response.map(|response| response.status());
        let is_stored = status
            .filter(|status| !status.is_server_error())
            .map(|status| status.is_success());
        if matches!(action, Action::SendLarge | Action::SendLate) && is_stored == Some(true) {
            let detail = format!("{action}: S3 took it for {}", held.id);
            world.checks(|checks| checks.watch.add(Kind::WrongStatus, detail));
        }
        let sent = Sent {
            id: held.id.clone(),
            is_right: action != Action::SendWrong,
            is_stored,
        };
        world.checks(|checks| checks.sent(sent));
    }
}

async fn choose_avatar<W: Wire>(world: &W, device: &mut Device) {
    match held(device, |held| held.wish.purpose == "avatar") {
        Some(held) => {
            let fields = Fields::from([("avatar_upload_id", Some(held.id))]);
            edit(world, device, fields, None).await;
        }
        None => _ = get_ticket(world, device, "avatar", "POST").await,
    }
}

/// All pages. What was there all the time is on one of them.
async fn list<W: Wire>(world: &W, device: &mut Device) {
    let Some(user) = device.user.clone() else {
        return;
    };
    let limit = device.random.u8(1..=4);
    let mut path = format!("/v1/uploads?limit={limit}");
    for _ in 0..20 {
        let ask = Ask::ListUploads { user: user.clone() };
        let request = Call::new(Function::Presign, Method::GET, path, ask);
        let Some(reply) = call_as(world, &request, device).await else {
            return;
        };
        let Some(cursor) = reply.body["next_cursor"].as_str() else {
            return;
        };
        path = format!("/v1/uploads?limit={limit}&cursor={cursor}");
    }
}

async fn read<W: Wire>(world: &W, device: &mut Device) -> Option<Reply> {
    let Some(held) = held(device, |_| true) else {
        list(world, device).await;
        return None;
    };
    let user = device.user.clone()?;
    let path = format!("/v1/uploads/{}", held.id);
    let ask = Ask::ReadUpload { user, id: held.id };
    let request = Call::new(Function::Presign, Method::GET, path, ask);
    call_as(world, &request, device).await
}

/// Reads an upload and what its link leads to: the verified bytes, as long as nobody deletes them.
async fn follow<W: Wire>(world: &W, device: &mut Device) {
    let Some(reply) = read(world, device).await else {
        return;
    };
    let Some(url) = reply.body["download_url"].as_str() else {
        return;
    };
    let Ok(request) = Request::get(url).body(Bytes::new()) else {
        return;
    };
    let Some(response) = world.s3(request).await else {
        return;
    };
    let is_right = match response.status().as_u16() {
        200 => {
            let size = u64::try_from(response.body().len()).ok();
            let of_type = response
                .headers()
                .get("content-type")
                .and_then(|value| value.to_str().ok());
            size == reply.body["size"].as_u64() && of_type == reply.body["content_type"].as_str()
        }
        // Deleted, replaced or purged meanwhile, or S3 failed; at the end every link is followed once more.
        404 | 500.. => true,
        _ => false,
    };
    if !is_right {
        let detail = format!("{} {}", response.status(), reply.body);
        world.checks(|checks| checks.watch.add(Kind::LinkBroken, detail));
    }
}

async fn delete<W: Wire>(world: &W, device: &mut Device) {
    let (Some(held), Some(user)) = (held(device, |_| true), device.user.clone()) else {
        _ = get_ticket(world, device, "file", "PUT").await;
        return;
    };
    let path = format!("/v1/uploads/{}", held.id);
    let ask = Ask::DeleteUpload { user, id: held.id };
    let request = Call::new(Function::Presign, Method::DELETE, path, ask);
    let _ = call_as(world, &request, device).await;
}

/// An upload of somebody else's is none.
async fn foreign<W: Wire>(world: &W, device: &mut Device, delete: bool) {
    let user = device.user.clone().unwrap_or_default();
    let others = world.checks(|checks| checks.uploads_of_others(&user));
    if others.is_empty() {
        return list(world, device).await;
    }
    let (_, id) = &others[device.random.usize(..others.len())];
    let method = if delete { Method::DELETE } else { Method::GET };
    let request = Call::new(
        Function::Presign,
        method,
        format!("/v1/uploads/{id}"),
        Ask::Other,
    );
    let reply = call_as(world, &request, device).await;
    if let Some(reply) = reply.filter(|reply| reply.status < 400) {
        let detail = format!("upload {id} to {user}: {}", reply.status);
        world.checks(|checks| checks.watch.add(Kind::ForeignData, detail));
    }
}
