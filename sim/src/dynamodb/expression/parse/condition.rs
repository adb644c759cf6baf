//! Conditions.

use super::{Parser, unknown_function};
use crate::dynamodb::error::Fault;
use crate::dynamodb::expression::Operand;
use crate::dynamodb::expression::condition::{Comparator, Condition};
use crate::dynamodb::expression::token::Token;
use crate::dynamodb::form::Form;

/// How many values stand behind IN.
const MAX_ALTERNATIVES: usize = 100;

impl Parser<'_> {
    pub(super) fn disjunction(&mut self) -> Result<Condition, Fault> {
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
}

fn distinct(first: &Operand, second: &Operand) -> Result<(), Fault> {
    if first == second {
        return Err(Fault::invalid(
            "Invalid expression: The first operand must be distinct from the remaining operands for this operator or function",
        ));
    }
    Ok(())
}
