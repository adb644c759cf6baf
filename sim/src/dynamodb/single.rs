//! Operations on one item.

use std::sync::Arc;

use serde_json::Value;

use super::body;
use super::error::Fault;
use super::form::Form;
use super::read::Reading;
use super::request::{Members, required};
use super::table;
use super::write::{Effect, Write};
use super::{Call, DynamoDb, Item};

const EXPRESSION: [&str; 5] = [
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
];

impl DynamoDb {
    pub(super) fn get_item(&mut self, request: &Value) -> Result<Vec<u8>, Fault> {
        let request = Members::of(
            request,
            &[
                "TableName",
                "Key",
                "ConsistentRead",
                "ProjectionExpression",
                "ExpressionAttributeNames",
            ],
        )?;
        self.check_table(request)?;
        let key = table::key(required(request.map("Key")?, "key")?)?;
        let reading = Reading::new(request, &mut self.counts)?;
        match self.table.get(&key) {
            Some(item) => body::member("Item", &reading.of(item)),
            None => Ok(body::empty()),
        }
    }

    pub(super) fn put_item(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let known = [EXPRESSION.as_slice(), &["Item", "ReturnValues"]].concat();
        let request = Members::of(call.request, &known)?;
        let write = Write::put(request, &mut self.counts)?;
        self.write_one(call, request, &write, &["NONE", "ALL_OLD"])
    }

    pub(super) fn update_item(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let known = ["Key", "UpdateExpression", "ReturnValues"];
        let known = [EXPRESSION.as_slice(), &known].concat();
        let request = Members::of(call.request, &known)?;
        let write = Write::update(request, &mut self.counts)?;
        self.write_one(call, request, &write, &["NONE", "ALL_OLD", "ALL_NEW"])
    }

    pub(super) fn delete_item(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let known = [EXPRESSION.as_slice(), &["Key", "ReturnValues"]].concat();
        let request = Members::of(call.request, &known)?;
        let write = Write::delete(request, &mut self.counts)?;
        self.write_one(call, request, &write, &["NONE", "ALL_OLD"])
    }

    fn write_one(
        &mut self,
        call: &mut Call<'_>,
        request: Members<'_>,
        write: &Write<'_>,
        returns: &[&'static str],
    ) -> Result<Vec<u8>, Fault> {
        self.check_table(request)?;
        let returned = request.word("ReturnValues", returns)?;
        if call.context.conflict {
            return Err(Fault::conflict());
        }
        let effect = write.effect(&self.table)?;
        let before = self.table.get(&write.key).cloned();
        let after = self.apply(call, write, effect);
        let attributes = match returned {
            "ALL_NEW" => {
                self.counts.note(Form::ReturnedNew);
                after
            }
            "ALL_OLD" => {
                self.counts.note(Form::ReturnedOld);
                before
            }
            _ => None,
        };
        match attributes {
            Some(item) => body::member("Attributes", &*item),
            None => Ok(body::empty()),
        }
    }

    /// Does what a write comes to; the item afterwards.
    pub(super) fn apply(
        &mut self,
        call: &mut Call<'_>,
        write: &Write<'_>,
        effect: Effect,
    ) -> Option<Arc<Item>> {
        let after = match effect {
            Effect::Kept => return self.table.get(&write.key).cloned(),
            Effect::Written(item) => Some(item),
            Effect::Removed => None,
        };
        let now = call.context.now;
        let change = self.table.write(write.key.clone(), after.clone(), now);
        call.changes.extend(change);
        after
    }

    pub(super) fn check_table(&self, request: Members<'_>) -> Result<(), Fault> {
        let name = required(request.text("TableName")?, "tableName")?;
        self.table.check_name(name)
    }
}
