//! The stand-in as a program; see the library for what it answers.

mod arguments;

use arguments::{Arguments, Command};
use std::{
    io::{self, Write},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};
use wechat_standin::Wechat;

/// The exit status of a command line that makes no sense.
const USAGE_ERROR: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)) {
        Ok(Command::Help) => say(arguments::HELP),
        Ok(Command::Version) => say(concat!("wechat-standin ", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Serve(arguments)) => match serve(&arguments).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => complain(&reason, ExitCode::FAILURE),
        },
        Err(reason) => complain(&reason, ExitCode::from(USAGE_ERROR)),
    }
}

async fn serve(arguments: &Arguments) -> Result<(), String> {
    // The handlers come first: a signal right after the address has been printed must already end the program cleanly.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let wechat = Wechat::listen(arguments.listen, &arguments.app_id, &arguments.app_secret)
        .await
        .map_err(|error| cannot_listen(arguments, &error))?;
    say(&format!(
        "wechat-standin listens on {} and knows app id {}",
        wechat.base_url(),
        arguments.app_id
    ));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn cannot_listen(arguments: &Arguments, error: &io::Error) -> String {
    let address = arguments.listen;
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "{address} is taken by another program: end that one, or choose another port with --listen"
            )
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// Prints a line. A reader that has gone away is no reason to fail.
fn say(line: &str) -> ExitCode {
    let _ = writeln!(io::stdout(), "{line}");
    ExitCode::SUCCESS
}

fn complain(reason: &str, status: ExitCode) -> ExitCode {
    let _ = writeln!(io::stderr(), "wechat-standin: {reason}");
    status
}
