//! The command line.

use std::net::SocketAddr;
use wechat_standin::{APP_ID, APP_SECRET};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Answers as WeChat's server API does, on this machine only.

Usage: wechat-standin [OPTIONS]

Options:
  --listen <ADDRESS:PORT>  where to listen [default: 127.0.0.1:9010]
  --app-id <ID>            the one app id it knows [default: wx0123456789abcdef]
  --app-secret <SECRET>    its secret [default: standin-secret]
  --allow-remote           listen on an address that other machines reach, too
  --help                   print this
  --version                print the version

Codes: `alice-1` logs in openid alice, once; `phone-13800138000-1` gives that number, once;
`errcode-40163` answers that errcode, every time.
Control: GET /_standin/health and calls, POST /_standin/faults, unionid, secret and reset.";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Version,
    Serve(Arguments),
}

/// Where to listen and whom to know.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) listen: SocketAddr,
    pub(crate) app_id: String,
    pub(crate) app_secret: String,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9010)),
            app_id: APP_ID.to_owned(),
            app_secret: APP_SECRET.to_owned(),
        }
    }
}

/// Reads the arguments that follow the program's name, `--name value` or `--name=value`.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut words = words.flat_map(split_at_equals);
    let mut arguments = Arguments::default();
    let mut allow_remote = false;
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .filter(|value| !value.is_empty())
                .ok_or(format!("{word} needs a value; see --help"))
        };
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            "--allow-remote" => allow_remote = true,
            "--listen" => arguments.listen = address(&value()?)?,
            "--app-id" => arguments.app_id = value()?,
            "--app-secret" => arguments.app_secret = value()?,
            _ => return Err(format!("unknown argument {word}; see --help")),
        }
    }
    if !allow_remote && !arguments.listen.ip().is_loopback() {
        return Err(format!(
            "{} can be reached from other machines; add --allow-remote if that is meant",
            arguments.listen
        ));
    }
    Ok(Command::Serve(arguments))
}

fn address(value: &str) -> Result<SocketAddr, String> {
    value
        .parse()
        .map_err(|_| format!("--listen {value} is no address and port such as 127.0.0.1:9010"))
}

fn split_at_equals(word: String) -> Vec<String> {
    match word.split_once('=') {
        Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
        _ => vec![word],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn served(listen: &str, app_id: &str, app_secret: &str) -> Command {
        Command::Serve(Arguments {
            listen: listen.parse().unwrap(),
            app_id: app_id.to_owned(),
            app_secret: app_secret.to_owned(),
        })
    }

    #[test]
    fn without_arguments_the_defaults_hold() {
        assert_eq!(
            parsed(""),
            Ok(served(
                "127.0.0.1:9010",
                "wx0123456789abcdef",
                "standin-secret"
            ))
        );
    }

    #[test]
    fn values_follow_a_space_or_an_equals_sign() {
        let expected = Ok(served("[::1]:8000", "wxa", "a=b"));
        assert_eq!(
            parsed("--listen [::1]:8000 --app-id wxa --app-secret=a=b"),
            expected
        );
    }

    #[test]
    fn an_address_others_reach_has_to_be_allowed() {
        assert!(
            parsed("--listen 0.0.0.0:9010")
                .unwrap_err()
                .contains("--allow-remote")
        );
        assert_eq!(
            parsed("--listen 0.0.0.0:9010 --allow-remote"),
            Ok(served("0.0.0.0:9010", APP_ID, APP_SECRET))
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, part) in [
            ("--port 9010", "unknown argument --port"),
            ("--listen", "--listen needs a value"),
            ("--app-id=", "--app-id needs a value"),
            ("--listen nine", "nine is no address"),
        ] {
            let reason = parsed(line).unwrap_err();
            assert!(reason.contains(part), "{line}: {reason}");
        }
    }

    #[test]
    fn help_names_the_defaults() {
        assert_eq!(parsed("--app-id wxa --help"), Ok(Command::Help));
        let defaults = Arguments::default();
        for value in [
            defaults.listen.to_string(),
            defaults.app_id,
            defaults.app_secret,
        ] {
            assert!(HELP.contains(&value), "{value}");
        }
    }
}
