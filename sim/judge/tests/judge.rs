//! That the judge finds what it is there to find.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use sim_judge::dynamodb::Form;
use sim_judge::dynoxide::Dynoxide;
use sim_judge::forms::forms_in;
use sim_judge::generate::generate;
use sim_judge::replay::{Implementation, Report, replay};

fn recording() -> Vec<u8> {
    let mut recording = Vec::new();
    generate(1, 20, &mut recording).unwrap();
    recording
}

/// dynoxide, but for what one operation answers.
struct Mistaken {
    dynoxide: Dynoxide,
    operation: &'static str,
    mistake: fn(u16, Value) -> (u16, Value),
}

impl Implementation for Mistaken {
    fn start(&mut self, table: &str) -> Result<()> {
        self.dynoxide.start(table)
    }

    fn answer(&mut self, operation: &str, request: &Value) -> Result<(u16, Value)> {
        let (status, answer) = self.dynoxide.answer(operation, request)?;
        Ok(match operation == self.operation {
            true => (self.mistake)(status, answer),
            false => (status, answer),
        })
    }
}

fn judged(operation: &'static str, mistake: fn(u16, Value) -> (u16, Value)) -> Report {
    let mut report = Report::default();
    let mut mistaken = Mistaken {
        dynoxide: Dynoxide::new().unwrap(),
        operation,
        mistake,
    };
    replay(&recording()[..], &mut mistaken, &mut report).unwrap();
    report
}

#[test]
fn an_equal_answer_is_no_difference() {
    let report = judged("none", |status, answer| (status, answer));
    assert_eq!(
        (report.different(), report.skipped, report.histories),
        (0, 0, 20)
    );
    assert!(report.requests() > 700, "{report}");
}

#[test]
fn other_answers_are_differences() {
    let other_status = judged("GetItem", |_, answer| (500, answer));
    assert_eq!(other_status.different(), other_status.calls["GetItem"].0);
    assert_eq!(other_status.skipped, 0, "a read leaves nothing behind");
    let other_items = judged("Query", |status, mut answer| {
        answer["Count"] = 77.into();
        (status, answer)
    });
    assert!(other_items.different() > 100, "{other_items}");
    let other_error = judged("DeleteItem", |status, answer| match status {
        200 => (status, answer),
        _ => (status, json!({"__type": "ResourceNotFoundException"})),
    });
    assert_eq!(other_error.different(), other_error.calls["DeleteItem"].1);
}

#[test]
fn a_history_ends_where_the_tables_part() {
    let report = judged("PutItem", |_, _| (200, json!({})));
    assert!(
        report.different() <= report.histories && report.skipped > 100,
        "{report}"
    );
}

#[test]
fn only_the_texts_of_errors_may_differ() {
    let report = judged("UpdateItem", |status, mut answer| {
        answer["message"] = "another text".into();
        (status, answer)
    });
    assert_eq!(report.different(), 0, "{report}");
}

#[test]
fn a_recording_of_another_model_is_refused() {
    let text = String::from_utf8(recording()).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    let first = lines
        .next()
        .unwrap()
        .replace("\t400\t", "\t200\t")
        .replace("\t{}", "\t{\"a\":1}");
    let mut dynoxide = Dynoxide::new().unwrap();
    let replayed = replay(first.as_bytes(), &mut dynoxide, &mut Report::default());
    assert!(format!("{:#}", replayed.unwrap_err()).contains("line 1"));
}

#[test]
fn the_stores_forms_are_read_from_its_source() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/src/store");
    let forms = forms_in(&store).unwrap();
    for form in [
        Form::Between,
        Form::IndexQuery,
        Form::Plus,
        Form::SetPath,
        Form::TransactCheck,
    ] {
        assert!(forms.contains(&form), "{form:?}");
    }
    for form in [
        Form::PutItem,
        Form::Minus,
        Form::Contains,
        Form::BatchPut,
        Form::GreaterOrEqual,
    ] {
        assert!(!forms.contains(&form), "{form:?}");
    }
    assert!(forms_in(Path::new("/nowhere")).is_err());
}
