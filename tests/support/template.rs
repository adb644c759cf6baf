//! `template.yaml` as the tests read it: CloudFormation's short tags written out, and where its references lead.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

mod parameters;
mod values;
mod yaml;

pub use values::{entries, if_fulfilled, list, sub_form, target, text, texts};
pub use yaml::yaml;

/// A template of CloudFormation's.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    document: Value,
}

/// A function of a template.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// Its logical id.
    pub name: &'a str,
    resource: &'a Value,
}

/// A queue that a function reads.
#[derive(Clone, Copy, Debug)]
pub struct QueueReader<'a> {
    /// Who reads.
    pub function: Function<'a>,
    /// How it reads: the properties of the event source.
    pub mapping: &'a Value,
    /// The queue's logical id.
    pub queue_name: &'a str,
    /// The queue's properties.
    pub queue: &'a Value,
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the workspace.
///
/// # Panics
/// If it cannot be read.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

impl Template {
    /// The workspace's template, parsed once for a process.
    pub fn of_workspace() -> &'static Self {
        static TEMPLATE: LazyLock<Template> =
            LazyLock::new(|| Template::parse(&read("template.yaml")));
        &TEMPLATE
    }

    /// A template from its text.
    pub fn parse(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            document: yaml(source),
        }
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Everything that it says.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// One of its sections, such as `Parameters`.
    pub fn section(&self, name: &str) -> &Value {
        &self.document[name]
    }

    /// The resource with this logical id, or null.
    pub fn resource(&self, name: &str) -> &Value {
        &self.document["Resources"][name]
    }

    /// Its resources of one type, by logical id.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = entries(self.section("Resources"));
        resources.filter(move |(_, resource)| resource["Type"] == kind)
    }

    /// Its resources of several types, by logical id.
    pub fn resources_of<'a>(
        &'a self,
        kinds: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = entries(self.section("Resources"));
        resources.filter(move |(_, resource)| kinds.iter().any(|kind| resource["Type"] == *kind))
    }

    /// Its functions.
    ///
    /// # Panics
    /// If it has none: whoever asks would find nothing wrong with them.
    pub fn functions(&self) -> Vec<Function<'_>> {
        let functions = self.resources("AWS::Serverless::Function");
        let functions: Vec<_> = functions
            .map(|(name, resource)| Function { name, resource })
            .collect();
        assert!(!functions.is_empty(), "the template has functions");
        functions
    }

    /// The properties of what `!GetAtt Name.Arn` or `!Ref Name` names.
    pub fn referred(&self, reference: &Value) -> &Value {
        &self.resource(target(reference).unwrap_or_default())["Properties"]
    }

    /// The queues that functions read.
    ///
    /// # Panics
    /// If there are none.
    pub fn queue_readers(&self) -> Vec<QueueReader<'_>> {
        let functions = self.functions();
        let readers = functions.into_iter().flat_map(|function| {
            let events = entries(&function.properties()["Events"]).map(|(_, event)| event);
            let mappings = events.filter(|event| event["Type"] == "SQS");
            mappings.map(move |event| {
                let mapping = &event["Properties"];
                QueueReader {
                    function,
                    mapping,
                    queue_name: target(&mapping["Queue"]).unwrap_or_default(),
                    queue: self.referred(&mapping["Queue"]),
                }
            })
        });
        let readers: Vec<_> = readers.collect();
        assert!(!readers.is_empty(), "functions read queues");
        readers
    }

    /// The routes of all functions, as `GET /ping`.
    pub fn routes(&self) -> BTreeSet<String> {
        let functions = self.functions();
        functions.iter().flat_map(Function::routes).collect()
    }

    /// Every statement of the roles and of the policies attached to them, with the logical id of the role or policy.
    /// Of a choice, what is there when its condition is fulfilled.
    pub fn statements(&self) -> Vec<(&str, &Value)> {
        let roles = self.resources("AWS::IAM::Role");
        let own = roles.flat_map(|(name, role)| {
            let policies = list(&role["Properties"]["Policies"]).map(if_fulfilled);
            policies.map(move |policy| (name, policy))
        });
        let attached = self.resources("AWS::IAM::Policy");
        let attached = attached.map(|(name, policy)| (name, &policy["Properties"]));
        let statements = own.chain(attached).flat_map(|(name, policy)| {
            let statements = list(&policy["PolicyDocument"]["Statement"]).map(if_fulfilled);
            statements.map(move |statement| (name, statement))
        });
        statements.collect()
    }

    /// The statements that a function's role gives it.
    pub fn statements_of(&self, function: &Function<'_>) -> Vec<&Value> {
        let role = function.role();
        let holds = |owner: &str| {
            let attached_to = list(&self.resource(owner)["Properties"]["Roles"]).map(target);
            Some(owner) == role || attached_to.into_iter().any(|to| to.is_some() && to == role)
        };
        let statements = self.statements().into_iter();
        let statements = statements.filter(|(owner, _)| holds(owner));
        statements.map(|(_, statement)| statement).collect()
    }
}

impl<'a> Function<'a> {
    /// What it is given.
    pub fn properties(&self) -> &'a Value {
        &self.resource["Properties"]
    }

    /// How it is built, and by what.
    pub fn metadata(&self) -> &'a Value {
        &self.resource["Metadata"]
    }

    /// The name of its binary.
    pub fn binary(&self) -> String {
        text(&self.metadata()["BuildProperties"]["Binary"])
    }

    /// The logical id of its role.
    pub fn role(&self) -> Option<&'a str> {
        target(&self.properties()["Role"])
    }

    /// Its time-out in seconds.
    pub fn timeout(&self) -> u64 {
        self.properties()["Timeout"].as_u64().unwrap_or(3)
    }

    /// The routes that lead to it, as `GET /ping`.
    pub fn routes(&self) -> BTreeSet<String> {
        let events = entries(&self.properties()["Events"]).map(|(_, event)| event);
        let routes = events.filter(|event| event["Type"] == "HttpApi");
        let routes = routes.map(|event| {
            let route = &event["Properties"];
            format!("{} {}", text(&route["Method"]), text(&route["Path"]))
        });
        routes.collect()
    }
}
