//! The network of a preset that is a model of another library.

use std::path::{Path, PathBuf};

use neartop_core::fill::PLAIN;
use neartop_core::network::{Fill, Network};
use neartop_core::shape::Form;
use serde_yaml::Value;

use super::values::{map, value};
use super::yaml::{Map, Node, Problem};
use crate::model::{self, Found, Imported, ModelError, Wanted};

/// A model of another library, in place of layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Brought {
    pub path: PathBuf,
    /// SHA-256 of the file, with what it takes from files beside it.
    pub digest: String,
    pub wanted: Wanted,
    pub activations: Vec<Found>,
    /// The network as it is, without slots.
    pub as_given: Network,
    /// Whether the preset gives the sizes of the input.
    has_input: bool,
    /// What was assumed.
    pub remarks: Vec<String>,
}

impl Brought {
    /// Reads `network: {model: ...}`; `slots` says which activations are searched.
    ///
    /// # Errors
    /// What is wrong with the file, at its place in the preset.
    pub fn read(
        node: &Node<'_>,
        input: Option<&Form>,
        slots: Option<&Node<'_>>,
        directory: &Path,
    ) -> Result<(Self, Network), Problem> {
        let path = directory.join(node.text("the model")?);
        let fail = |error: ModelError| problem(node, &error);
        if !path.exists() {
            return Err(node.problem(format!("there is no file {}", super::printable(&path.display().to_string()))));
        }
        let (program, digest) = model::read_with_digest(&path).map_err(fail)?;
        let wanted = slots.map_or(Ok(Wanted::Usual), read_wanted)?;
        let imported = model::trace(&program, input, &wanted).map_err(|error| match (&error, slots) {
            (ModelError::NoActivation { .. }, Some(slots)) => problem(slots, &error),
            _ => fail(error),
        })?;
        let Imported { network, as_given, activations, remarks } = imported;
        if network.counted().is_empty() {
            return Err(node.problem("NEAR counts layers with weights and activations, and this model has none"));
        }
        let has_input = input.is_some();
        Ok((Self { path, digest, wanted, activations, as_given, has_input, remarks }, network))
    }

    /// What fills the slots in the model as it is; none where one slot stands for several activations.
    #[must_use]
    pub fn fill(&self, network: &Network) -> Option<Fill> {
        let mut choices = neartop_core::network::Choices::new();
        for slot in network.slots() {
            let mut own = self.activations.iter().filter(|found| found.slot.as_deref() == Some(slot));
            let first = own.next()?.activation.clone();
            if own.any(|found| found.activation != first) {
                return None;
            }
            choices.insert(slot.to_owned(), vec![first]);
        }
        Fill::product(&choices).into_iter().next()
    }

    /// Makes the path absolute, so that it holds wherever the preset is written.
    pub fn make_absolute(&mut self) {
        self.path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
    }

    /// As `network` of a preset.
    pub(super) fn write(&self, input: Option<Value>) -> Value {
        map([("model", value(self.path.to_string_lossy())), ("input", input.filter(|_| self.has_input))])
    }

    /// Whether the usual activations are searched, and would be others with those before the first layer.
    pub(super) fn leaves_first(&self) -> bool {
        self.wanted == Wanted::Usual && model::leaves_first(&self.activations)
    }

    /// As `search.slots`; none where the usual ones are searched.
    pub(super) fn write_slots(&self) -> Option<Value> {
        match &self.wanted {
            Wanted::Usual => None,
            Wanted::Nothing => value("none"),
            Wanted::Named(slots) => match slots.as_slice() {
                [(name, names)] if name == PLAIN => value(names),
                many => Some(map_of(many)),
            },
        }
    }
}

fn map_of(slots: &[(String, Vec<String>)]) -> Value {
    let entries = slots.iter().map(|(name, names)| (Value::from(name.as_str()), value(names).unwrap_or(Value::Null)));
    Value::Mapping(entries.collect())
}

/// `all`, `none`, a name, a list of names, or by slot one of these. A name is that of a kind of activation or a path.
fn read_wanted(node: &Node<'_>) -> Result<Wanted, Problem> {
    if node.as_str() == Some("none") {
        return Ok(Wanted::Nothing);
    }
    if !node.is_map() {
        return Ok(Wanted::Named(vec![(PLAIN.to_owned(), read_names(node)?)]));
    }
    let slots = node.entries("a map of slots")?.into_iter();
    let slots = slots.map(|(slot, names)| Ok((slot.to_owned(), read_names(&names)?))).collect::<Result<Vec<_>, _>>()?;
    Ok(Wanted::Named(slots))
}

fn read_names(node: &Node<'_>) -> Result<Vec<String>, Problem> {
    match node.is_list() {
        true => node.list("the slots")?.iter().map(|name| Ok(name.text("a slot")?.to_owned())).collect(),
        false => Ok(vec![node.text("a slot")?.to_owned()]),
    }
}

/// What is wrong with a model.
fn problem(node: &Node<'_>, error: &ModelError) -> Problem {
    let problem = node.problem(error.to_string());
    match error.help() {
        Some(help) => problem.help(help.to_owned()),
        None => problem,
    }
}

/// Refuses `search.slots` where the network is no model.
pub fn check_slots(search: Option<&Map<'_>>, model: Option<&Brought>) -> Result<(), Problem> {
    match (search.and_then(|search| search.get("slots")), model) {
        (Some(slots), None) => Err(slots
            .key_problem("`slots` belongs to a network that is a model")
            .help("in a list of layers, `activation` is a slot")),
        _ => Ok(()),
    }
}
