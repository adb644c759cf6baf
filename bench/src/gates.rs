//! What can be said of the binaries without running them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Crates of which a binary holds one version.
const ONE_VERSION: [&str; 4] = ["hyper", "rustls", "aws-lc-rs", "aws-lc-sys"];
/// Other crates for cryptography.
const SECOND_CRYPTO: [&str; 8] = [
    "ring",
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-fips-sys",
    "boring-sys",
    "mbedtls",
    "graviola",
];
/// What the names of aws-lc's jitter entropy source hold.
const JITTER: &[u8] = b"jent_";
/// A name that is there in any case: without it, nothing was looked at.
const CONTROL: &[u8] = b"RAND_bytes";

/// Faults in the dependencies of a function: a second HTTP, TLS or cryptography stack.
pub(crate) fn dependencies(root: &Path, function: &str) -> Result<Vec<String>> {
    let mut tree = Command::new("cargo");
    tree.current_dir(root);
    tree.args([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        function,
    ]);
    let output = tree.output().context("cargo")?;
    ensure!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let faults = stacks(&String::from_utf8_lossy(&output.stdout));
    Ok(faults
        .into_iter()
        .map(|fault| format!("{function}: {fault}"))
        .collect())
}

fn stacks(tree: &str) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    let several = ONE_VERSION
        .into_iter()
        .filter_map(|name| match versions.get(name) {
            Some(found) if found.len() == 1 => None,
            Some(found) => Some(format!("{name} in {} versions: {found:?}", found.len())),
            None => Some(format!("no {name}, which all else is counted on")),
        });
    let second = SECOND_CRYPTO
        .into_iter()
        .filter(|name| versions.contains_key(name));
    several
        .chain(second.map(|name| format!("a second crypto provider: {name}")))
        .collect()
}

/// Faults in the static library of aws-lc that the release binaries are linked with. The binaries themselves are
/// stripped, so it is the library that is looked at: its code comes from there and from nowhere else.
pub(crate) fn jitter(target: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut looked_at = 0;
    for entry in fs::read_dir(target.join("release/build"))? {
        let folder = entry?.path();
        let is_ours = folder
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("aws-lc-sys-"));
        let Ok(files) = fs::read_dir(folder.join("out")) else {
            continue;
        };
        for file in files.flatten().map(|file| file.path()) {
            if !is_ours || file.extension().is_none_or(|extension| extension != "a") {
                continue;
            }
            let bytes = fs::read(&file)?;
            if holds(&bytes, CONTROL) {
                looked_at += 1;
            }
            if holds(&bytes, JITTER) {
                faults.push(format!(
                    "jitter entropy is compiled into {}",
                    file.display()
                ));
            }
        }
    }
    ensure!(
        looked_at > 0,
        "no static library of aws-lc beneath {}",
        target.display()
    );
    Ok(faults)
}

fn holds(bytes: &[u8], name: &[u8]) -> bool {
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "users v0.1.0 (/x)\nhyper v1.12.0\nrustls v0.23.46\naws-lc-rs v1.1.0\naws-lc-sys v0.47.0\nhyper v1.12.0 (*)\n";

    #[test]
    fn a_second_stack_is_a_fault() {
        assert!(stacks(ONE).is_empty());
        assert_eq!(stacks(&format!("{ONE}hyper v0.14.32\n")).len(), 1);
        assert_eq!(
            stacks(&format!("{ONE}ring v0.17.14\n")),
            ["a second crypto provider: ring"]
        );
        assert_eq!(stacks("").len(), ONE_VERSION.len());
    }
}
