//! What a template comes to with given parameters: as CloudFormation does, but for references to resources.

use serde_json::{Value, json};

use super::{Template, entries, list, text};

/// What is left of a template, and which of its conditions are fulfilled, when parameters have these values.
struct Values<'a> {
    template: &'a Template,
    given: &'a [(&'a str, &'a str)],
}

impl Template {
    /// The template with these parameters, and the defaults of the others, outside of China: conditions are decided,
    /// `!If` and `!FindInMap` are replaced by what they give, and what is not there is gone.
    #[must_use]
    pub fn with(&self, parameters: &[(&str, &str)]) -> Self {
        let values = Values {
            template: self,
            given: parameters,
        };
        Self {
            source: self.source.clone(),
            document: values.resolve(&self.document).unwrap_or_default(),
        }
    }

    /// Whether a condition is fulfilled by the parameters' defaults, outside of China.
    pub fn holds_by_default(&self, condition: &str) -> bool {
        let (template, given) = (self, &[][..]);
        Values { template, given }.holds(condition)
    }
}

impl Values<'_> {
    fn of_parameter(&self, name: &str) -> String {
        if name == "AWS::Partition" {
            return "aws".to_owned();
        }
        let given = self.given.iter().find(|(given, _)| *given == name);
        let default = &self.template.section("Parameters")[name]["Default"];
        match given {
            Some((_, value)) => (*value).to_owned(),
            None => scalar(default),
        }
    }

    fn of_scalar(&self, value: &Value) -> String {
        match value["Ref"].as_str() {
            Some(parameter) => self.of_parameter(parameter),
            None => scalar(value),
        }
    }

    /// A condition that the template does not have is not fulfilled.
    fn holds(&self, condition: &str) -> bool {
        self.is_true(&self.template.section("Conditions")[condition])
    }

    fn is_true(&self, expression: &Value) -> bool {
        let Some((function, arguments)) = entries(expression).next() else {
            return false;
        };
        let mut each = list(arguments).map(|argument| self.is_true(argument));
        match function {
            "Fn::And" => each.all(|one| one),
            "Fn::Or" => each.any(|one| one),
            "Fn::Not" => !each.any(|one| one),
            "Fn::Equals" => self.of_scalar(&arguments[0]) == self.of_scalar(&arguments[1]),
            "Condition" => self.holds(&text(arguments)),
            other => panic!("{other} is a condition that this reader does not know yet"),
        }
    }

    /// What a value comes to; nothing if that is `AWS::NoValue`, or a resource or output whose condition is not fulfilled.
    fn resolve(&self, value: &Value) -> Option<Value> {
        if let [condition, fulfilled, otherwise] = list(&value["Fn::If"]).collect::<Vec<_>>()[..] {
            let holds = self.holds(&text(condition));
            return self.resolve(if holds { fulfilled } else { otherwise });
        }
        if let [map, first, second] = list(&value["Fn::FindInMap"]).collect::<Vec<_>>()[..] {
            let map = &self.template.section("Mappings")[text(map)];
            return Some(map[self.of_scalar(first)][self.of_scalar(second)].clone());
        }
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|v| self.resolve(v)).collect()),
            Value::Object(_) if *value == json!({"Ref": "AWS::NoValue"}) => None,
            Value::Object(_) if !self.is_there(value) => None,
            Value::Object(object) => {
                let entries = object.iter();
                let entries = entries.filter_map(|(k, v)| Some((k.clone(), self.resolve(v)?)));
                Some(Value::Object(entries.collect()))
            }
            scalar => Some(scalar.clone()),
        }
    }

    /// A resource has its condition beside its type, and an output beside its value.
    fn is_there(&self, value: &Value) -> bool {
        let conditional = value["Type"].is_string() || !value["Value"].is_null();
        let condition = value["Condition"].as_str().filter(|_| conditional);
        condition.is_none_or(|condition| self.holds(condition))
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
