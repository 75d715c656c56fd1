//! Activations and initializations, by their names and parameters.

use neartop_core::catalog::{Choice, Entry, Given, nearest};
use neartop_core::layer::Operation;
use neartop_core::layers::Softmax;

use super::yaml::{Node, Problem, printable};

/// `all`, or a list of names with or without parameters.
pub fn read_choices<E: Entry>(node: &Node<'_>) -> Result<Vec<Choice<E>>, Problem> {
    if node.as_str() == Some("all") {
        return Ok(Choice::all());
    }
    let what = format!("{}s: `all`, or a list", E::WHAT);
    let mut choices = Vec::new();
    for item in node.list(&what)? {
        let choice = read_choice::<E>(&item)?;
        if choices.contains(&choice) {
            return Err(item.problem(format!("{choice} stands here twice")).help("leave one of them out"));
        }
        choices.push(choice);
    }
    if choices.is_empty() {
        return Err(node.problem(format!("there is no {} to search", E::WHAT)).help("name some, or write `all`"));
    }
    Ok(choices)
}

/// A name, or a map of one name to its parameters.
pub fn read_choice<E: Entry>(node: &Node<'_>) -> Result<Choice<E>, Problem> {
    let (name, params) = node.named(&format!("an {}", E::WHAT))?;
    let Some(entry) = Choice::<E>::find(name) else {
        let problem = node.problem(format!("no {} is called `{}`", E::WHAT, printable(name)));
        let names = || E::catalog().iter().map(Entry::name);
        if Softmax::ALL.iter().any(|softmax| softmax.kind().name == name) {
            return Err(problem.help(format!("{name} is not elementwise: it can be a layer, but not be searched")));
        }
        return Err(match nearest(name, names()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("there are {}", names().collect::<Vec<_>>().join(", "))),
        });
    };
    let entries = params.map(|p| p.entries(&format!("a map of the parameters of {name}"))).transpose()?;
    let mut given = Vec::new();
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
        let one = match (value.as_number(), value.as_str()) {
            (Some(x), _) => Given::Number(x),
            (None, Some(w)) => Given::Word(w),
            _ => return Err(value.problem(format!("`{key}` of {name} must be {}", param.domain.expectation()))),
        };
        let admitted = param.domain.admit(one);
        admitted.map_err(|expected| value.problem(format!("`{key}` of {name} must be {expected}")))?;
        given.push((*key, one));
    }
    Choice::new(entry, &given).map_err(|message| node.problem(message))
}

/// One of the known words.
pub fn word<'a>(node: &Node<'a>, what: &str, known: &[&'a str]) -> Result<&'a str, Problem> {
    let given = node.text(what)?;
    known.iter().find(|k| **k == given).copied().ok_or_else(|| {
        let problem = node.problem(format!("{what} cannot be `{}`", printable(given)));
        match nearest(given, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("it is one of {}", known.join(", "))),
        }
    })
}
