//! Queries of a partition, of the table or of its index.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::body;
use super::error::Fault;
use super::expression::{self, Condition, KeyCondition, Used};
use super::form::Form;
use super::read::Reading;
use super::request::{Members, required};
use super::{
    Call, DynamoDb, INDEX, INDEX_ATTRIBUTES, INDEX_KEY_ATTRIBUTES, Item, KEY_ATTRIBUTES, value,
};

/// How much of the items a page holds at most.
const MAX_PAGE: usize = 1024 * 1024;

/// What a query asks for, beside the key.
struct Page<'a> {
    is_index: bool,
    is_descending: bool,
    limit: usize,
    start: Option<&'a Item>,
}

impl DynamoDb {
    pub(super) fn query(&mut self, call: &Call<'_>) -> Result<Vec<u8>, Fault> {
        let request = Members::of(
            call.request,
            &[
                "TableName",
                "IndexName",
                "KeyConditionExpression",
                "ProjectionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "ScanIndexForward",
                "ConsistentRead",
                "Limit",
                "ExclusiveStartKey",
            ],
        )?;
        self.check_table(request)?;
        let condition = required(
            request.text("KeyConditionExpression")?,
            "keyConditionExpression",
        )?;
        let condition = expression::condition(condition)?;
        condition
            .forms
            .iter()
            .for_each(|form| self.counts.note(*form));
        let used = Used::default().by(Some(&*condition));
        let reading = Reading::beside(request, used, &mut self.counts)?;
        let page = self.page(request, &reading)?;
        let key = KeyCondition::new(&condition.tree, reading.scope(), key_names(page.is_index))?;
        let is_outside = |start: &Item| !condition.tree.holds(start, reading.scope());
        if page.start.is_some_and(is_outside) {
            return Err(Fault::invalid(
                "The provided starting key is outside query boundaries based on provided conditions",
            ));
        }
        let found = self.found(call, &condition.tree, &key, &reading, &page);
        answer(&found, &page, &reading)
    }

    fn page<'a>(&mut self, request: Members<'a>, reading: &Reading<'_>) -> Result<Page<'a>, Fault> {
        let index = request.text("IndexName")?;
        if index.is_some_and(|index| index != INDEX) {
            return Err(Fault::invalid(
                "The table does not have the specified index",
            ));
        }
        let page = Page {
            is_index: index.is_some(),
            is_descending: request.flag("ScanIndexForward")? == Some(false),
            limit: limit(request.number("Limit")?)?,
            start: request.map("ExclusiveStartKey")?,
        };
        if page.is_index {
            check_index_read(reading)?;
        }
        if let Some(start) = page.start {
            check_start(start, page.is_index)?;
        }
        let forms = [
            (Form::IndexQuery, page.is_index),
            (Form::DescendingQuery, page.is_descending),
            (Form::LimitedQuery, page.limit < usize::MAX),
            (Form::ContinuedQuery, page.start.is_some()),
        ];
        let asked = forms.into_iter().filter(|(_, is_asked)| *is_asked);
        asked.for_each(|(form, _)| self.counts.note(form));
        Ok(page)
    }

    /// The items that come after the start of the page, in the order that is asked for.
    fn found(
        &self,
        call: &Call<'_>,
        condition: &Condition,
        key: &KeyCondition<'_>,
        reading: &Reading<'_>,
        page: &Page<'_>,
    ) -> Vec<&Arc<Item>> {
        let holds = |item: &Item| condition.holds(item, reading.scope());
        let mut found: Vec<&Arc<Item>> = if page.is_index {
            let items = self
                .table
                .items_at(call.context.now - call.context.index_lag);
            let items = items.into_values().filter(|item| holds(item));
            // Without both of its keys, an item is not in the index.
            items.filter(|item| is_indexed(item)).collect()
        } else {
            let items = self.table.partition(key.partition).map(|(_, item)| item);
            items.filter(|item| holds(item)).collect()
        };
        let order =
            |a: &Item, b: &Item| position(a, page.is_index).cmp(&position(b, page.is_index));
        found.sort_by(|a, b| order(a, b));
        if page.is_descending {
            found.reverse();
        }
        if let Some(start) = page.start {
            let after = match page.is_descending {
                true => Ordering::Less,
                false => Ordering::Greater,
            };
            found.retain(|item| order(item, start) == after);
        }
        found
    }
}

