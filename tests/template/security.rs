//! docs/security.md: every test that it names is there, and every row of the two lists names one.

use std::collections::BTreeSet;

use support::template::read;

/// A link to a source: its text, and the file.
struct Link<'a> {
    name: &'a str,
    file: &'a str,
}

/// The links to Rust and Python in a piece of the document, which stands in `docs/`.
fn links(text: &str) -> impl Iterator<Item = Link<'_>> {
    text.split("](../")
        .skip(1)
        .zip(text.split("](../"))
        .filter_map(|(after, before)| {
            let (_, name) = before.rsplit_once('[')?;
            let (file, _) = after.split_once(')')?;
            let is_source = file.ends_with(".rs") || file.ends_with(".py");
            is_source.then_some(Link { name, file })
        })
}

impl Link<'_> {
    /// Whether the file has the test; a name in quotes is that of a rule of the template.
    fn is_there(&self, read: &dyn Fn(&str) -> String) -> bool {
        let source = read(self.file);
        if self.name.starts_with('"') {
            return source.contains(&format!("name: {},", self.name));
        }
        let keywords = ["fn", "def"];
        let is_test = |keyword| source.contains(&format!("{keyword} {}(", self.name));
        keywords.into_iter().any(is_test)
    }
}

/// What is wrong with the document.
fn problems(text: &str, read: &dyn Fn(&str) -> String) -> Vec<String> {
    let dead = links(text).filter(|link| !link.is_there(read));
    let mut problems: Vec<_> = dead
        .map(|Link { name, file }| format!("{file} has no {name}"))
        .collect();
    let (owasp, rfc_8725) = (
        (1..=10).map(|n| format!("API{n}")),
        (1..=12).map(|n| format!("3.{n}")),
    );
    let rows = text.lines().filter(|line| links(line).next().is_some());
    let proven: BTreeSet<_> = rows
        .filter_map(|row| row.strip_prefix("| ")?.split(' ').next())
        .collect();
    let unproven = owasp.chain(rfc_8725).filter(|id| !proven.contains(&**id));
    problems.extend(unproven.map(|id| format!("{id} has no row that names a test")));
    problems
}

#[test]
fn every_test_that_the_document_names_is_there() {
    let found = problems(&read("docs/security.md"), &read);
    assert!(found.is_empty(), "docs/security.md: {found:#?}");
}

#[test]
fn a_name_without_a_test_and_a_row_without_a_name_are_told() {
    let text = read("docs/security.md");
    for (right, wrong, found) in [
        (
            "[forged_headers_are_refused]",
            "[forged_headers]",
            "has no forged_headers",
        ),
        (
            "[\"each secret is read",
            "[\"no secret is read",
            "has no \"no secret is read by the functions",
        ),
        (
            "[test_halves",
            "[halves",
            "tools/tests/test_keys.py has no halves_that",
        ),
        ("| API7 ", "| API17 ", "API7 has no row"),
        ("| 3.11 ", "| 3.13 ", "3.11 has no row"),
    ] {
        assert!(text.contains(right), "{right} is not in docs/security.md");
        let told = problems(&text.replacen(right, wrong, 1), &read).join("\n");
        assert!(told.contains(found), "{wrong}: {told}");
    }
}
