//! Reading the environment: once, at init, with every fault reported together and by name.

use std::fmt;
use std::time::Duration;

/// Where variables come from, and what was wrong with them so far.
pub struct Vars<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl<'a> Vars<'a> {
    /// Reads from `get`, which is `std::env::var(…).ok()` in a function and a map in a test.
    pub fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            get,
            faults: Vec::new(),
        }
    }

    /// The variable's text; empty counts as absent, because templates can set a variable but not leave it out.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.get)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// Whether the variable is there.
    pub fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The variable as text, reported if it is missing.
    pub fn required(&mut self, name: &str) -> String {
        self.required_as(name, |text| Ok::<_, String>(text.to_owned()))
            .unwrap_or_default()
    }

    /// The variable as `parse` reads it, reported if it is missing or malformed.
    pub fn required_as<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.has(name) {
            self.reject(name, "is missing");
        }
        self.optional_as(name, parse)
    }

    /// The variable as `parse` reads it, reported if it is malformed.
    pub fn optional_as<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.reject(name, &reason.to_string());
                None
            }
        }
    }

    /// The variable as a number within `range`, or `default`.
    pub fn number(
        &mut self,
        name: &str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> u64 {
        let parse = |text: &str| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            )),
        };
        self.optional_as(name, parse).unwrap_or(default)
    }

    /// Notes that the variable cannot be used. Its value is left out: it may be a secret.
    pub fn reject(&mut self, name: &str, reason: &str) {
        let fault = format!("{name} {reason}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// If anything was missing or malformed; the error lists all of it.
    pub fn finish(self) -> Result<(), ConfigError> {
        self.finish_with(Some(()))
    }

    /// Ends reading, with what was made of required variables: there if none of them was reported.
    ///
    /// # Errors
    /// If anything was missing or malformed; the error lists all of it.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        value
            .filter(|_| self.faults.is_empty())
            .ok_or(ConfigError(self.faults))
    }
}

/// The environment is not what the function needs.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment variables are not valid")?;
        self.0.iter().enumerate().try_for_each(|(i, fault)| {
            f.write_str(if i == 0 { ": " } else { "; " })?;
            f.write_str(fault)
        })
    }
}

impl std::error::Error for ConfigError {}

/// How long a function's start waits for its warm-up.
pub const WARM_UP_LIMIT: Duration = Duration::from_millis(300);

/// Reads a switch.
///
/// # Errors
/// If it is neither `on` nor `off`.
pub fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be on or off"),
    }
}

/// Whether the function does ahead of time what its first request would wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmUp(bool);

impl WarmUp {
    /// Reads `WARM_UP`: on unless it is `off`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self(vars.optional_as("WARM_UP", on_or_off).unwrap_or(true))
    }

    /// Does `work`, for as long as a start may wait. Nothing in it can fail the start: what did not work is done again when
    /// it is needed.
    pub async fn run(self, work: impl Future<Output = ()>) {
        if self.0 {
            let _ = tokio::time::timeout(WARM_UP_LIMIT, work).await;
        }
    }
}

/// The process's own environment.
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Checks that `text` is an absolute `http` or `https` URL and returns it without a trailing slash. A name and a password
/// in it would not be sent.
///
/// # Errors
/// With a reason that can be shown.
pub fn base_url(text: &str) -> Result<String, String> {
    let trimmed = text.trim_end_matches('/');
    let uri = trimmed.parse::<http::Uri>().ok();
    let fits = uri.is_some_and(|uri| {
        let has_name = uri.authority().is_some_and(|a| a.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none() && !has_name
    });
    if fits {
        Ok(trimmed.to_owned())
    } else {
        Err("must be an http or https URL without a user name".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once() {
        let get = |name: &str| match name {
            "EMPTY" => Some("  ".to_owned()),
            "COUNT" => Some("many".to_owned()),
            _ => None,
        };
        let mut vars = Vars::new(&get);
        vars.required("TABLE_NAME");
        vars.required("EMPTY");
        vars.number("COUNT", 1, 0..=10);
        let text = vars.finish().unwrap_err().to_string();
        for name in [
            "TABLE_NAME is missing",
            "EMPTY is missing",
            "COUNT must be a whole number from 0 to 10",
        ] {
            assert!(text.contains(name), "{text}");
        }
    }

    #[test]
    fn base_urls_lose_their_trailing_slash() {
        assert_eq!(
            base_url("http://127.0.0.1:1/"),
            Ok("http://127.0.0.1:1".to_owned())
        );
        for text in [
            "ftp://x",
            "127.0.0.1",
            "http://",
            "https://x/?a=b",
            "https://name:password@x",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }
}
