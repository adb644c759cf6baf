//! What a person does with their account.

use http::Method;
use serde_json::{Map, Value, json};

use super::api::{Call, Function, Reply, call, call_as};
use super::{Action, Device, Wire};
use crate::invariants::Kind;
use crate::reference::{Ask, Fields};
use crate::wechat::phone_number_of;

const NAMES: [&str; 3] = ["anna", "boris", "Straße"];
const EMAILS: [&str; 2] = ["anna@example.com", "Boris@example.com"];
const ME: &str = "/v1/users/me";

pub(super) async fn act<W: Wire>(world: &W, action: Action, device: &mut Device) {
    match action {
        Action::Login => log_in(world, device, true).await,
        Action::LoginQuietly => log_in(world, device, false).await,
        Action::Refresh => _ = refresh(world, device, false).await,
        Action::RefreshOld => _ = refresh(world, device, true).await,
        Action::RefreshTwice => refresh_twice(world, device).await,
        Action::Read => read(world, device, false).await,
        Action::ReadChanged => read(world, device, true).await,
        Action::ReadOther => read_other(world, device).await,
        Action::Profiles => profiles(world, device).await,
        Action::EditOther => edit_other(world, device).await,
        Action::Phone => phone(world, device).await,
        Action::Repeat => repeat(world, device).await,
        Action::UseOldToken => use_old_token(world, device).await,
        Action::Logout => log_out(world, device, false).await,
        Action::LogoutAll => log_out(world, device, true).await,
        Action::DeleteAccount => delete(world, device, false).await,
        Action::DeleteMatching => delete(world, device, true).await,
        _ => {
            let fields = fields(action, device);
            let tag = match action {
                Action::EditMatching | Action::RenameMatching => device.etag.clone(),
                Action::EditStale => device.old_etag.clone(),
                _ => None,
            };
            edit(world, device, fields, tag).await;
        }
    }
}

/// What an edit sets.
fn fields(action: Action, device: &mut Device) -> Fields {
    let text = |text: &str| Some(text.to_owned());
    let nickname = ("nickname", Some(format!("n{}", device.unique())));
    match action {
        Action::RenameA | Action::RenameMatching => [("username", text(NAMES[0]))].into(),
        Action::RenameB => [("username", text(NAMES[1]))].into(),
        Action::RenameC => [("username", text(NAMES[2]))].into(),
        Action::ClearName => [("username", None)].into(),
        Action::EmailA => [("email", text(EMAILS[0]))].into(),
        Action::EmailB => [("email", text(EMAILS[1]))].into(),
        Action::ClearEmail => [("email", None)].into(),
        Action::Promote => [("role", text("admin"))].into(),
        Action::EditAll => {
            let name = NAMES[device.random.usize(..NAMES.len())];
            let email = EMAILS[device.random.usize(..EMAILS.len())];
            [("username", text(name)), ("email", text(email)), nickname].into()
        }
        _ => [nickname].into(),
    }
}

pub(super) fn name(random: &mut fastrand::Rng) -> &'static str {
    NAMES[random.usize(..NAMES.len())]
}

