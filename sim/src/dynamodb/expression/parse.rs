//! From the text of an expression to its tree.

use super::condition::{Comparator, Condition};
use super::projection::Projection;
use super::reserved::is_reserved;
use super::token::{Token, syntax_error, tokens};
use super::update::{Assigned, Update};
use super::{Operand, Parsed, Path, Segment};
use crate::dynamodb::error::Fault;
use crate::dynamodb::form::Form;

/// How many comparisons, functions, AND, OR and NOT an expression may hold.
const MAX_OPERATORS: usize = 300;
/// How many values stand behind IN.
const MAX_ALTERNATIVES: usize = 100;

pub(super) fn condition(text: &str) -> Result<Parsed<Condition>, Fault> {
    parsed(text, |parser| parser.disjunction())
}

pub(super) fn update(text: &str) -> Result<Parsed<Update>, Fault> {
    parsed(text, |parser| parser.update())
}

pub(super) fn projection(text: &str) -> Result<Parsed<Projection>, Fault> {
    parsed(text, |parser| Ok(Projection(parser.list(Parser::path)?)))
}

fn parsed<T>(
    text: &str,
    parse: impl FnOnce(&mut Parser<'_>) -> Result<T, Fault>,
) -> Result<Parsed<T>, Fault> {
    let mut parser = Parser {
        tokens: &tokens(text)?,
        at: 0,
        operators: 0,
        names: Vec::new(),
        values: Vec::new(),
        forms: Vec::new(),
    };
    let tree = parse(&mut parser)?;
    if parser.peek().is_some() {
        return Err(parser.unexpected());
    }
    Ok(Parsed {
        tree,
        names: parser.names,
        values: parser.values,
        forms: parser.forms,
    })
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    operators: usize,
    names: Vec<String>,
    values: Vec<String>,
    forms: Vec<Form>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn unexpected(&self) -> Fault {
        syntax_error(&format!(
            "{:?}",
            &self.tokens[self.at.min(self.tokens.len())..]
        ))
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|token| matches!(token, Token::Sign(found) if found == sign));
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(
            |token| matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word)),
        );
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn note(&mut self, form: Form) {
        self.forms.push(form);
    }

    fn operator(&mut self, form: Form) -> Result<(), Fault> {
        self.note(form);
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(Fault::invalid(
                "Invalid expression: The expression contains too many operators",
            ));
        }
        Ok(())
    }

    /// Elements with commas between them.
    fn list<T>(
        &mut self,
        element: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut list = vec![element(self)?];
        while self.take_sign(",") {
            list.push(element(self)?);
        }
        Ok(list)
    }

    fn path(&mut self) -> Result<Path, Fault> {
        let path = self.segments()?;
        if path.len() > 1 {
            self.note(Form::NestedPath);
        }
        match self.peek() {
            Some(Token::Sign("[")) => Err(Fault::not_modelled("elements of lists in expressions")),
            _ => Ok(path),
        }
    }

    fn segments(&mut self) -> Result<Path, Fault> {
        let mut path = Vec::new();
        loop {
            path.push(match self.peek() {
                Some(Token::Word(word)) if is_reserved(word) => {
                    return Err(Fault::invalid(format!(
                        "Invalid expression: Attribute name is a reserved keyword; reserved keyword: {word}"
                    )));
                }
                Some(Token::Word(word)) if !word.starts_with('_') => Segment::Plain(word.to_owned()),
                Some(Token::Name(name)) => {
                    self.note(Form::NamePlaceholder);
                    self.names.push(name.to_owned());
                    Segment::Placeholder(name.to_owned())
                }
                _ => return Err(self.unexpected()),
            });
            self.at += 1;
            if !self.take_sign(".") {
                return Ok(path);
            }
        }
    }

    fn value(&mut self) -> Result<String, Fault> {
        let Some(Token::Value(value)) = self.peek() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        self.values.push(value.to_owned());
        Ok(value.to_owned())
    }

    /// The name of a function, with the parenthesis behind it.
    fn function(&mut self) -> Option<&'a str> {
        match (self.peek(), self.tokens.get(self.at + 1)) {
            (Some(Token::Word(name)), Some(Token::Sign("("))) if !is_keyword(name) => {
                self.at += 2;
                Some(name)
            }
            _ => None,
        }
    }

    fn operand(&mut self) -> Result<Operand, Fault> {
        match (self.peek(), self.function()) {
            (Some(Token::Value(_)), _) => self.value().map(Operand::Value),
            (_, Some("size")) => {
                self.note(Form::Size);
                let path = self.path()?;
                self.expect(")")?;
                Ok(Operand::Size(path))
            }
            (_, Some(name)) => Err(unknown_function(name)),
            _ => self.path().map(Operand::Path),
        }
    }

    // ---- conditions

    fn disjunction(&mut self) -> Result<Condition, Fault> {
        let mut condition = self.conjunction()?;
        while self.take_word("OR") {
            self.operator(Form::Or)?;
            condition = Condition::Or(Box::new((condition, self.conjunction()?)));
        }
        Ok(condition)
    }

    fn conjunction(&mut self) -> Result<Condition, Fault> {
        let mut condition = self.negation()?;
        while self.take_word("AND") {
            self.operator(Form::And)?;
            condition = Condition::And(Box::new((condition, self.negation()?)));
        }
        Ok(condition)
    }

    fn negation(&mut self) -> Result<Condition, Fault> {
        if self.take_word("NOT") {
            self.operator(Form::Not)?;
            return Ok(Condition::Not(Box::new(self.negation()?)));
        }
        if self.take_sign("(") {
            let condition = self.disjunction()?;
            self.expect(")")?;
            return Ok(condition);
        }
        let start = self.at;
        match self.function() {
            Some("size") => self.at = start,
            Some(name) => {
                let condition = self.predicate(name)?;
                self.expect(")")?;
                return Ok(condition);
            }
            None => {}
        }
        self.comparison()
    }

    fn predicate(&mut self, name: &str) -> Result<Condition, Fault> {
        match name {
            "attribute_exists" => {
                self.operator(Form::AttributeExists)?;
                self.path().map(Condition::Exists)
            }
            "attribute_not_exists" => {
                self.operator(Form::AttributeNotExists)?;
                self.path().map(Condition::NotExists)
            }
            "begins_with" => {
                self.operator(Form::BeginsWith)?;
                let (whole, start) = self.pair()?;
                Ok(Condition::BeginsWith(whole, start))
            }
            "contains" => {
                self.operator(Form::Contains)?;
                let (whole, part) = self.pair()?;
                Ok(Condition::Contains(whole, part))
            }
            "attribute_type" => Err(Fault::not_modelled("attribute_type")),
            _ => Err(unknown_function(name)),
        }
    }

    /// Two operands that differ.
    fn pair(&mut self) -> Result<(Operand, Operand), Fault> {
        let first = self.operand()?;
        self.expect(",")?;
        let second = self.operand()?;
        distinct(&first, &second)?;
        Ok((first, second))
    }

    fn comparison(&mut self) -> Result<Condition, Fault> {
        let left = self.operand()?;
        if self.take_word("IN") {
            self.operator(Form::In)?;
            self.expect("(")?;
            let alternatives = self.list(Self::operand)?;
            self.expect(")")?;
            if alternatives.len() > MAX_ALTERNATIVES {
                return Err(Fault::invalid(
                    "Invalid expression: too many operands of IN",
                ));
            }
            return Ok(Condition::In(left, alternatives));
        }
        if self.take_word("BETWEEN") {
            self.operator(Form::Between)?;
            let low = self.operand()?;
            if !self.take_word("AND") {
                return Err(self.unexpected());
            }
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        let comparator = self.comparator().ok_or_else(|| self.unexpected())?;
        self.operator(comparator.form())?;
        let right = self.operand()?;
        distinct(&left, &right)?;
        Ok(Condition::Compare(left, comparator, right))
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let Some(Token::Sign(sign)) = self.peek() else {
            return None;
        };
        let comparator = Comparator::from_sign(sign)?;
        self.at += 1;
        Some(comparator)
    }

    // ---- updates

    fn update(&mut self) -> Result<Update, Fault> {
        let mut update = Update::default();
        loop {
            if self.take_word("SET") {
                self.clause(Form::Set)?;
                update.set = self.list(Self::assignment)?;
            } else if self.take_word("REMOVE") {
                self.clause(Form::Remove)?;
                update.remove = self.list(Self::path)?;
            } else if self.take_word("ADD") {
                self.clause(Form::Add)?;
                update.add = self.list(Self::path_and_value)?;
            } else if self.take_word("DELETE") {
                self.clause(Form::Delete)?;
                update.delete = self.list(Self::path_and_value)?;
            } else {
                return Err(self.unexpected());
            }
            if self.peek().is_none() {
                return Ok(update);
            }
        }
    }

    fn clause(&mut self, form: Form) -> Result<(), Fault> {
        if self.forms.contains(&form) {
            return Err(Fault::invalid(format!(
                "Invalid UpdateExpression: The {form:?} section can only be used once in an update expression;"
            )));
        }
        self.note(form);
        Ok(())
    }

    fn path_and_value(&mut self) -> Result<(Path, String), Fault> {
        Ok((self.path()?, self.value()?))
    }

    fn assignment(&mut self) -> Result<(Path, Assigned), Fault> {
        let path = self.path()?;
        self.expect("=")?;
        let first = self.term()?;
        let assigned = if self.take_sign("+") {
            self.note(Form::Plus);
            Assigned::Plus(Box::new((first, self.term()?)))
        } else if self.take_sign("-") {
            self.note(Form::Minus);
            Assigned::Minus(Box::new((first, self.term()?)))
        } else {
            if matches!(first, Assigned::Path(_)) {
                self.note(Form::SetPath);
            }
            first
        };
        Ok((path, assigned))
    }

    fn term(&mut self) -> Result<Assigned, Fault> {
        match self.function() {
            Some("if_not_exists") => {
                self.note(Form::IfNotExists);
                let path = self.path()?;
                self.expect(",")?;
                let otherwise = self.term()?;
                self.expect(")")?;
                Ok(Assigned::IfNotExists(path, Box::new(otherwise)))
            }
            Some("list_append") => Err(Fault::not_modelled("list_append")),
            Some(name) => Err(unknown_function(name)),
            None => match self.peek() {
                Some(Token::Value(_)) => self.value().map(Assigned::Value),
                _ => self.path().map(Assigned::Path),
            },
        }
    }
}

/// A word that a parenthesis may follow without its being a function.
fn is_keyword(word: &str) -> bool {
    ["AND", "OR", "NOT", "IN"]
        .iter()
        .any(|keyword| keyword.eq_ignore_ascii_case(word))
}

fn unknown_function(name: &str) -> Fault {
    Fault::invalid(format!(
        "Invalid expression: Invalid function name; function: {name}"
    ))
}

fn distinct(first: &Operand, second: &Operand) -> Result<(), Fault> {
    if first == second {
        return Err(Fault::invalid(
            "Invalid expression: The first operand must be distinct from the remaining operands for this operator or function",
        ));
    }
    Ok(())
}
