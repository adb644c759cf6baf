//! What was found once is not there any more.

use std::path::Path;

use sim::script::Script;
use sim::trace::Trace;

#[test]
fn no_script_shows_anything() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let script: Script = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let outcome = script.run(Trace::with_text()).unwrap();
        let lines = outcome.lines.join("\n");
        assert!(
            outcome.findings.is_empty(),
            "{lines}\n{}: {:#?}",
            file.display(),
            outcome.findings
        );
        let injected: Vec<_> = outcome.injected.iter().map(|(place, _)| place).collect();
        for place in script.faults.keys() {
            assert!(
                injected.contains(&place),
                "{place} of {} is never reached",
                file.display()
            );
        }
    }
}

#[test]
fn a_script_is_read_as_it_is_written() {
    let text = "seed 7\nskew 2000\nenvironments 2\ncold-starts 30\nrotate keys after 3000\n\
                step 0.1.2 after 15 delete-account\nfault 0.1.2/0/1 late 1500\nfault purge.1/0 crash 3\n";
    let script: Script = text.parse().unwrap();
    assert_eq!(script.to_string(), text);
    for (line, wrong) in [
        (1, "seed x"),
        (2, "seed 1\nnonsense"),
        (1, "step 0.0.0 after 1 fly"),
        (1, "fault 0.0.0/0 late"),
    ] {
        let error = wrong.parse::<Script>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("line {line}: ")), "{error}");
    }
}