pub(super) fn body(fields: &Fields) -> Value {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

pub(super) async fn log_in<W: Wire>(world: &W, device: &mut Device, create: bool) {
    let ask = Ask::Login {
        openid: device.person.openid(),
        create,
    };
    let mut fields = json!({"code": device.code()});
    if !create {
        fields["create"] = json!(false);
    }
    let request = Call::new(Function::Login, Method::POST, "/v1/login", ask).body(fields);
    if let Some(reply) = call(world, &request, None).await
        && reply.status == 200
    {
        device.signed_in(&reply.body);
    }
}

fn refresh_call(token: &str) -> Call {
    let ask = Ask::Refresh {
        token: token.to_owned(),
    };
    let body = json!({"refresh_token": token});
    Call::new(Function::Login, Method::POST, "/v1/login/refresh", ask).body(body)
}

async fn refresh<W: Wire>(world: &W, device: &mut Device, old: bool) -> Option<Reply> {
    let token = if old {
        device.old_refresh.clone()
    } else {
        None
    };
    let token = token.or_else(|| device.refresh.clone())?;
    let reply = call(world, &refresh_call(&token), None).await?;
    match reply.status {
        200 => device.signed_in(&reply.body),
        401 => device.signed_out(),
        _ => {}
    }
    Some(reply)
}

/// Two requests of one app that do not know of each other. Both get the same successor, as long as nobody else uses it.
async fn refresh_twice<W: Wire>(world: &W, device: &mut Device) {
    let Some(token) = device.refresh.clone() else {
        return;
    };
    let request = refresh_call(&token);
    let both = futures_util::future::join(call(world, &request, None), call(world, &request, None));
    let (first, second) = both.await;
    let good: Vec<_> = [first, second]
        .into_iter()
        .flatten()
        .filter(|reply| reply.status == 200)
        .collect();
    if let [first, second] = &good[..]
        && first.body["refresh_token"] != second.body["refresh_token"]
    {
        let detail = format!("{} of person {}", device.person.openid(), device.person);
        world.checks(|checks| checks.watch.add(Kind::TokenFork, detail));
    }
    if let Some(reply) = good.first() {
        device.signed_in(&reply.body);
    }
}

async fn read<W: Wire>(world: &W, device: &mut Device, if_changed: bool) {
    let Some(user) = device.user.clone() else {
        return;
    };
    let ask = Ask::Read { user };
    let mut request = Call::new(Function::Users, Method::GET, ME, ask);
    if let Some((tag, _)) = device.etag.as_ref().filter(|_| if_changed) {
        request = request.header("if-none-match", tag);
    }
    if let Some(reply) = call_as(world, &request, device).await {
        saw(device, &reply);
    }
}

fn saw(device: &mut Device, reply: &Reply) {
    if reply.status == 200 {
        device.saw(reply.etag.clone(), reply.version());
    }
}

/// Somebody else, if there is anybody.
pub(super) fn other<W: Wire>(world: &W, device: &mut Device) -> Option<String> {
    let users = world.checks(|checks| checks.users());
    let others: Vec<_> = users
        .into_iter()
        .filter(|user| Some(user) != device.user.as_ref())
        .collect();
    (!others.is_empty()).then(|| others[device.random.usize(..others.len())].clone())
}

async fn read_other<W: Wire>(world: &W, device: &mut Device) {
    let Some(user) = other(world, device) else {
        return read(world, device, false).await;
    };
    let path = format!("/v1/users/{user}");
    let request = Call::new(Function::Users, Method::GET, path, Ask::Read { user });
    let _ = call_as(world, &request, device).await;
}

async fn profiles<W: Wire>(world: &W, device: &mut Device) {
    let users = world.checks(|checks| checks.users());
    let path = format!("/v1/profiles?ids={}", users.join(","));
    let request = Call::new(Function::Users, Method::GET, path, Ask::Other);
    let _ = call_as(world, &request, device).await;
}

/// Changes the own account, by the tag if there is one.
pub(super) async fn edit<W: Wire>(
    world: &W,
    device: &mut Device,
    fields: Fields,
    tag: Option<(String, i64)>,
) {
    let Some(user) = device.user.clone() else {
        return;
    };
    let body = body(&fields);
    let if_match = tag.as_ref().map(|(_, version)| *version);
    let ask = Ask::Edit {
        user,
        fields,
        if_match,
    };
    let method = if device.random.bool() {
        Method::PUT
    } else {
        Method::PATCH
    };
    let mut request = Call::new(Function::Users, method, ME, ask).body(body);
    if let Some((tag, _)) = tag {
        request = request.header("if-match", tag);
    }
    device.last_edit = Some(request.clone());
    if let Some(reply) = call_as(world, &request, device).await {
        saw(device, &reply);
    }
}

/// What the phone does that never heard an answer, and sometimes one that did.
async fn repeat<W: Wire>(world: &W, device: &mut Device) {
    let Some(request) = device.last_edit.clone() else {
        return read(world, device, false).await;
    };
    if let Some(reply) = call_as(world, &request, device).await {
        saw(device, &reply);
    }
}

/// Nobody but an administrator changes anybody else.
async fn edit_other<W: Wire>(world: &W, device: &mut Device) {
    let Some(user) = other(world, device) else {
        return;
    };
    let fields = fields(Action::Nickname, device);
    let path = format!("/v1/users/{user}");
    let request = Call::new(Function::Users, Method::PUT, path, Ask::Other).body(body(&fields));
    let request = Call {
        ask: Ask::Edit {
            user,
            fields,
            if_match: None,
        },
        ..request
    };
    let _ = call_as(world, &request, device).await;
}

async fn phone<W: Wire>(world: &W, device: &mut Device) {
    let Some(user) = device.user.clone() else {
        return;
    };
    let number = phone_number_of(&device.person.openid());
    let code = format!("phone-{}", device.code());
    let ask = Ask::Edit {
        user,
        fields: [("phone", Some(number))].into(),
        if_match: None,
    };
    let request = Call::new(Function::Login, Method::POST, "/v1/users/me/phone", ask)
        .body(json!({"code": code}));
    if let Some(reply) = call_as(world, &request, device).await {
        saw(device, &reply);
    }
}

/// An app that was restored from a copy, or whoever has stolen a token.
async fn use_old_token<W: Wire>(world: &W, device: &mut Device) {
    let token = device.old_access.clone().or_else(|| device.access.clone());
    let Some(user) = device.user.clone() else {
        return;
    };
    let request = match device.random.u8(..4) {
        0 => Call::new(Function::Users, Method::GET, ME, Ask::Read { user }),
        1 => Call::new(
            Function::Presign,
            Method::GET,
            "/v1/uploads",
            Ask::ListUploads { user },
        ),
        2 => super::upload::ticket(device, "file", "POST").0,
        _ => {
            let fields = fields(Action::Nickname, device);
            let body = body(&fields);
            let ask = Ask::Edit {
                user,
                fields,
                if_match: None,
            };
            Call::new(Function::Users, Method::PUT, ME, ask).body(body)
        }
    };
    let _ = call(world, &request, token.as_deref()).await;
}

async fn log_out<W: Wire>(world: &W, device: &mut Device, all: bool) {
    let mut request = Call::new(
        Function::Login,
        Method::POST,
        "/v1/logout",
        Ask::Logout { all },
    );
    if all {
        request = request.body(json!({"all": true}));
    }
    if call_as(world, &request, device)
        .await
        .is_some_and(|reply| reply.status == 204)
    {
        device.signed_out();
    }
}

async fn delete<W: Wire>(world: &W, device: &mut Device, matching: bool) {
    let Some(user) = device.user.clone() else {
        return;
    };
    let mut request = Call::new(
        Function::Users,
        Method::DELETE,
        ME,
        Ask::DeleteAccount { user },
    );
    if let Some((tag, _)) = device.etag.as_ref().filter(|_| matching) {
        request = request.header("if-match", tag);
    }
    if call_as(world, &request, device)
        .await
        .is_some_and(|reply| reply.status == 204)
    {
        device.signed_out();
    }
}
