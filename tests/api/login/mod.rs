//! Login, refresh, logout and the phone number, through the function's routes, against DynamoDB and a WeChat that
//! misbehaves.

mod app_secret;
mod log_in;
mod logout;
mod outages;
mod phone;
mod refresh;
mod wechat_errors;

use serde_json::json;

/// A secret as an operator puts it into Secrets Manager.
fn secret(app_secret: &str) -> String {
    json!({"wechat_app_secret": app_secret, "jwt_private_jwk": support::keys::PRIVATE_JWK})
        .to_string()
}
