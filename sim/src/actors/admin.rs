//! What an administrator does.

use http::Method;
use serde_json::json;

use super::account::{body, name, other};
use super::api::{Call, Function, call_as};
use super::{Action, Device, Person, Wire};
use crate::reference::{Ask, Fields};

pub(super) async fn act<W: Wire>(world: &W, action: Action, device: &mut Device) {
    let request = match action {
        Action::CreateUser => Some(create(device)),
        Action::ListUsers => Some(read("/v1/users?limit=2")),
        Action::FindUser => {
            let name = name(&mut device.random).replace('ß', "ss");
            Some(read(&format!("/v1/users?username={name}")))
        }
        Action::Audit => Some(read("/v1/audit?limit=3")),
        Action::DeleteUploadOf => delete_upload(world, device),
        _ => other(world, device).map(|user| about(action, user, device)),
    };
    if let Some(request) = request {
        let _ = call_as(world, &request, device).await;
    }
}

fn read(path: &str) -> Call {
    let function = Function::Users;
    Call::new(function, Method::GET, path, Ask::AdminRead)
}

/// A request about a user.
fn about(action: Action, user: String, device: &mut Device) -> Call {
    let path = format!("/v1/users/{user}");
    let text = |text: &str| Some(text.to_owned());
    let fields: Fields = match action {
        Action::ReadUser => {
            return Call::new(Function::Users, Method::GET, path, Ask::Read { user });
        }
        Action::DeleteUser => {
            return Call::new(
                Function::Users,
                Method::DELETE,
                path,
                Ask::DeleteAccount { user },
            );
        }
        Action::ListUploadsOf => {
            let path = format!("{path}/uploads?limit=2");
            return Call::new(
                Function::Presign,
                Method::GET,
                path,
                Ask::ListUploads { user },
            );
        }
        Action::RenameUser => [("username", text(name(&mut device.random)))].into(),
        Action::MakeEditor => [("role", text("editor"))].into(),
        Action::MakeAdmin => [("role", text("admin"))].into(),
        Action::MakeUser => [("role", text("user"))].into(),
        Action::Disable => [("status", text("disabled"))].into(),
        Action::Enable => [("status", text("active"))].into(),
        _ => [("nickname", Some(format!("n{}", device.unique())))].into(),
    };
    let body = body(&fields);
    let ask = Ask::Edit {
        user,
        fields,
        if_match: None,
    };
    Call::new(Function::Users, Method::PUT, path, ask).body(body)
}

/// Registers one of the persons who are there, or one who will never come.
fn create(device: &mut Device) -> Call {
    let person = Person(device.random.u8(..4));
    let nickname = format!("n{}", device.unique());
    let mut fields = Fields::from([
        ("nickname", Some(nickname)),
        ("role", Some("user".to_owned())),
    ]);
    if device.random.bool() {
        fields.insert("username", Some(name(&mut device.random).to_owned()));
    }
    let mut body = body(&fields);
    body["openid"] = json!(person.openid());
    let ask = Ask::Create {
        openid: person.openid(),
        fields,
    };
    Call::new(Function::Users, Method::POST, "/v1/users", ask).body(body)
}

fn delete_upload<W: Wire>(world: &W, device: &mut Device) -> Option<Call> {
    let own = device.user.clone().unwrap_or_default();
    let others = world.checks(|checks| checks.uploads_of_others(&own));
    if others.is_empty() {
        return other(world, device).map(|user| about(Action::ListUploadsOf, user, device));
    }
    let (user, id) = others[device.random.usize(..others.len())].clone();
    let path = format!("/v1/users/{user}/uploads/{id}");
    Some(Call::new(
        Function::Presign,
        Method::DELETE,
        path,
        Ask::DeleteUpload { user, id },
    ))
}
