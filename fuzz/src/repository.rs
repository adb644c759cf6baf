//! Seeds that are in the repository already.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder, in the order of their names; none if there is no such folder.
pub(crate) fn files(folder: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(root().join(folder)).into_iter().flatten();
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let files = paths.iter().filter(|path| path.is_file());
    files
        .map(|path| fs::read(path).expect("a file can be read"))
        .collect()
}

/// The sample events whose text holds `part`.
pub(crate) fn events(part: &str) -> Vec<Vec<u8>> {
    let events = files("events").into_iter();
    let events: Vec<_> = events
        .filter(|event| String::from_utf8_lossy(event).contains(part))
        .collect();
    assert!(!events.is_empty(), "there are sample events");
    events
}
