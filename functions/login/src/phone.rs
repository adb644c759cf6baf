//! `POST /v1/users/me/phone`: a code from the phone-number button for the number, which is stored.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::HeaderName;
use http::header::ETAG;
use serde_json::{Value, json};
use shared::api::user::{UserResponse, View, etag};
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::http::{JsonFields, body};
use shared::ids::OpenId;
use shared::wechat::{AppSecret, PhoneCode};

use crate::App;
use crate::client::Client;

/// Stores the caller's phone number. WeChat gets the caller's openid along with the code, so that somebody else's code
/// gives no number.
pub(crate) async fn set_phone(
    State(app): State<Arc<App>>,
    caller: Caller,
    client: Client,
    mut fields: JsonFields,
) -> Result<([(HeaderName, String); 1], Json<Value>), Error> {
    app.rate_limit.phone(client)?;
    let code = fields.required("code", body::parsed);
    let code = fields.finish(code)?;
    let account = app
        .store
        .account(&caller.user)
        .await?
        .ok_or_else(|| Error::new(Code::Unauthorized))?;
    let openid = account.openid.clone();
    account.admit(caller.epoch)?;
    let openid = openid.ok_or_else(|| Error::internal("the user item has no openid"))?;
    let phone = phone_number(&app, &code, &openid).await?;
    let user = app
        .store
        .set_phone(&caller.user, caller.epoch, &phone)
        .await?;
    let (links, now) = (app.links.as_ref(), app.clock.now());
    let tag = etag(&user, View::Owner, links, now);
    let shown = UserResponse::new(&user, View::Owner, links, now);
    Ok(([(ETAG, tag)], Json(json!(shown))))
}

async fn phone_number(app: &App, code: &PhoneCode, openid: &OpenId) -> Result<String, Error> {
    let secrets = &app.secrets.app_secret;
    let number = |secret: Arc<AppSecret>| async move {
        app.wechat.phone_number(code, openid, &secret).await
    };
    Ok(secrets.call(secrets.get().await?, number).await?)
}
