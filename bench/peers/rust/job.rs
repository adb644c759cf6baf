//! What the Rust peers have in common: all of the job but DynamoDB and the Runtime API.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const ROUTE: &str = "GET /v1/users/me";
const LEEWAY: i64 = 30;
const LIFETIME: i64 = 15 * 60;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no user to show: a status and a code.
pub struct Refused(pub u16, pub &'static str);

pub const UNAUTHORIZED: Refused = Refused(401, "unauthorized");

#[derive(Deserialize)]
pub struct Claims {
    pub sub: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    epoch: i64,
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    kid: String,
    crit: Option<Value>,
}

pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    pub fn from_environment() -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Jwk {
            kid: String,
            x: String,
        }
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Jwk>,
        }
        let jwks: Jwks = serde_json::from_str(&std::env::var("JWT_JWKS")?)?;
        let keys = jwks.keys.into_iter().map(|jwk| {
            let key = DecodingKey::from_ed_components(&jwk.x)?;
            Ok((jwk.kid, key))
        });
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[std::env::var("JWT_ISSUER")?]);
        validation.set_audience(&[std::env::var("JWT_AUDIENCE")?]);
        validation.leeway = LEEWAY.unsigned_abs();
        validation.validate_nbf = true;
        Ok(Self {
            keys: keys.collect::<Result<_, Failure>>()?,
            validation,
        })
    }

    /// The claims of the token in an `authorization` header.
    pub fn verify(&self, authorization: Option<&str>) -> Result<Claims, Refused> {
        self.claims(authorization).ok_or(UNAUTHORIZED)
    }

    fn claims(&self, authorization: Option<&str>) -> Option<Claims> {
        let (scheme, token) = authorization?.split_once(' ')?;
        let header: Header = serde_json::from_slice(&jsonwebtoken_part(token)?).ok()?;
        if !scheme.eq_ignore_ascii_case("bearer") || header.typ != "at+jwt" || header.crit.is_some()
        {
            return None;
        }
        let key = self.keys.get(&header.kid)?;
        let claims: Claims = jsonwebtoken::decode(token, key, &self.validation)
            .ok()?
            .claims;
        let now = now_millis() / 1000;
        let in_time = claims.iat.max(claims.nbf) <= now + LEEWAY
            && now < claims.exp + LEEWAY
            && claims.exp - claims.iat <= LIFETIME;
        in_time.then_some(claims)
    }
}

fn jsonwebtoken_part(token: &str) -> Option<Vec<u8>> {
    let (header, _) = token.split_once('.')?;
    data_encoding::BASE64URL_NOPAD
        .decode(header.as_bytes())
        .ok()
}

/// The user, if the item lets the token's owner in. `attribute` gives an attribute's text, be it a string or a number.
pub fn admit<'a>(
    claims: &Claims,
    attribute: impl Fn(&str) -> Option<&'a str>,
) -> Result<Value, Refused> {
    let number = |name| attribute(name).and_then(|text| text.parse::<i64>().ok());
    let internal = || Refused(500, "internal");
    if number("epoch") != Some(claims.epoch) {
        return Err(UNAUTHORIZED);
    }
    match attribute("status") {
        Some("active") => {}
        Some("disabled") => return Err(Refused(403, "account_disabled")),
        _ => return Err(UNAUTHORIZED),
    }
    Ok(json!({
        "id": claims.sub,
        "nickname": attribute("nickname"),
        "avatar_url": null,
        "username": attribute("username"),
        "email": attribute("email"),
        "phone": attribute("phone"),
        "role": attribute("role").ok_or_else(internal)?,
        "status": "active",
        "created_at": timestamp(number("created_at").ok_or_else(internal)?),
        "updated_at": timestamp(number("updated_at").ok_or_else(internal)?),
        "version": number("version").ok_or_else(internal)?,
    }))
}

/// Status, content type and body of the answer; its line has then been written.
pub fn answer(
    started: i64,
    cold: bool,
    request_id: &str,
    outcome: Result<Value, Refused>,
) -> (u16, &'static str, String) {
    let (status, code, content_type, body) = match outcome {
        Ok(user) => (200, None, "application/json", user),
        Err(Refused(status, code)) => {
            let body = json!({"status": status, "code": code});
            (status, Some(code), "application/problem+json", body)
        }
    };
    write_line(started, cold, request_id, status, code);
    (status, content_type, body.to_string())
}

fn write_line(started: i64, cold: bool, request_id: &str, status: u16, code: Option<&str>) {
    let mut metrics = vec![json!({"Name": "duration_ms", "Unit": "Milliseconds"})];
    let mut line = json!({
        "cold_start": cold,
        "duration_ms": now_millis() - started,
        "function": "users",
        "level": if status < 500 { "INFO" } else { "ERROR" },
        "message": format!("{ROUTE} answered {status}"),
        "request_id": request_id,
        "route": ROUTE,
        "status": status,
        "timestamp": timestamp(started),
    });
    if let Some(code) = code {
        line["code"] = code.into();
    }
    if cold {
        line["cold_starts"] = 1.into();
        metrics.push(json!({"Name": "cold_starts", "Unit": "Count"}));
    }
    line["_aws"] = json!({
        "Timestamp": started,
        "CloudWatchMetrics": [{
            "Namespace": "WechatMiniProgram",
            "Dimensions": [["function"], ["function", "route"]],
            "Metrics": metrics,
        }],
    });
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

pub fn now_millis() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or_default()
}

fn timestamp(millis: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    time.ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// The gateway's id of the request.
pub fn request_id(request: &lambda_http::Request) -> String {
    use lambda_http::RequestExt as _;
    match request.request_context_ref() {
        Some(lambda_http::request::RequestContext::ApiGatewayV2(context)) => {
            context.request_id.clone()
        }
        _ => None,
    }
    .unwrap_or_default()
}
