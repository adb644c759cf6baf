//! A model of DynamoDB: one table with one index, the operations and expressions that the store uses.
//!
//! It refuses what DynamoDB refuses, and what it does not know: a form that is new in the store has to be taught here first.
//! `sim/judge` compares its answers with those of an implementation by others.

mod batch;
mod body;
mod error;
mod expression;
mod form;
mod number;
mod query;
mod read;
pub mod recording;
mod request;
mod single;
mod table;
mod transaction;
mod value;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use error::{Fault, Kind};
use form::Counts;
use recording::Recorder;
use table::Table;
use transaction::Remembered;

pub use form::Form;

/// Attributes in DynamoDB's JSON: `{"pk": {"S": "U#…"}}`.
pub type Item = Map<String, Value>;

/// The table's keys, all of them strings, as `template.yaml` has them.
const KEY_ATTRIBUTES: [&str; 2] = ["pk", "sk"];
const INDEX: &str = "gsi1";
const INDEX_KEY_ATTRIBUTES: [&str; 2] = ["gsi1pk", "gsi1sk"];
/// What the index holds beside keys, as `template.yaml` has it.
pub const INDEX_ATTRIBUTES: [&str; 13] = [
    "username",
    "email",
    "nickname",
    "avatar_key",
    "avatar_version",
    "avatar_upload_id",
    "phone",
    "role",
    "status",
    "created_at",
    "updated_at",
    "version",
    "epoch",
];

/// Where an item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// The circumstances of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The time, in milliseconds since the Unix epoch; it does not go back.
    pub now: i64,
    /// For so many milliseconds, queries of the index have not seen what was written.
    pub index_lag: i64,
    /// How many items of a batch are left unprocessed.
    pub unprocessed: usize,
    /// Whether a write meets a transaction of somebody else's.
    pub conflict: bool,
}

/// What the service answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 200 or 400.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// The items that are not as they were.
    pub changes: Vec<Change>,
}

/// An item that was written or removed.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it is.
    pub key: Key,
    /// What was there.
    pub before: Option<Arc<Item>>,
    /// What is there.
    pub after: Option<Arc<Item>>,
}

/// A call of one operation.
struct Call<'a> {
    request: &'a Value,
    context: &'a Context,
    changes: Vec<Change>,
}

/// The service, with its one table.
#[derive(Debug)]
pub struct DynamoDb {
    table: Table,
    tokens: BTreeMap<String, Remembered>,
    counts: Counts,
    recording: Option<Recording>,
}

/// The history that is recorded, and what there is of it.
#[derive(Debug)]
struct Recording {
    history: u64,
    recorder: Recorder<Vec<u8>>,
}

impl DynamoDb {
    /// An empty table.
    pub fn new(table: &str) -> Self {
        Self {
            table: Table::new(table),
            tokens: BTreeMap::new(),
            counts: Counts::new(),
            recording: None,
        }
    }

    /// Writes every call from now on down, as one of that history.
    pub fn start_recording(&mut self, history: u64) {
        let recorder = Recorder::new(Vec::new());
        self.recording = Some(Recording { history, recorder });
    }

    /// Ends what [`DynamoDb::start_recording`] began: the lines for `sim/judge`.
    pub fn take_recording(&mut self) -> Vec<u8> {
        let recording = self.recording.take();
        recording.map_or_else(Vec::new, |recording| recording.recorder.into_output())
    }

    /// Does what a request asks for, all of it at once.
    pub fn call(&mut self, operation: &str, request: &Value, context: &Context) -> Answer {
        let mut call = Call {
            request,
            context,
            changes: Vec::new(),
        };
        let answer = match self.dispatch(operation, &mut call) {
            Ok(body) => Answer {
                status: 200,
                body,
                changes: call.changes,
            },
            Err(fault) => Answer {
                status: 400,
                body: fault.into_body(),
                changes: Vec::new(),
            },
        };
        if let Some(Recording { history, recorder }) = &mut self.recording {
            // Memory takes all that is written to it.
            let _ = recorder.record(*history, operation, request, context, &answer);
        }
        answer
    }

    fn dispatch(&mut self, operation: &str, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let mut note = |form| self.counts.note(form);
        match operation {
            "GetItem" => {
                note(Form::GetItem);
                self.get_item(call.request)
            }
            "PutItem" => {
                note(Form::PutItem);
                self.put_item(call)
            }
            "UpdateItem" => {
                note(Form::UpdateItem);
                self.update_item(call)
            }
            "DeleteItem" => {
                note(Form::DeleteItem);
                self.delete_item(call)
            }
            "Query" => {
                note(Form::Query);
                self.query(call)
            }
            "BatchGetItem" => {
                note(Form::BatchGetItem);
                self.batch_get_item(call)
            }
            "BatchWriteItem" => {
                note(Form::BatchWriteItem);
                self.batch_write_item(call)
            }
            "TransactWriteItems" => {
                note(Form::TransactWriteItems);
                self.transact_write_items(call)
            }
            _ => Err(Fault::new(Kind::UnknownOperation, operation)),
        }
    }

    /// The item at a key.
    pub fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.table.get(key)
    }

    /// All items in the order of their keys.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = (&Key, &Arc<Item>)> {
        self.table.items()
    }

    /// How often each form was asked for.
    pub fn forms(&self) -> impl Iterator<Item = (Form, u64)> {
        self.counts.iter()
    }
}

#[cfg(test)]
mod tests;
