//! Compares the simulation's model of DynamoDB with other implementations, and prints what differs.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use sim_judge::dynamodb::Form;
use sim_judge::dynoxide::Dynoxide;
use sim_judge::endpoint::Endpoint;
use sim_judge::forms::forms_in;
use sim_judge::generate::generate;
use sim_judge::replay::{Implementation, Report, replay};

/// Compares the simulation's model of DynamoDB with other implementations
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replay recordings on dynoxide: nothing may differ
    Dynoxide {
        /// The sources of the store, of which every form has to be in the recordings
        #[arg(long)]
        store: Option<PathBuf>,
        #[arg(required = true)]
        recordings: Vec<PathBuf>,
    },
    /// Replay recordings on an endpoint, and list what differs
    Endpoint {
        /// The endpoint's address
        #[arg(long)]
        url: String,
        #[arg(required = true)]
        recordings: Vec<PathBuf>,
    },
    /// Write a recording of requests drawn at random
    Generate {
        recording: PathBuf,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[arg(long, default_value_t = 500)]
        histories: u64,
    },
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Dynoxide { store, recordings } => {
            let report = replayed(&recordings, &mut Dynoxide::new()?)?;
            let missing = missing_forms(store.as_deref(), &report)?;
            for form in &missing {
                println!("not in the recordings: {} ({})", form.name(), form.mark());
            }
            let is_equal = report.different() == 0 && missing.is_empty();
            Ok(if is_equal {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Endpoint { url, recordings } => {
            replayed(&recordings, &mut Endpoint::new(&url))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Generate {
            recording,
            seed,
            histories,
        } => {
            let file = File::create(&recording).with_context(|| recording.display().to_string())?;
            generate(seed, histories, BufWriter::new(file))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn replayed(recordings: &[PathBuf], implementation: &mut dyn Implementation) -> Result<Report> {
    let mut report = Report::default();
    for path in recordings {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        replay(BufReader::new(file), implementation, &mut report)
            .with_context(|| path.display().to_string())?;
    }
    print!("{report}");
    Ok(report)
}

fn missing_forms(store: Option<&Path>, report: &Report) -> Result<Vec<Form>> {
    let used = store.map(forms_in).transpose()?.unwrap_or_default();
    let is_missing = |form: &Form| report.forms.get(form).is_none_or(|count| *count == 0);
    Ok(used.into_iter().filter(is_missing).collect())
}
