//! Other people's programs for the same job, as `bench/peers/peers.toml` lists them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::environment::Start;
use crate::subject::{Stage, Subject};
use crate::trust::Trust;

/// A peer's build ends with it when something that it needs cannot be had.
const CANNOT_BE_HAD: i32 = 3;

#[derive(Debug, Deserialize)]
struct File {
    peer: Vec<Peer>,
}

/// A peer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    /// Programs without which it can be neither built nor started.
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    build: Vec<String>,
    run: Vec<String>,
    /// The file or folder that is deployed.
    size: PathBuf,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// What a peer is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A Lambda function.
    Lambda,
    /// An HTTP server that listens on `PORT`.
    Server,
}

/// Reads the list.
pub(crate) fn read(root: &Path) -> Result<Vec<Peer>> {
    let path = root.join("bench/peers/peers.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let file: File = toml_edit::de::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(file.peer)
}

impl Peer {
    /// Builds it; the inner error says why it has to be left out.
    pub(crate) fn build(&self, root: &Path) -> Result<Result<(), String>> {
        let missing: Vec<_> = self
            .needs
            .iter()
            .filter(|name| which(name).is_none())
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Ok(Err(format!("{} is not installed", missing.join(" and "))));
        }
        let Some((program, arguments)) = self.build.split_first() else {
            return Ok(Ok(()));
        };
        let mut build = Command::new(program);
        // Standard output is for the benchmark's own.
        build
            .args(arguments)
            .current_dir(root)
            .stdout(Stdio::null());
        let status = build.status().with_context(|| program.clone())?;
        Ok(match status.code() {
            Some(0) => Ok(()),
            Some(CANNOT_BE_HAD) => Err("what it needs cannot be had".to_owned()),
            _ => Err(format!("its build failed ({status})")),
        })
    }

    /// How it is measured: where the functions are, with what `users` is told.
    pub(crate) fn subject(&self, stage: &Stage<'_>, trust: Trust) -> Result<Subject> {
        let mut variables = stage.variables(trust)?;
        let path = env::var_os("PATH").unwrap_or_default();
        variables.retain(|(name, _)| name != "PATH");
        variables.push(("PATH".to_owned(), path));
        let own = self.environment.iter();
        variables.extend(own.map(|(name, value)| (name.clone(), value.into())));
        let (program, arguments) = self.run.split_first().context("a peer without a command")?;
        let program = if program.contains('/') {
            stage.root.join(program).into()
        } else {
            which(program).map_or_else(|| program.into(), PathBuf::into_os_string)
        };
        let arguments = arguments.iter().map(OsString::from);
        Ok(Subject {
            label: self.label.clone(),
            start: Start {
                command: std::iter::once(program).chain(arguments).collect(),
                variables,
                folder: stage.root.to_owned(),
            },
            artefact: stage.root.join(&self.size),
        })
    }
}

/// Where a program is.
fn which(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut found = env::split_paths(&path).map(|folder| folder.join(name.as_ref()));
    found.find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_read_and_names_are_unique() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let peers = read(&root).unwrap();
        let names: std::collections::BTreeSet<_> = peers.iter().map(|peer| &peer.name).collect();
        assert_eq!(names.len(), peers.len());
        assert!(peers.iter().all(|peer| !peer.run.is_empty()));
    }

    #[test]
    fn a_peer_whose_program_is_missing_is_left_out() {
        let text = "[[peer]]\nname = 'x'\nlabel = 'X'\nkind = 'server'\nneeds = ['no-such-program', 'sh']\nrun = ['x']\nsize = 'x'";
        let file: File = toml_edit::de::from_str(text).unwrap();
        let reason = file.peer[0].build(Path::new(".")).unwrap().unwrap_err();
        assert_eq!(reason, "no-such-program is not installed");
    }
}
