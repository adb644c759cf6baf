//! What the tests note for the comparisons that are made when all of them have run: a line for each record, in a file
//! for each process.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::hash::Hash;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// The records of this process.
#[derive(Debug)]
pub struct Records<T>(Mutex<(HashSet<T>, File)>);

impl<T: Display + Eq + Hash> Records<T> {
    /// A file in the directory that the variable names; none without the variable.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn below(variable: &str) -> Option<Self> {
        let directory = std::env::var_os(variable)?;
        let directory = Path::new(&directory);
        fs::create_dir_all(directory).expect("a directory for records");
        let file = directory.join(std::process::id().to_string());
        let file = OpenOptions::new().create(true).append(true).open(file);
        let file = file.expect("a file for records");
        Some(Self(Mutex::new((HashSet::new(), file))))
    }

    /// Writes a record, unless this process has written it before.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn note(&self, record: T) {
        let (seen, file) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(&record) {
            writeln!(file, "{record}").expect("a record is written");
            seen.insert(record);
        }
    }
}

/// Everything that all processes have noted in the directory that the variable names.
///
/// # Panics
/// If there is none, or if it cannot be read.
pub fn read<T: FromStr<Err = String> + Ord>(variable: &str) -> BTreeSet<T> {
    let directory = std::env::var_os(variable);
    let directory = directory.expect("the other tests have to run first: use `make test`");
    let files = fs::read_dir(directory).expect("records");
    let texts = files.map(|file| fs::read_to_string(file?.path()));
    let texts: Vec<_> = texts.collect::<io::Result<_>>().expect("readable records");
    let lines = texts.iter().flat_map(|text| text.lines());
    let records = lines.map(str::parse);
    records.collect::<Result<_, _>>().expect("whole records")
}
