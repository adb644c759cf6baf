//! The command line.

use std::net::SocketAddr;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use wechat_standin::{APP_ID, APP_SECRET};

/// Answers as WeChat's server API does, on this machine only.
#[derive(Debug, Parser, PartialEq)]
#[command(version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9010")]
    pub(crate) listen: SocketAddr,
    /// The one app id it knows
    #[arg(long, value_name = "ID", default_value = APP_ID, value_parser = not_empty)]
    pub(crate) app_id: String,
    /// The app's secret
    #[arg(long, value_name = "SECRET", default_value = APP_SECRET, value_parser = not_empty)]
    pub(crate) app_secret: String,
    /// Listen on an address that other machines reach, too
    #[arg(long)]
    allow_remote: bool,
}

const AFTER_HELP: &str = "\
Codes: `alice-1` logs in openid alice, once; `phone-13800138000-1` gives that number, once;
`errcode-40163` answers that errcode, every time.
Control: GET /_standin/health, calls and checks, POST /_standin/faults, unionid, secret,
verdict, console, push and reset.";

impl Arguments {
    /// Refuses an address that other machines reach, unless that was asked for.
    pub(crate) fn checked(self) -> Result<Self, clap::Error> {
        if self.allow_remote || self.listen.ip().is_loopback() {
            return Ok(self);
        }
        let reason = format!(
            "{} can be reached from other machines; add --allow-remote if that is meant",
            self.listen
        );
        Err(Self::command().error(ErrorKind::ValueValidation, reason))
    }
}

fn not_empty(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("must not be empty");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, String> {
        let words = std::iter::once("wechat-standin").chain(line.split_whitespace());
        let arguments = Arguments::try_parse_from(words).and_then(Arguments::checked);
        arguments.map_err(|error| error.to_string())
    }

    #[test]
    fn it_listens_on_loopback_unless_told_otherwise() {
        let arguments = parsed("").unwrap();
        assert!(arguments.listen.ip().is_loopback());
        assert_eq!(
            (&*arguments.app_id, &*arguments.app_secret),
            (APP_ID, APP_SECRET)
        );
    }

    #[test]
    fn an_address_others_reach_has_to_be_allowed() {
        let refused = parsed("--listen 0.0.0.0:9010").unwrap_err();
        assert!(refused.contains("--allow-remote"), "{refused}");
        assert!(parsed("--listen 0.0.0.0:9010 --allow-remote").is_ok());
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, part) in [
            ("--port 9010", "--port"),
            ("--listen", "--listen"),
            ("--app-id=", "must not be empty"),
            ("--listen nine", "nine"),
        ] {
            let reason = parsed(line).unwrap_err();
            assert!(reason.contains(part), "{line}: {reason}");
        }
    }
}
