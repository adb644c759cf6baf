//! From the text of an expression to its tree.

mod condition;
mod update;

use super::condition::Condition;
use super::projection::Projection;
use super::reserved::is_reserved;
use super::token::{Token, syntax_error, tokens};
use super::update::Update;
use super::{Operand, Parsed, Path, Segment};
use crate::dynamodb::error::Fault;
use crate::dynamodb::form::Form;

/// How many comparisons, functions, AND, OR and NOT an expression may hold.
const MAX_OPERATORS: usize = 300;

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
