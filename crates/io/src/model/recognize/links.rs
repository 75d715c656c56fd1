//! What makes a value, and what takes it.

use std::collections::{HashMap, HashSet};

use crate::model::program::{Op, Operand, Plain, Program, Step};

/// The sizes of values, by their names.
pub type Sizes = HashMap<String, Vec<usize>>;

/// The steps around each value, by their places.
pub struct Links {
    makers: HashMap<String, usize>,
    users: HashMap<String, Vec<usize>>,
    /// Values that depend on what comes in.
    live: HashSet<String>,
    outputs: HashSet<String>,
}

impl Links {
    pub fn of(program: &Program) -> Self {
        let mut links = Self {
            makers: HashMap::new(),
            users: HashMap::new(),
            live: program.inputs.iter().map(|input| input.name.clone()).collect(),
            outputs: program.outputs.iter().cloned().collect(),
        };
        for (at, step) in program.steps.iter().enumerate() {
            let mut is_live = false;
            step.operands.iter().for_each(|operand| {
                operand.names(&mut |name| {
                    is_live |= links.live.contains(name);
                    links.users.entry(name.to_owned()).or_default().push(at);
                });
            });
            for output in step.outputs.iter().filter(|output| !output.is_empty()) {
                links.makers.insert(output.clone(), at);
                if is_live {
                    links.live.insert(output.clone());
                }
            }
        }
        links
    }

    /// Whether it depends on what comes in.
    pub fn is_live(&self, value: &str) -> bool {
        self.live.contains(value)
    }

    pub fn maker(&self, value: &str) -> Option<usize> {
        self.makers.get(value).copied()
    }

    pub fn users(&self, value: &str) -> &[usize] {
        self.users.get(value).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing but these steps takes it.
    pub fn is_within(&self, value: &str, steps: &HashSet<usize>) -> bool {
        !self.outputs.contains(value) && self.users(value).iter().all(|user| steps.contains(user))
    }

    /// The only step that takes it.
    pub fn only_user(&self, value: &str) -> Option<usize> {
        let users = self.users(value);
        let first = *users.first()?;
        (!self.outputs.contains(value) && users.iter().all(|user| *user == first)).then_some(first)
    }
}

/// The value of an operand.
pub fn name(operand: Option<&Operand>) -> Option<&str> {
    match operand {
        Some(Operand::Value(name)) => Some(name),
        _ => None,
    }
}

/// The one value that a step makes.
pub fn output(step: &Step) -> &str {
    step.outputs.first().map_or("", String::as_str)
}

/// Whether a step makes every element of one, but for its place.
pub fn passes(step: &Step) -> bool {
    let is_known = matches!(
        step.op,
        Op::Plain(
            Plain::Unary(_)
                | Plain::Binary(_)
                | Plain::Identity
                | Plain::Cast(_)
                | Plain::Where
                | Plain::Clamp
                | Plain::Reshape { .. }
                | Plain::Expand { .. }
                | Plain::Unsqueeze(_)
                | Plain::Squeeze(_)
        )
    );
    is_known && step.outputs.len() == 1
}
