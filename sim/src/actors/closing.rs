//! A last look around, once everything is quiet and nothing goes wrong any more.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request};

use super::account::log_in;
use super::api::{Call, Function, Reply, call_as};
use super::{Device, Person, Wire};
use crate::invariants::{Kind, is_live};
use crate::reference::Ask;

/// Logs every person in who has an account, reads what the API shows of it, and follows every link.
pub async fn look_around<W: Wire>(world: &W, seed: u64, persons: &[Person]) {
    for person in persons {
        // A device of its own: no other step has its number.
        let mut device = Device::new(seed, *person, u8::MAX);
        log_in(world, &mut device, false).await;
        let Some(user) = device.user.clone() else {
            continue;
        };
        let request = Call::new(
            Function::Users,
            Method::GET,
            "/v1/users/me",
            Ask::Read { user: user.clone() },
        );
        if let Some(reply) = call_as(world, &request, &mut device).await
            && let Some(url) = reply.body["avatar_url"].as_str()
        {
            follow(world, url, None).await;
        }
        uploads(world, &mut device, &user).await;
    }
}

/// Every upload that is in the table is in the list, and every link in the list is good.
async fn uploads<W: Wire>(world: &W, device: &mut Device, user: &str) {
    let mut path = "/v1/uploads?limit=3".to_owned();
    let mut listed = BTreeSet::new();
    loop {
        let ask = Ask::ListUploads {
            user: user.to_owned(),
        };
        let request = Call::new(Function::Presign, Method::GET, path, ask);
        let Some(reply) = call_as(world, &request, device)
            .await
            .filter(|reply| reply.status == 200)
        else {
            return;
        };
        for upload in reply.body["items"].as_array().into_iter().flatten() {
            listed.extend(upload["id"].as_str().map(str::to_owned));
            if let Some(url) = upload["download_url"].as_str() {
                follow(world, url, upload["size"].as_u64()).await;
            }
        }
        match next(&reply) {
            Some(next) => path = next,
            None => break,
        }
    }
    let now = world.now();
    world.checks(|checks| {
        for id in checks.watch.shown_uploads(user, now) {
            if !listed.contains(&id)
                && checks
                    .watch
                    .account(user)
                    .is_some_and(|account| is_live(account))
            {
                checks
                    .watch
                    .add(Kind::UploadLost, format!("{id} of {user} is in no list"));
            }
        }
    });
}

fn next(reply: &Reply) -> Option<String> {
    let cursor = reply.body["next_cursor"].as_str()?;
    Some(format!("/v1/uploads?limit=3&cursor={cursor}"))
}

async fn follow<W: Wire>(world: &W, url: &str, size: Option<u64>) {
    let Ok(request) = Request::get(url).body(Bytes::new()) else {
        return;
    };
    let Some(response) = world.s3(request).await else {
        return;
    };
    let length = u64::try_from(response.body().len()).ok();
    let is_right = response.status() == 200 && size.is_none_or(|size| length == Some(size));
    if !is_right {
        let detail = format!("at the end, {}: {url}", response.status());
        world.checks(|checks| checks.watch.add(Kind::LinkBroken, detail));
    }
}
