//! One write, alone or in a transaction: a put, an update, a deletion or a check.

use std::rc::Rc;
use std::sync::Arc;

use super::error::Fault;
use super::expression::Used;
use super::expression::{self, Condition, Parsed, Scope, Update};
use super::form::{Counts, Form};
use super::request::{Members, required};
use super::table::{self, Table};
use super::value;
use super::{Item, KEY_ATTRIBUTES, Key};

/// What becomes of the item.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    Kept,
    Written(Arc<Item>),
    Removed,
}

/// A write whose request is in order, whatever the table holds.
#[derive(Debug)]
pub(super) struct Write<'a> {
    pub(super) key: Key,
    action: Action,
    condition: Option<Rc<Parsed<Condition>>>,
    scope: Scope<'a>,
    returns_on_failure: bool,
}

#[derive(Debug)]
enum Action {
    Put(Arc<Item>),
    Update(Option<Rc<Parsed<Update>>>),
    Delete,
    Check,
}

impl<'a> Write<'a> {
    pub(super) fn put(request: Members<'a>, counts: &mut Counts) -> Result<Self, Fault> {
        let item = required(request.map("Item")?, "item")?;
        let item = value::canonical_item(item)?;
        table::check_item(&item)?;
        let key = table::key_of(&item)?;
        Self::new(request, key, Action::Put(Arc::new(item)), counts)
    }

    pub(super) fn update(request: Members<'a>, counts: &mut Counts) -> Result<Self, Fault> {
        let update = request.text("UpdateExpression")?;
        let update = update.map(expression::update).transpose()?;
        Self::new(request, key(request)?, Action::Update(update), counts)
    }

    pub(super) fn delete(request: Members<'a>, counts: &mut Counts) -> Result<Self, Fault> {
        Self::new(request, key(request)?, Action::Delete, counts)
    }

    pub(super) fn check(request: Members<'a>, counts: &mut Counts) -> Result<Self, Fault> {
        required(request.text("ConditionExpression")?, "conditionExpression")?;
        Self::new(request, key(request)?, Action::Check, counts)
    }

    fn new(
        request: Members<'a>,
        key: Key,
        action: Action,
        counts: &mut Counts,
    ) -> Result<Self, Fault> {
        let condition = request.text("ConditionExpression")?;
        let condition = condition.map(expression::condition).transpose()?;
        let update = match &action {
            Action::Update(update) => update.as_deref(),
            _ => None,
        };
        let used = Used::default().by(condition.as_deref()).by(update);
        let scope = Scope::new(request, &used)?;
        if let Some(condition) = &condition {
            condition.tree.check(&scope)?;
            condition.forms.iter().for_each(|form| counts.note(*form));
        }
        if let Some(update) = update {
            update.tree.check(&scope)?;
            update.forms.iter().for_each(|form| counts.note(*form));
        }
        let returned = request.word("ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])?;
        if returned == "ALL_OLD" {
            counts.note(Form::ReturnedOnFailure);
        }
        Ok(Self {
            key,
            action,
            condition,
            scope,
            returns_on_failure: returned == "ALL_OLD",
        })
    }

    /// What the write does to the item that the table holds under its key.
    pub(super) fn effect(&self, table: &Table) -> Result<Effect, Fault> {
        let found = table.get(&self.key);
        let none = Item::new();
        let item = found.map_or(&none, Arc::as_ref);
        if let Some(condition) = &self.condition
            && !condition.tree.holds(item, &self.scope)
        {
            return Err(Fault::refused(found.filter(|_| self.returns_on_failure)));
        }
        Ok(match &self.action {
            Action::Put(item) => Effect::Written(Arc::clone(item)),
            Action::Update(update) => {
                let new = self.updated(item, update.as_deref())?;
                Effect::Written(Arc::new(new))
            }
            Action::Delete => Effect::Removed,
            Action::Check => Effect::Kept,
        })
    }

    /// An update makes the item that is not there.
    fn updated(&self, item: &Item, update: Option<&Parsed<Update>>) -> Result<Item, Fault> {
        let mut new = match update {
            Some(update) => update.tree.apply(item, &self.scope)?,
            None => item.clone(),
        };
        if new.len() < KEY_ATTRIBUTES.len() || item.is_empty() {
            let parts = [&self.key.pk, &self.key.sk];
            for (name, part) in KEY_ATTRIBUTES.into_iter().zip(parts) {
                new.insert(name.to_owned(), value::of("S", part.as_str()));
            }
        }
        table::check_item(&new)?;
        Ok(new)
    }
}

fn key(request: Members<'_>) -> Result<Key, Fault> {
    table::key(required(request.map("Key")?, "key")?)
}
