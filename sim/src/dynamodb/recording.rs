//! Recordings of calls, for `sim/judge`: one line a call, its fields with tabs between them.
//!
//! `history`, `now`, `operation`, request, status of the answer, answer. Each history begins with an empty table. JSON
//! holds no tabs and no ends of lines.

use std::io::{self, Write};

use serde_json::Value;

use super::{Answer, Context};

/// Writes calls down.
#[derive(Debug)]
pub struct Recorder<W> {
    output: W,
}

/// A call that was written down.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Which history it is of.
    pub history: u64,
    /// When it was, in milliseconds since the Unix epoch.
    pub now: i64,
    /// The name of the operation.
    pub operation: String,
    /// What was asked.
    pub request: Value,
    /// The status of the answer.
    pub status: u16,
    /// The answer.
    pub body: Value,
}

/// What is wrong with a line of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable(&'static str);

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a line without a readable {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

impl<W: Write> Recorder<W> {
    /// A recorder that writes to `output`, which should be buffered.
    pub const fn new(output: W) -> Self {
        Self { output }
    }

    /// Writes a call down. What only `context` asked for, such as a conflict, no other implementation can repeat: such a
    /// call is left out, and of a batch that was written in part, only that part is there.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn record(
        &mut self,
        history: u64,
        operation: &str,
        request: &Value,
        context: &Context,
        answer: &Answer,
    ) -> io::Result<()> {
        let is_lag_seen = context.index_lag > 0 && !request["IndexName"].is_null();
        if context.conflict || is_lag_seen {
            return Ok(());
        }
        let processed = match operation {
            "BatchGetItem" if context.unprocessed > 0 => return Ok(()),
            "BatchWriteItem" if context.unprocessed > 0 => match written_part(request, answer) {
                Some(request) => request,
                None => return Ok(()),
            },
            _ => request.clone(),
        };
        let body = match context.unprocessed {
            0 => String::from_utf8_lossy(&answer.body),
            _ if operation == "BatchWriteItem" => r#"{"UnprocessedItems":{}}"#.into(),
            _ => String::from_utf8_lossy(&answer.body),
        };
        let (now, status) = (context.now, answer.status);
        writeln!(
            self.output,
            "{history}\t{now}\t{operation}\t{processed}\t{status}\t{body}"
        )
    }

    /// The output, with all that was written.
    pub fn into_output(self) -> W {
        self.output
    }
}

/// The request without what it left unprocessed; `None` if that is all of it.
fn written_part(request: &Value, answer: &Answer) -> Option<Value> {
    let answer: Value = serde_json::from_slice(&answer.body).ok()?;
    let mut request = request.clone();
    let left = answer.get("UnprocessedItems")?.as_object()?;
    for (table, writes) in request.get_mut("RequestItems")?.as_object_mut()? {
        let left = left.get(table).and_then(Value::as_array);
        if let (Some(left), Some(writes)) = (left, writes.as_array_mut()) {
            writes.retain(|write| !left.contains(write));
        }
    }
    Some(request)
}

impl std::str::FromStr for Recorded {
    type Err = Unreadable;

    fn from_str(line: &str) -> Result<Self, Unreadable> {
        let mut fields = line.split('\t');
        let mut field = |name| fields.next().ok_or(Unreadable(name));
        let number = |name| move |_| Unreadable(name);
        Ok(Self {
            history: field("history")?.parse().map_err(number("history"))?,
            now: field("time")?.parse().map_err(number("time"))?,
            operation: field("operation")?.to_owned(),
            request: json(field("request")?, "request")?,
            status: field("status")?.parse().map_err(number("status"))?,
            body: json(field("answer")?, "answer")?,
        })
    }
}

fn json(text: &str, name: &'static str) -> Result<Value, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable(name))
}
