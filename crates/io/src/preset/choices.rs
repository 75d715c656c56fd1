//! Activations and initializations, by their names and parameters.

use std::collections::HashSet;
use std::fmt;

use neartop_core::catalog::{Choice, Entry, Given, nearest};
use neartop_core::layer::Operation;
use neartop_core::layers::Softmax;

use super::yaml::{Node, Problem, printable};

/// What is tried of a model that comes without a preset, and what a new preset says.
pub const USUAL_ACTIVATIONS: [&str; 8] = ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh"];
pub const USUAL_INITS: [&str; 5] = ["torch_default", "xavier_uniform", "kaiming_normal", "lecun_normal", "orthogonal"];

/// What can be searched: activations or initializations.
pub trait Listed: Clone + PartialEq + fmt::Display {
    /// What it is, in the singular.
    const WHAT: &'static str;

    /// What `all` stands for.
    fn all() -> Vec<Self>;

    fn is_known(name: &str) -> bool;

    fn name(&self) -> &str;

    /// As a list has it.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    fn read(node: &Node<'_>) -> Result<Self, Problem>;
}

impl<E: Entry> Listed for Choice<E> {
    const WHAT: &'static str = E::WHAT;

    fn all() -> Vec<Self> {
        Self::all()
    }

    fn is_known(name: &str) -> bool {
        Self::resolve(name).is_some()
    }

    fn name(&self) -> &str {
        self.entry().name()
    }

    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        read_choice(node)
    }
}

/// `all`, or a list of names with or without parameters.
pub fn read_choices<C: Listed>(node: &Node<'_>) -> Result<Vec<C>, Problem> {
    if node.as_str() == Some("all") {
        return Ok(C::all());
    }
    let what = format!("{}s: `all`, or a list", C::WHAT);
    let (mut choices, mut shown): (Vec<C>, _) = (Vec::new(), HashSet::new());
    let in_brackets = |problem: Problem| match node.named(C::WHAT).map(|(name, _)| C::is_known(name)) {
        Ok(true) => problem.help(format!("put it in brackets: `[{}]`", node.text_of())),
        _ => problem,
    };
    for item in node.list(&what).map_err(in_brackets)? {
        let choice = C::read(&item)?;
        // Tables know them by what is shown.
        if !shown.insert(choice.to_string()) || choices.contains(&choice) {
            return Err(item.problem(format!("{choice} stands here twice")).help("leave one of them out"));
        }
        choices.push(choice);
    }
    if choices.is_empty() {
        return Err(node.problem(format!("there is no {} to search", C::WHAT)).help("name some, or write `all`"));
    }
    Ok(choices)
}

/// A name, or a map of one name to its parameters.
pub fn read_choice<E: Entry>(node: &Node<'_>) -> Result<Choice<E>, Problem> {
    let (name, params) = node.named(&format!("an {}", E::WHAT))?;
    let Some((entry, alias)) = Choice::<E>::resolve(name) else {
        let problem = node.problem(format!("no {} is called `{}`", E::WHAT, printable(name)));
        if Softmax::ALL.iter().any(|softmax| softmax.kind().name == name) {
            return Err(problem.help(format!("{name} is not elementwise: it can be a layer, but not be searched")));
        }
        let names = || E::catalog().iter().map(Entry::name).collect::<Vec<_>>().join(", ");
        return Err(problem.help(Choice::<E>::suggest(name).unwrap_or_else(|| format!("there are {}", names()))));
    };
    if let ([alone], Some(x)) = (entry.params(), params.as_ref().and_then(Node::as_number))
        && alone.default.is_none()
    {
        return Choice::new(entry, &[(alone.name, Given::Number(x))]).map_err(|message| node.problem(message));
    }
    let entries = params.map(|p| p.entries(&format!("a map of the parameters of {name}"))).transpose()?;
    let mut given = alias.map_or_else(Vec::new, |alias| alias.given.to_vec());
    for (key, value) in entries.iter().flatten() {
        let Some(param) = entry.params().iter().find(|p| p.name == *key) else {
            let problem = value.key_problem(format!("{name} has no parameter `{}`", printable(key)));
            let known: Vec<_> = entry.params().iter().map(|p| p.name).collect();
            return Err(match (nearest(key, known.iter().copied()), known.as_slice()) {
                (Some(near), _) => problem.help(format!("did you mean `{near}`?")),
                (None, []) => problem.help(format!("{name} takes no parameters")),
                (None, known) => problem.help(format!("it takes {}", known.join(", "))),
            });
        };
        let wrong = |expected| value.problem(format!("`{key}` of {name} must be {expected}, not {}", value.found()));
        let one = match (value.as_number(), value.as_str()) {
            (Some(x), _) => Given::Number(x),
            (None, Some(w)) => Given::Word(w),
            _ => return Err(wrong(param.domain.expectation())),
        };
        param.domain.admit(one).map_err(wrong)?;
        if given.iter().any(|(fixed, _)| fixed == key) {
            let help = format!("write `{}` with all of its parameters", entry.name());
            return Err(value.key_problem(format!("{name} stands for a `{key}` of its own")).help(help));
        }
        given.push((*key, one));
    }
    Choice::new(entry, &given).map_err(|message| node.problem(message))
}

/// One of the known words.
pub fn word<'a>(node: &Node<'a>, what: &str, known: &[&'a str]) -> Result<&'a str, Problem> {
    let Some(given) = node.as_str() else {
        return Err(node.problem(format!("{what} is one of {}, not {}", known.join(", "), node.found())));
    };
    known.iter().find(|k| **k == given).copied().ok_or_else(|| {
        let problem = node.problem(format!("{what} cannot be `{}`", printable(given)));
        match nearest(given, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("it is one of {}", known.join(", "))),
        }
    })
}
