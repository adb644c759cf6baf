//! `POST /v1/login`: a code from `wx.login()` for a session.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;
use shared::error::{Code, Error};
use shared::http::{JsonFields, body};
use shared::ids::{SessionId, UserId};
use shared::refresh::RefreshToken;
use shared::store::Refusal;
use shared::store::session::Login;
use shared::telemetry::{self, Metric};
use shared::wechat::AppSecret;

use crate::App;
use crate::client::Client;
use crate::session;

/// Logs a person in. First and returning login are one and the same: one call to WeChat, one write. With
/// `"create":false`, which a client sends that logs in by itself, only an account that is there is logged in to.
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    client: Client,
    mut fields: JsonFields,
) -> Result<Json<Value>, Error> {
    app.rate_limit.login(client)?;
    let code = fields.required("code", body::parsed);
    let create = fields.optional("create", body::boolean).unwrap_or(true);
    let code = fields.finish(code)?;
    // Before the code, which is used up by asking what it stands for.
    let (app_secret, keys) = tokio::join!(app.secrets.app_secret.get(), app.secrets.keys());
    let (app_secret, keys) = (app_secret?, keys?);
    let (wechat, code) = (&app.wechat, &code);
    let exchange = |secret: Arc<AppSecret>| async move { wechat.exchange(code, &secret).await };
    let who: Result<_, Error> = app.secrets.app_secret.call(app_secret, exchange).await;
    let who = who?;
    let user = UserId::derive(app.wechat.app_id(), &who.openid);
    let token = RefreshToken::first(user, SessionId::new(&app.random), &app.random);
    let login = Login {
        openid: &who.openid,
        unionid: who.unionid.as_ref(),
        is_admin: app.admin_openids.contains(&who.openid),
        create,
        token: &token,
        key: keys.refresh.current_name(),
    };
    let logged_in = app.store.log_in(&login).await?.map_err(|refusal| {
        Error::new(match refusal {
            Refusal::Gone => Code::LoginRequired,
            Refusal::Disabled => Code::AccountDisabled,
        })
    })?;
    telemetry::count(Metric::Logins);
    if logged_in.is_new {
        telemetry::count(Metric::NewUsers);
    }
    session::answer(&app, &keys, &token, &logged_in.user, logged_in.is_new)
}
