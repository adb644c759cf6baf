//! What a read returns of an item.

use std::borrow::Cow;
use std::rc::Rc;

use super::Item;
use super::error::Fault;
use super::expression::{self, Parsed, Projection, Scope, Used};
use super::form::{Counts, Form};
use super::request::Members;

/// The members of a request that say what it returns.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    projection: Option<Rc<Parsed<Projection>>>,
    scope: Scope<'a>,
    pub(super) is_consistent: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(request: Members<'a>, counts: &mut Counts) -> Result<Self, Fault> {
        Self::beside(request, Used::default(), counts)
    }

    /// The same for a request that uses placeholders elsewhere, too.
    pub(super) fn beside<'e>(
        request: Members<'a>,
        used: Used<'e>,
        counts: &mut Counts,
    ) -> Result<Self, Fault> {
        let projection = request.text("ProjectionExpression")?;
        let projection = projection.map(expression::projection).transpose()?;
        let scope = Scope::new(request, &used.by(projection.as_deref()))?;
        if let Some(projection) = &projection {
            projection.tree.check(&scope)?;
            counts.note(Form::Projection);
            projection.forms.iter().for_each(|form| counts.note(*form));
        }
        let is_consistent = request.flag("ConsistentRead")?.unwrap_or(false);
        if is_consistent {
            counts.note(Form::ConsistentRead);
        }
        Ok(Self {
            projection,
            scope,
            is_consistent,
        })
    }

    pub(super) const fn scope(&self) -> &Scope<'a> {
        &self.scope
    }

    /// The attributes that are asked for by name.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &str> {
        let projection = self.projection.iter();
        projection.flat_map(|projection| projection.tree.attributes(&self.scope))
    }

    pub(super) fn of<'i>(&self, item: &'i Item) -> Cow<'i, Item> {
        match &self.projection {
            Some(projection) => Cow::Owned(projection.tree.of(item, &self.scope)),
            None => Cow::Borrowed(item),
        }
    }
}
