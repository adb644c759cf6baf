//! Batches: reads or writes of many items, each on its own. What is left unprocessed has to be asked for again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::body;
use super::error::{Fault, Kind};
use super::form::Form;
use super::read::Reading;
use super::request::{Members, required};
use super::{Call, DynamoDb, Item, Key, table, value};

const MAX_KEYS: usize = 100;
const MAX_WRITES: usize = 25;

impl DynamoDb {
    pub(super) fn batch_get_item(&mut self, call: &Call<'_>) -> Result<Vec<u8>, Fault> {
        let wanted = self.request_items(call.request)?;
        let known = [
            "Keys",
            "ConsistentRead",
            "ProjectionExpression",
            "ExpressionAttributeNames",
        ];
        let request = Members::of(wanted, &known)?;
        let listed = required(request.list("Keys")?, "keys")?;
        check_count(listed.len(), MAX_KEYS)?;
        let keys = listed.iter().map(|key| table::key(as_map(key)?));
        let keys = keys.collect::<Result<Vec<_>, Fault>>()?;
        refuse_duplicates(&keys)?;
        let reading = Reading::new(request, &mut self.counts)?;
        let processed = processed(keys.len(), call.context.unprocessed)?;
        // In any order but the one that was asked for, on which nobody may rely.
        let found = keys[..processed].iter().rev();
        let found = found.filter_map(|key| self.table.get(key));
        let found = found.map(|item| reading.of(item)).collect();
        let mut unprocessed = BTreeMap::new();
        if processed < listed.len() {
            let mut left = as_map(wanted)?.clone();
            left.insert("Keys".to_owned(), listed[processed..].into());
            unprocessed.insert(self.table.name(), left.into());
        }
        body::written(&body::Batch {
            responses: BTreeMap::from([(self.table.name(), found)]),
            unprocessed_keys: unprocessed,
        })
    }

    pub(super) fn batch_write_item(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let listed = self.request_items(call.request)?;
        let listed = required(listed.as_array(), "requestItems")?;
        check_count(listed.len(), MAX_WRITES)?;
        let writes = listed.iter().map(|write| self.batch_write(write));
        let writes = writes.collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<_> = writes.iter().map(|(key, _)| key.clone()).collect();
        refuse_duplicates(&keys)?;
        // A write that meets a transaction is left, like one for which there is no capacity.
        let left = call
            .context
            .unprocessed
            .max(usize::from(call.context.conflict));
        let processed = processed(writes.len(), left)?;
        for (key, item) in writes.into_iter().take(processed) {
            let change = self.table.write(key, item, call.context.now);
            call.changes.extend(change);
        }
        let mut unprocessed = BTreeMap::new();
        if processed < listed.len() {
            unprocessed.insert(self.table.name(), &listed[processed..]);
        }
        body::member("UnprocessedItems", &unprocessed)
    }

    fn batch_write(&mut self, write: &Value) -> Result<(Key, Option<Arc<Item>>), Fault> {
        let request = Members::of(write, &["PutRequest", "DeleteRequest"])?;
        match (request.map("PutRequest")?, request.map("DeleteRequest")?) {
            (Some(put), None) => {
                self.counts.note(Form::BatchPut);
                let item = put.get("Item").ok_or_else(empty_write)?;
                let item = value::canonical_item(as_map(item)?)?;
                table::check_item(&item)?;
                Ok((table::key_of(&item)?, Some(Arc::new(item))))
            }
            (None, Some(delete)) => {
                self.counts.note(Form::BatchDelete);
                let key = delete.get("Key").ok_or_else(empty_write)?;
                Ok((table::key(as_map(key)?)?, None))
            }
            _ => Err(empty_write()),
        }
    }

    /// What a batch asks of this table, the only one.
    fn request_items<'a>(&self, request: &'a Value) -> Result<&'a Value, Fault> {
        let request = Members::of(request, &["RequestItems"])?;
        let tables = required(request.map("RequestItems")?, "requestItems")?;
        let mut tables = tables.iter();
        let (Some((name, items)), None) = (tables.next(), tables.next()) else {
            return Err(Fault::not_modelled(
                "batches of no table, or of more than one",
            ));
        };
        self.table.check_name(name)?;
        Ok(items)
    }
}

fn check_count(count: usize, most: usize) -> Result<(), Fault> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length between 1 and {most}"
    )))
}

fn refuse_duplicates(keys: &[Key]) -> Result<(), Fault> {
    let distinct: BTreeSet<_> = keys.iter().collect();
    if distinct.len() < keys.len() {
        return Err(Fault::invalid(
            "Provided list of item keys contains duplicates",
        ));
    }
    Ok(())
}

/// How many are processed; DynamoDB refuses the request when that would be none.
fn processed(count: usize, unprocessed: usize) -> Result<usize, Fault> {
    match count.saturating_sub(unprocessed) {
        0 => Err(Fault::new(
            Kind::Throttled,
            "The level of configured provisioned throughput for the table was exceeded",
        )),
        processed => Ok(processed),
    }
}

fn as_map(value: &Value) -> Result<&Map<String, Value>, Fault> {
    value.as_object().ok_or_else(empty_write)
}

fn empty_write() -> Fault {
    Fault::invalid(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    )
}
