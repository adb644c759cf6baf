//! Who may do what.

use super::answer::Error;
use super::call::Call;
use super::signature::{ALGORITHM, Scope};
use super::text::parse_amz_date;

/// How far a clock may be ahead of S3's.
const MAX_SKEW: i64 = 15 * 60 * 1000;
/// Seven days.
const MAX_EXPIRES: i64 = 604_800;

/// What signatures are made with.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of a role's credential.
    pub token: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) region: String,
    pub(super) credentials: Vec<Credential>,
}

impl Access {
    pub(super) fn new(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            credentials: Vec::new(),
        }
    }

    /// Whether the request is signed.
    ///
    /// # Errors
    /// If it is presigned, and S3 would not take it.
    pub(super) fn check(&self, call: &Call<'_>, now: i64) -> Result<bool, Error> {
        if call
            .query
            .iter()
            .any(|(name, _)| name == "X-Amz-Signature" || name == "X-Amz-Algorithm")
        {
            return self.check_presigned(call, now).map(|()| true);
        }
        Ok(call.headers.contains_key(http::header::AUTHORIZATION))
    }

    fn check_presigned(&self, call: &Call<'_>, now: i64) -> Result<(), Error> {
        let parameter = |name| call.parameter(name).ok_or_else(missing_parameter);
        if parameter("X-Amz-Algorithm")? != ALGORITHM {
            return Err(bad_parameter(
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"",
            ));
        }
        let date = parameter("X-Amz-Date")?;
        let expires = parameter("X-Amz-Expires")?;
        let signed_headers = parameter("X-Amz-SignedHeaders")?;
        let signature = parameter("X-Amz-Signature")?;
        let (credential, scope) = self.credential(
            parameter("X-Amz-Credential")?,
            date,
            call.parameter("X-Amz-Security-Token"),
        )?;
        check_time(date, expires, now)?;
        check_headers(call, signed_headers)?;
        let expected = scope
            .to_sign(call, date, signed_headers)
            .and_then(|to_sign| scope.sign(&credential.secret, to_sign.as_bytes()));
        if expected.as_deref() == Some(signature) {
            Ok(())
        } else {
            Err(wrong_signature(&credential.id))
        }
    }

    /// The credential that is named, with the scope in which it signed.
    pub(super) fn credential<'a>(
        &self,
        named: &'a str,
        date: &str,
        token: Option<&str>,
    ) -> Result<(&Credential, Scope<'a>), Error> {
        let scope = Scope::parse(named).ok_or_else(|| {
            bad_parameter(
                "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            )
        })?;
        if scope.region != self.region {
            let message = format!(
                "Error parsing the X-Amz-Credential parameter; the region '{}' is wrong; expecting '{}'",
                scope.region, self.region
            );
            return Err(Error::new(
                400,
                "AuthorizationQueryParametersError",
                message,
            ));
        }
        if !date.starts_with(scope.date) {
            return Err(bad_parameter(
                "Invalid credential date: it is not the date of X-Amz-Date",
            ));
        }
        let mut known = self.credentials.iter();
        let credential = known
            .find(|known| known.id == scope.access_key_id)
            .ok_or_else(|| {
                let message = "The AWS Access Key Id you provided does not exist in our records.";
                Error::new(403, "InvalidAccessKeyId", message)
                    .with("AWSAccessKeyId", scope.access_key_id)
            })?;
        if credential.token.as_deref() != token {
            let message = "The provided token is malformed or otherwise invalid.";
            return Err(Error::new(400, "InvalidToken", message));
        }
        Ok((credential, scope))
    }
}

fn check_time(date: &str, expires: &str, now: i64) -> Result<(), Error> {
    let from = parse_amz_date(date).ok_or_else(|| {
        bad_parameter("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    })?;
    let expires: i64 = expires
        .parse()
        .map_err(|_| bad_parameter("X-Amz-Expires should be a number"))?;
    if !(0..=MAX_EXPIRES).contains(&expires) {
        return Err(bad_parameter(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ));
    }
    if from > now + MAX_SKEW {
        return Err(Error::new(403, "AccessDenied", "Request is not yet valid"));
    }
    if now > from + expires * 1000 {
        return Err(Error::new(403, "AccessDenied", "Request has expired"));
    }
    Ok(())
}

/// S3 takes other headers that are not signed, but none of its own.
fn check_headers(call: &Call<'_>, signed: &str) -> Result<(), Error> {
    let is_signed = |name: &str| signed.split(';').any(|known| known == name);
    if !is_signed("host") {
        return Err(wrong_signature(""));
    }
    let own = call.headers.keys().map(http::HeaderName::as_str);
    let mut unsigned = own.filter(|name| name.starts_with("x-amz-") && !is_signed(name));
    match unsigned.next() {
        None => Ok(()),
        Some(name) => {
            let message = "There were headers present in the request which were not signed";
            Err(Error::new(403, "AccessDenied", message).with("HeadersNotSigned", name))
        }
    }
}

pub(super) fn wrong_signature(id: &str) -> Error {
    let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    Error::new(403, "SignatureDoesNotMatch", message).with("AWSAccessKeyId", id)
}

fn missing_parameter() -> Error {
    bad_parameter(
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    )
}

fn bad_parameter(message: &'static str) -> Error {
    Error::new(400, "AuthorizationQueryParametersError", message)
}
