//! The stand-in as a program; see the library for what it answers.

mod arguments;

use arguments::Arguments;
use clap::Parser;
use std::{
    io::{self, Write},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};
use wechat_standin::Wechat;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse()
        .checked()
        .unwrap_or_else(|error| error.exit());
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "wechat-standin: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), String> {
    // The handlers come first: a signal right after the address has been printed must already end the program cleanly.
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let wechat = Wechat::listen(arguments.listen, &arguments.app_id, &arguments.app_secret)
        .await
        .map_err(|error| cannot_listen(arguments, &error))?;
    // A reader that has gone away is no reason to fail.
    let _ = writeln!(
        io::stdout(),
        "wechat-standin listens on {} and knows app id {}",
        wechat.base_url(),
        arguments.app_id
    );
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
