//! What of a preset decides scores.

use serde::Serialize;
use serde_yaml::Value;

use super::layers::write_layers;
use super::network::write_input;
use super::{Preset, Whole};
use neartop_core::arithmetic::Arithmetic;
use neartop_core::layers::Calculation;
use neartop_core::network::{BiasInit, Network};
use neartop_core::settings::BatchNorm;
use neartop_core::settings::Rows;
use neartop_core::shape::{Form, Layout};

/// What of a preset decides the scores of a candidate beside the candidate itself and the samples, in one canonical form:
/// two presets with equal definitions ask for equal numbers, whatever they are called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    seed: u64,
    input: Value,
    /// Where the candidates' architectures do not say them, the layers as a preset writes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<Value>,
    /// SHA-256 of the model's file, and which of its activations are slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<(String, Option<Value>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<usize>,
    bias: BiasInit,
    rows: Rows,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_norm: Option<BatchNorm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trainability: Option<bool>,
    /// What fan_out means where convolutions have groups: earlier versions divided by these.
    #[serde(skip_serializing_if = "Option::is_none")]
    fan_out: Option<&'static str>,
    /// Which axis holds the units of a model's value with new axes: earlier versions took the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<&'static str>,
    /// Which activations are searched where a model has some before its first layer and none are named: earlier versions
    /// searched these too.
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<&'static str>,
    /// The place of the layer that is ranked, where layers follow it that decide how it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    ranked_layer: Option<usize>,
    /// The place of a model's layer that has another size than in its file, and that size.
    #[serde(skip_serializing_if = "Option::is_none")]
    sized_layer: Option<(usize, usize)>,
}

impl Definition {
    /// The same with the layer at this place ranked alone.
    #[must_use]
    pub fn ranking(self, place: usize) -> Self {
        Self { ranked_layer: Some(place), ..self }
    }

    /// The same with this number of units of the layer at this place of a model.
    #[must_use]
    pub fn sizing(self, place: usize, units: usize) -> Self {
        Self { sized_layer: Some((place, units)), ..self }
    }
}

impl Preset {
    /// What of this preset decides scores.
    #[must_use]
    pub fn definition(&self) -> Definition {
        let (layers, classes) = match &self.whole {
            None if self.model.is_some() => (None, None),
            None => (Some(write_layers(&self.layers)), None),
            Some(Whole { classes, .. }) => (None, Some(*classes)),
        };
        Definition {
            seed: self.seed,
            input: input(&self.network.input),
            layers,
            model: self.model.as_ref().map(|model| (model.digest.clone(), model.write_slots())),
            classes,
            bias: self.search.bias,
            rows: self.rows,
            batch_norm: (self.batch_norm != BatchNorm::default()).then_some(self.batch_norm),
            trainability: (!self.trainability).then_some(false),
            fan_out: has_groups(&self.network).then_some("of all groups"),
            units: (self.model.is_some() && has_new_channels(&self.network)).then_some("as layers read them"),
            searched: self.model.as_ref().filter(|model| model.leaves_first()).map(|_| "behind layers"),
            ranked_layer: None,
            sized_layer: None,
        }
    }

    /// The name of the one architecture of a network that is named as a whole.
    #[must_use]
    pub fn architecture(&self) -> Option<String> {
        let architecture = self.whole.as_ref()?.architecture.as_ref()?;
        Some(format!("{} {}", architecture.space().name(), architecture.as_str()))
    }
}

/// The input, of features and channels as a list of sizes.
fn input(form: &Form) -> Value {
    match write_input(form) {
        Value::Number(features) => Value::Sequence(vec![Value::Number(features)]),
        other => other,
    }
}

/// Whether a value with new axes has channels where earlier versions took the last axis for the units.
fn has_new_channels(network: &Network) -> bool {
    network.nodes.iter().any(|node| {
        let (output, Some(calculation)) = (&node.place.output, node.operation.as_kind::<Calculation>()) else {
            return false;
        };
        let [input] = node.place.inputs.as_slice() else { return false };
        let [from, to] = [input, output].map(|form| (form.shape.0.first(), form.shape.0.last()));
        let had_channels = input.layout == Layout::Channels && (from.0 == to.0 || from.1 != to.1);
        let keeps_numbers = matches!(calculation.arithmetic(), Arithmetic::Reshape(_) | Arithmetic::Identity);
        keeps_numbers && output.layout == Layout::Channels && !had_channels
    })
}

/// Whether a weight that is drawn has groups.
fn has_groups(network: &Network) -> bool {
    network.nodes.iter().filter_map(|node| node.drawn()).any(|weight| weight.groups > 1)
}
