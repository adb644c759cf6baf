//! Writes of which all are done, or none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::body;
use super::error::{Fault, Kind};
use super::form::{Counts, Form};
use super::request::{Members, required};
use super::write::Write;
use super::{Call, DynamoDb};

const MAX_WRITES: usize = 100;
const LONGEST_TOKEN: usize = 36;
/// How long a token is remembered.
const TOKEN_LIFETIME: i64 = 10 * 60 * 1000;

/// A transaction that was written.
#[derive(Debug)]
pub(super) struct Remembered {
    until: i64,
    writes: Value,
}

impl DynamoDb {
    pub(super) fn transact_write_items(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Fault> {
        let request = Members::of(call.request, &["TransactItems", "ClientRequestToken"])?;
        let items = required(request.list("TransactItems")?, "transactItems")?;
        if items.is_empty() || items.len() > MAX_WRITES {
            return Err(Fault::invalid(
                "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and 100",
            ));
        }
        let writes = items.iter().map(|item| self.transact_item(item));
        let writes = writes.collect::<Result<Vec<_>, _>>()?;
        let keys: BTreeSet<_> = writes.iter().map(|write| &write.key).collect();
        if keys.len() < writes.len() {
            return Err(Fault::invalid(
                "Transaction request cannot include multiple operations on one item",
            ));
        }
        let token = self.token(request)?;
        if self.is_repeated(token, &call.request["TransactItems"], call.context.now)? {
            return Ok(body::empty());
        }
        self.write_all(call, &writes)?;
        if let Some(token) = token {
            let remembered = Remembered {
                until: call.context.now + TOKEN_LIFETIME,
                writes: call.request["TransactItems"].clone(),
            };
            self.tokens.insert(token.to_owned(), remembered);
        }
        Ok(body::empty())
    }

    fn transact_item<'a>(&mut self, item: &'a Value) -> Result<Write<'a>, Fault> {
        let kinds = Members::of(item, &["Put", "Update", "Delete", "ConditionCheck"])?;
        let mut given = ["Put", "Update", "Delete", "ConditionCheck"]
            .into_iter()
            .filter_map(|kind| kinds.get(kind).map(|write| (kind, write)));
        let (Some((kind, write)), None) = (given.next(), given.next()) else {
            return Err(Fault::invalid(
                "TransactItems can only contain one of Check, Put, Update or Delete",
            ));
        };
        let subject = match kind {
            "Put" => ["Item", ""],
            "Update" => ["Key", "UpdateExpression"],
            _ => ["Key", ""],
        };
        let known = [
            "TableName",
            "ConditionExpression",
            "ExpressionAttributeNames",
            "ExpressionAttributeValues",
            "ReturnValuesOnConditionCheckFailure",
        ];
        let request = Members::of(write, &[known.as_slice(), &subject].concat())?;
        self.check_table(request)?;
        prepared(kind, request, &mut self.counts)
    }

    fn token<'a>(&mut self, request: Members<'a>) -> Result<Option<&'a str>, Fault> {
        let token = request.text("ClientRequestToken")?;
        if token.is_some_and(|token| token.is_empty() || token.len() > LONGEST_TOKEN) {
            return Err(Fault::invalid(
                "1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must have length between 1 and 36",
            ));
        }
        if token.is_some() {
            self.counts.note(Form::RequestToken);
        }
        Ok(token)
    }

    /// Whether the transaction was written already.
    fn is_repeated(&self, token: Option<&str>, writes: &Value, now: i64) -> Result<bool, Fault> {
        let remembered = token.and_then(|token| self.tokens.get(token));
        match remembered.filter(|remembered| now < remembered.until) {
            None => Ok(false),
            Some(remembered) if remembered.writes == *writes => Ok(true),
            Some(_) => Err(Fault::new(
                Kind::IdempotentParameterMismatch,
                "The provided token was used with other parameters",
            )),
        }
    }

    fn write_all(&mut self, call: &mut Call<'_>, writes: &[Write<'_>]) -> Result<(), Fault> {
        if call.context.conflict {
            let conflict = std::iter::once(Some(Fault::conflict()));
            let others = std::iter::repeat_n(None, writes.len() - 1);
            return Err(Fault::cancelled(conflict.chain(others).collect()));
        }
        let effects: Vec<_> = writes
            .iter()
            .map(|write| write.effect(&self.table))
            .collect();
        if effects.iter().any(Result::is_err) {
            let reasons = effects.into_iter().map(Result::err);
            return Err(Fault::cancelled(reasons.collect()));
        }
        for (write, effect) in writes.iter().zip(effects) {
            self.apply(call, write, effect?);
        }
        Ok(())
    }
}

fn prepared<'a>(kind: &str, request: Members<'a>, counts: &mut Counts) -> Result<Write<'a>, Fault> {
    match kind {
        "Put" => {
            counts.note(Form::TransactPut);
            Write::put(request, counts)
        }
        "Update" => {
            counts.note(Form::TransactUpdate);
            required(request.text("UpdateExpression")?, "updateExpression")?;
            Write::update(request, counts)
        }
        "Delete" => {
            counts.note(Form::TransactDelete);
            Write::delete(request, counts)
        }
        _ => {
            counts.note(Form::TransactCheck);
            Write::check(request, counts)
        }
    }
}
