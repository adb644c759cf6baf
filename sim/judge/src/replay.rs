//! Replays recorded calls and compares the answers.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::canonical::canonical;
use crate::dynamodb::recording::Recorded;
use crate::dynamodb::{Context, DynamoDb, Form};
use crate::schema::table_of;

/// Something that does what DynamoDB does.
pub trait Implementation {
    /// Begins with an empty table of that name.
    ///
    /// # Errors
    /// If it cannot.
    fn start(&mut self, table: &str) -> Result<()>;

    /// The status and the body that it answers.
    ///
    /// # Errors
    /// If it does not answer.
    fn answer(&mut self, operation: &str, request: &Value) -> Result<(u16, Value)>;
}

/// What came of a replay.
#[derive(Debug, Default)]
pub struct Report {
    /// How many histories there were.
    pub histories: usize,
    /// How many calls were compared, by operation, and how many of them were refused.
    pub calls: BTreeMap<String, (usize, usize)>,
    /// How often the model was asked for each form.
    pub forms: BTreeMap<Form, u64>,
    /// The differences by their kind.
    pub differences: BTreeMap<String, Difference>,
    /// Calls of histories that had gone different ways before.
    pub skipped: usize,
}

/// Calls that were answered in another way than by the model.
#[derive(Debug)]
pub struct Difference {
    /// How many.
    pub count: usize,
    /// The first of them: request, answer of the model, other answer.
    pub example: [String; 3],
}

impl Report {
    /// How many calls were compared.
    pub fn requests(&self) -> usize {
        self.calls.values().map(|(count, _)| count).sum()
    }

    /// How many of them were answered in another way.
    pub fn different(&self) -> usize {
        self.differences
            .values()
            .map(|difference| difference.count)
            .sum()
    }
}

/// A history as it is replayed.
struct Replayed {
    id: u64,
    model: DynamoDb,
    /// The tables hold different items by now.
    is_parted: bool,
}

/// Replays a recording. The model has to answer as it did when it was recorded.
///
/// # Errors
/// If the recording is unreadable or of another version of the model, or the implementation gives no answer.
pub fn replay(
    recording: impl BufRead,
    implementation: &mut dyn Implementation,
    report: &mut Report,
) -> Result<()> {
    let mut current: Option<Replayed> = None;
    for (number, line) in recording.lines().enumerate() {
        let call: Recorded = line?
            .parse()
            .with_context(|| format!("line {}", number + 1))?;
        let mut history = match current.take().filter(|history| history.id == call.history) {
            Some(history) => history,
            None => start(&call, implementation, report)?,
        };
        compare(&call, &mut history, implementation, report)
            .with_context(|| format!("line {}", number + 1))?;
        current = Some(history);
    }
    Ok(())
}

fn start(
    call: &Recorded,
    implementation: &mut dyn Implementation,
    report: &mut Report,
) -> Result<Replayed> {
    let table = table_of(&call.request).context("the first call of a history names no table")?;
    implementation.start(table)?;
    report.histories += 1;
    Ok(Replayed {
        id: call.history,
        model: DynamoDb::new(table),
        is_parted: false,
    })
}

fn compare(
    call: &Recorded,
    history: &mut Replayed,
    implementation: &mut dyn Implementation,
    report: &mut Report,
) -> Result<()> {
    let context = Context {
        now: call.now,
        ..Context::default()
    };
    let before = counted(&history.model);
    let answer = history.model.call(&call.operation, &call.request, &context);
    let body: Value = serde_json::from_slice(&answer.body)?;
    let is_same = answer.status == call.status && body == call.body;
    ensure!(is_same, "the model answers {body} by now: record anew");
    if history.is_parted {
        report.skipped += 1;
        return Ok(());
    }
    for (form, count) in counted(&history.model) {
        *report.forms.entry(form).or_default() += count - before[&form];
    }
    let (status, other) = implementation.answer(&call.operation, &call.request)?;
    let counts = report.calls.entry(call.operation.clone()).or_default();
    counts.0 += 1;
    counts.1 += usize::from(answer.status != 200);
    let expected = canonical(&call.operation, body.clone());
    let found = canonical(&call.operation, other.clone());
    if status != answer.status || expected != found {
        // A read leaves nothing behind, and neither does what both refuse.
        let is_read = ["GetItem", "BatchGetItem", "Query"].contains(&call.operation.as_str());
        history.is_parted = !is_read && (status == 200 || answer.status == 200);
        note(report, call, &body, &other);
    }
    Ok(())
}

fn counted(model: &DynamoDb) -> BTreeMap<Form, u64> {
    model.forms().collect()
}

fn note(report: &mut Report, call: &Recorded, expected: &Value, found: &Value) {
    let kind = format!(
        "{}: {} / {}",
        call.operation,
        outcome(expected),
        outcome(found)
    );
    let difference = report
        .differences
        .entry(kind)
        .or_insert_with(|| Difference {
            count: 0,
            example: [&call.request, expected, found].map(Value::to_string),
        });
    difference.count += 1;
}

/// The error that an answer is, or what it has.
fn outcome(answer: &Value) -> String {
    if let Some(code) = answer["__type"].as_str() {
        let code = code.rsplit('#').next().unwrap_or(code);
        if code == "ValidationException" {
            return format!("{code} ({})", message(answer));
        }
        let reasons = answer["CancellationReasons"]
            .as_array()
            .into_iter()
            .flatten();
        let mut codes: Vec<_> = reasons
            .filter_map(|reason| reason["Code"].as_str())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        let with_item = if answer["Item"].is_null() {
            ""
        } else {
            " with the item"
        };
        return match codes.is_empty() {
            true => format!("{code}{with_item}"),
            false => format!("{code} {codes:?}"),
        };
    }
    let names = answer
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    format!("200 {{{}}}", names.collect::<Vec<_>>().join(", "))
}

/// The beginning of an error's text, which tells one mistake from another.
fn message(answer: &Value) -> String {
    let texts = [&answer["message"], &answer["Message"]];
    let text = texts
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default();
    text.chars().take(80).collect()
}
