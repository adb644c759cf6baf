//! A history as text: what a finding is reduced to, and checked in as a regression.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::actors::{Action, Person, Step};
use crate::history::{Plan, Rotation};
use crate::network::fault::Fault;
use crate::place::{Origin, Place};
use crate::planted::Planted;
use crate::world::Conditions;

/// A history in which every fault is written down.
#[derive(Clone, Debug)]
pub struct Script {
    /// What happens.
    pub plan: Plan,
    /// What goes wrong.
    pub faults: BTreeMap<Place, Fault>,
}

/// A line of a script cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseScriptError {
    line: usize,
    reason: String,
}

impl Rotation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AppSecret => "app-secret",
            Self::Keys => "keys",
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            seed,
            conditions,
            rotations,
            steps,
            planted: _,
        } = &self.plan;
        writeln!(f, "seed {seed}")?;
        let conditions = [
            ("skew", conditions.skew),
            ("environments", conditions.environments.into()),
            ("cold-starts", conditions.cold_starts.into()),
        ];
        for (name, value) in conditions.into_iter().filter(|(_, value)| *value != 0) {
            writeln!(f, "{name} {value}")?;
        }
        for (at, rotation) in rotations {
            writeln!(f, "rotate {} after {at}", rotation.as_str())?;
        }
        for step in steps {
            let (person, device, number) = (step.person, step.device, step.number);
            let pause = step.pause.as_millis();
            writeln!(
                f,
                "step {person}.{device}.{number} after {pause} {}",
                step.action
            )?;
        }
        self.faults
            .iter()
            .try_for_each(|(place, fault)| writeln!(f, "fault {place} {fault}"))
    }
}

impl FromStr for Script {
    type Err = ParseScriptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut script = Self {
            plan: Plan {
                seed: 0,
                conditions: Conditions::default(),
                rotations: Vec::new(),
                steps: Vec::new(),
                planted: Planted::default(),
            },
            faults: BTreeMap::new(),
        };
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                script.read(line).map_err(|reason| ParseScriptError {
                    line: at + 1,
                    reason,
                })?;
            }
        }
        Ok(script)
    }
}

impl Script {
    fn read(&mut self, line: &str) -> Result<(), String> {
        let plan = &mut self.plan;
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["seed", seed] => plan.seed = number(seed)?,
            ["skew", skew] => plan.conditions.skew = number(skew)?,
            ["environments", count] => plan.conditions.environments = number(count)?,
            ["cold-starts", rate] => plan.conditions.cold_starts = number(rate)?,
            ["rotate", what, "after", at] => {
                let known = [Rotation::AppSecret, Rotation::Keys];
                let rotation = known.into_iter().find(|known| known.as_str() == what);
                let rotation = rotation.ok_or("app-secret or keys can be rotated")?;
                plan.rotations.push((number(at)?, rotation));
            }
            ["step", origin, "after", pause, action] => {
                plan.steps.push(step(origin, pause, action)?);
            }
            ["fault", place, ref fault @ ..] => {
                let place = place.parse::<Place>().map_err(|error| error.to_string())?;
                let fault = fault.join(" ").parse::<Fault>();
                self.faults
                    .insert(place, fault.map_err(|error| error.to_string())?);
            }
            _ => return Err(format!("{line:?} is no line of a script")),
        }
        Ok(())
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn step(origin: &str, pause: &str, action: &str) -> Result<Step, String> {
    let origin = origin
        .parse::<Origin>()
        .map_err(|error| error.to_string())?;
    let Origin::Step {
        person,
        device,
        step,
    } = origin
    else {
        return Err("only persons make steps".to_owned());
    };
    Ok(Step {
        person: Person(person),
        device,
        number: step,
        pause: Duration::from_millis(number(pause)?),
        action: action
            .parse::<Action>()
            .map_err(|error| error.to_string())?,
    })
}
