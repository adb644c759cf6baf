//! Which forms the store uses, as its source spells them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::dynamodb::Form;

/// The forms that occur in Rust files below a folder, tests at the end of a file not counted.
///
/// # Errors
/// If the folder cannot be read, or holds no such files.
pub fn forms_in(folder: &Path) -> Result<BTreeSet<Form>> {
    let mut source = String::new();
    read(folder, &mut source)?;
    ensure!(
        !source.is_empty(),
        "{} holds no Rust files",
        folder.display()
    );
    let forms = Form::ALL.iter().copied();
    Ok(forms.filter(|form| source.contains(form.mark())).collect())
}

/// Appends all files, without white space before lines: a call may be spread over some.
fn read(folder: &Path, source: &mut String) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, source)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().map(str::trim_start);
            let lines = lines.filter(|line| !line.starts_with("//"));
            source.extend(lines.flat_map(|line| [line, "\n"]));
        }
    }
    Ok(())
}
