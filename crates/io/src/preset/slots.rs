//! The activations to try, slot by slot.

use neartop_core::activation::Activation;
use neartop_core::catalog::nearest;
use neartop_core::fill::PLAIN;
use neartop_core::network::{Choices, Fill, Network};
use serde_yaml::Value;

use super::choices::{Listed, read_choice, read_choices};
use super::values::value;
use super::yaml::{Node, Problem, printable};

/// The most combinations of activations that a preset may ask for.
const MOST: usize = 10_000;

/// Reads `search.activations`, where it is given: choices for the only slot of the network, or by the names of its slots.
/// `search` is where it belongs.
pub fn read_fills(node: Option<&Node<'_>>, search: &Node<'_>, network: &Network) -> Result<Vec<Fill>, Problem> {
    let slots = network.slots();
    let choices = match (node, slots.as_slice()) {
        (None, []) => Choices::new(),
        (None, [slot]) => Choices::from([((*slot).to_owned(), Activation::all())]),
        (None, slots) => {
            let problem =
                search.problem(format!("search.activations must say what to try in the slots {}", names(slots)));
            return Err(problem.help(format!("write `activations: {}`", for_each(slots, "all"))));
        }
        (Some(node), []) => {
            return Err(node
                .key_problem("the network has no slot that searched activations could fill")
                .help(match network.nodes.iter().any(|node| node.origin.is_some()) {
                    true => "say by search.slots which activations of the model are searched, or leave search.activations out",
                    false => "put `activation` among network.layers, or leave search.activations out",
                }));
        }
        (Some(node), slots) if is_by_slot(node, slots) => read_by_slot(node, slots)?,
        (Some(node), [slot]) => Choices::from([((*slot).to_owned(), read_choices::<Activation>(node)?)]),
        (Some(node), slots) => return Err(apart(node, slots)),
    };
    let count = choices.values().try_fold(1usize, |count, activations| count.checked_mul(activations.len()));
    match (count, node) {
        (Some(..=MOST), _) | (_, None) => Ok(Fill::product(&choices)),
        (_, Some(node)) => Err(node
            .key_problem(format!("the slots have more than {MOST} combinations of activations"))
            .help("name fewer activations, or give slots the same name to fill them alike")),
    }
}

/// Whether a map has slots as its keys, and not activations by mistake.
fn is_by_slot(node: &Node<'_>, slots: &[&str]) -> bool {
    let is_activation = |(key, _): (&str, Node<'_>)| Activation::resolve(key).is_some();
    let entries = node.entries("").unwrap_or_default();
    !entries.is_empty() && (slots != [PLAIN] || !entries.into_iter().any(is_activation))
}

fn read_by_slot(node: &Node<'_>, slots: &[&str]) -> Result<Choices, Problem> {
    let mut choices = Choices::new();
    for (slot, listed) in node.entries("a map of slots")? {
        if !slots.contains(&slot) {
            let problem = listed.key_problem(format!("the network has no slot called `{}`", printable(slot)));
            return Err(problem.help(instead(slot, slots)));
        }
        choices.insert(slot.to_owned(), read_choices::<Activation>(&listed)?);
    }
    match slots.iter().find(|slot| !choices.contains_key(**slot)) {
        Some(slot) => Err(node
            .key_problem(format!("the slot `{slot}` of the network has no activations to try"))
            .help(format!("add `{slot}: all`, or a list"))),
        None => Ok(choices),
    }
}

/// What to write in place of a slot that there is not.
fn instead(slot: &str, slots: &[&str]) -> String {
    match nearest(slot, slots.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if slots == [PLAIN] => "name it where it stands: `activation: {slot: NAME}`".to_owned(),
        None => format!("there are {}", names(slots)),
    }
}

/// That one list does not do for several slots.
fn apart(node: &Node<'_>, slots: &[&str]) -> Problem {
    let problem = node.problem(format!("the slots {} are filled apart, each from a list of its own", names(slots)));
    let text = node.text_of().replace('"', "").replace(',', ", ");
    let choices = if node.is_list() && text.len() <= 40 { &text } else { "all" };
    problem.help(format!("write `activations: {}`", for_each(slots, choices)))
}

fn names(slots: &[&str]) -> String {
    slots.iter().map(|slot| format!("`{slot}`")).collect::<Vec<_>>().join(", ")
}

fn for_each(slots: &[&str], choices: &str) -> String {
    let each: Vec<_> = slots.iter().map(|slot| format!("{slot}: {choices}")).collect();
    format!("{{{}}}", each.join(", "))
}

impl Listed for Fill {
    const WHAT: &'static str = Activation::WHAT;

    fn all() -> Vec<Self> {
        Activation::all().into_iter().map(Self::One).collect()
    }

    fn is_known(name: &str) -> bool {
        Activation::is_known(name)
    }

    /// That of the first activation.
    fn name(&self) -> &str {
        self.parts().first().map_or("", |(_, activation)| activation.name())
    }

    /// An activation, or a map of one activation for each slot.
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        if !is_by_slot(node, &[PLAIN]) {
            return read_choice(node).map(Self::One);
        }
        let entries = node.entries("a map of slots")?.into_iter();
        let filled = entries.map(|(slot, activation)| Ok((slot.to_owned(), read_choice(&activation)?)));
        filled.collect::<Result<_, _>>().map(Self::BySlot)
    }
}

/// The fills as a preset writes them.
pub fn write_fills(fills: &[Fill]) -> Option<Value> {
    let choices = Fill::choices(fills);
    match (choices.len(), choices.get(PLAIN)) {
        (1, Some(activations)) => value(activations),
        _ => value(choices),
    }
}
