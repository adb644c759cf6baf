//! Expressions: parsed once, evaluated often.

mod condition;
mod key_condition;
mod parse;
mod projection;
mod reserved;
mod scope;
mod token;
mod update;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::thread::LocalKey;

use super::error::Fault;
use super::form::Form;

pub(super) use condition::{Comparator, Condition};
pub(super) use key_condition::KeyCondition;
pub(super) use projection::Projection;
pub(super) use scope::{Scope, Used};
pub(super) use update::Update;

/// The longest text of an expression.
const MAX_LENGTH: usize = 4096;
/// How many expressions are kept. Some texts hold names that never come again.
const MAX_CACHED: usize = 1024;

/// Where an attribute is: its name, and the keys of maps below it.
type Path = Vec<Segment>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Written out.
    Plain(String),
    /// `#name`.
    Placeholder(String),
}

/// What may stand on either side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Path(Path),
    /// `:value`.
    Value(String),
    /// `size(path)`.
    Size(Path),
}

/// An expression that was parsed, and what it uses.
#[derive(Debug)]
pub(super) struct Parsed<T> {
    pub(super) tree: T,
    pub(super) names: Vec<String>,
    pub(super) values: Vec<String>,
    pub(super) forms: Vec<Form>,
}

type Cache<T> = RefCell<HashMap<String, Rc<Parsed<T>>>>;

thread_local! {
    static CONDITIONS: Cache<Condition> = RefCell::default();
    static UPDATES: Cache<Update> = RefCell::default();
    static PROJECTIONS: Cache<Projection> = RefCell::default();
}

pub(super) fn condition(text: &str) -> Result<Rc<Parsed<Condition>>, Fault> {
    cached(&CONDITIONS, text, parse::condition)
}

pub(super) fn update(text: &str) -> Result<Rc<Parsed<Update>>, Fault> {
    cached(&UPDATES, text, parse::update)
}

pub(super) fn projection(text: &str) -> Result<Rc<Parsed<Projection>>, Fault> {
    cached(&PROJECTIONS, text, parse::projection)
}

fn cached<T>(
    cache: &'static LocalKey<Cache<T>>,
    text: &str,
    parse: impl FnOnce(&str) -> Result<Parsed<T>, Fault>,
) -> Result<Rc<Parsed<T>>, Fault> {
    if let Some(parsed) = cache.with_borrow(|cache| cache.get(text).cloned()) {
        return Ok(parsed);
    }
    if text.is_empty() {
        return Err(Fault::invalid(
            "Invalid expression: The expression can not be empty",
        ));
    }
    if text.len() > MAX_LENGTH {
        return Err(Fault::invalid(
            "Invalid expression: Expression size has exceeded the maximum allowed size",
        ));
    }
    let parsed = Rc::new(parse(text)?);
    cache.with_borrow_mut(|cache| {
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(text.to_owned(), Rc::clone(&parsed));
    });
    Ok(parsed)
}
