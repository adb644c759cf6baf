//! What can be said of the binaries without running them.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

/// What the names of aws-lc's jitter entropy source hold.
const JITTER: &[u8] = b"jent_";
/// A name that is there in any case: without it, nothing was looked at.
const CONTROL: &[u8] = b"RAND_bytes";

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
