//! Updates.

use super::{Parser, unknown_function};
use crate::dynamodb::error::Fault;
use crate::dynamodb::expression::Path;
use crate::dynamodb::expression::token::Token;
use crate::dynamodb::expression::update::{Assigned, Update};
use crate::dynamodb::form::Form;

impl Parser<'_> {
    pub(super) fn update(&mut self) -> Result<Update, Fault> {
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