fn answer(found: &[&Arc<Item>], page: &Page<'_>, reading: &Reading<'_>) -> Result<Vec<u8>, Fault> {
    let mut size = 0;
    let fitting = found.iter().take(page.limit).take_while(|item| {
        let is_fitting = size < MAX_PAGE;
        size += value::item_size(item);
        is_fitting
    });
    let count = fitting.count();
    // The end of a page does not look whether anything comes after it.
    let is_cut = count < found.len() || count == page.limit;
    let last = found[..count].last().filter(|_| is_cut);
    let items = found[..count].iter().map(|item| match page.is_index {
        true => Cow::Owned(reading.of(&projected(item)).into_owned()),
        false => reading.of(item),
    });
    body::written(&body::Page {
        items: items.collect(),
        count,
        scanned_count: count,
        last_evaluated_key: last.map(|last| start_of(last, page.is_index)),
    })
}

const fn key_names(is_index: bool) -> [&'static str; 2] {
    if is_index {
        INDEX_KEY_ATTRIBUTES
    } else {
        KEY_ATTRIBUTES
    }
}

fn limit(limit: Option<i64>) -> Result<usize, Fault> {
    match limit {
        None => Ok(usize::MAX),
        Some(limit) => match usize::try_from(limit) {
            Ok(limit @ 1..) => Ok(limit),
            _ => Err(Fault::invalid(
                "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
            )),
        },
    }
}

fn check_index_read(reading: &Reading<'_>) -> Result<(), Fault> {
    if reading.is_consistent {
        return Err(Fault::invalid(
            "Consistent reads are not supported on global secondary indexes",
        ));
    }
    match reading.attributes().find(|name| !is_projected(name)) {
        Some(name) => Err(Fault::invalid(format!(
            "One or more parameter values were invalid: Global secondary index {INDEX} does not project [{name}]"
        ))),
        None => Ok(()),
    }
}

fn check_start(start: &Item, is_index: bool) -> Result<(), Fault> {
    let index = INDEX_KEY_ATTRIBUTES.into_iter().filter(|_| is_index);
    let names: Vec<_> = KEY_ATTRIBUTES.into_iter().chain(index).collect();
    let is_key = |name: &&str| start.get(*name).and_then(value::text).is_some();
    if start.len() == names.len() && names.iter().all(is_key) {
        return Ok(());
    }
    Err(Fault::invalid("The provided starting key is invalid"))
}

/// What items are sorted by. The index leaves the order of equal keys open.
fn position(item: &Item, is_index: bool) -> [&str; 3] {
    let text = |name: &str| item.get(name).and_then(value::text).unwrap_or_default();
    let [pk, sk] = KEY_ATTRIBUTES;
    if is_index {
        let [_, index_sk] = INDEX_KEY_ATTRIBUTES;
        [text(index_sk), text(pk), text(sk)]
    } else {
        [text(sk), "", ""]
    }
}

/// Where the next page begins.
fn start_of(item: &Item, is_index: bool) -> Item {
    let index = INDEX_KEY_ATTRIBUTES.into_iter().filter(|_| is_index);
    let names = KEY_ATTRIBUTES.into_iter().chain(index);
    let parts = names.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())));
    parts.collect()
}

fn is_indexed(item: &Item) -> bool {
    INDEX_KEY_ATTRIBUTES
        .iter()
        .all(|name| item.contains_key(*name))
}

fn is_projected(name: &str) -> bool {
    KEY_ATTRIBUTES.contains(&name)
        || INDEX_KEY_ATTRIBUTES.contains(&name)
        || INDEX_ATTRIBUTES.contains(&name)
}

/// The item as the index holds it.
fn projected(item: &Item) -> Item {
    let attributes = item.iter().filter(|(name, _)| is_projected(name));
    attributes
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
