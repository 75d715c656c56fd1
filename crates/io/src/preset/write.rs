//! A preset as YAML.

use neartop_core::init::BiasInit;
use neartop_core::settings::{Auto, BatchNorm, Rows};
use serde_yaml::Value;

use super::architectures::{Architectures, Whole};
use super::data::write_data;
use super::layers::write_layers;
use super::model::Brought;
use super::network::write_input;
use super::slots::write_fills;
use super::train::write_train;
use super::truth::Truth;
use super::values::{map, unless, value};
use super::{Preset, yaml};

impl Preset {
    /// What it was read from, as errors name it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.source.0
    }

    /// The text that it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.1
    }

    /// The preset as YAML; reading it gives an equal preset. Its head says which version wrote it.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::print(&map([
            ("neartop", value(env!("CARGO_PKG_VERSION"))),
            ("name", value(&self.name)),
            ("description", self.description.as_ref().and_then(value)),
            ("data", Some(write_data(&self.data))),
            ("network", Some(network(self))),
            ("search", Some(search(self))),
            ("truth", self.truth.as_ref().map(Truth::write)),
            ("score", Some(score(self))),
            ("train", write_train(&self.train)),
        ]))
    }
}

fn network(preset: &Preset) -> Value {
    let input = Some(write_input(&preset.network.input));
    if let Some(model) = &preset.model {
        return model.write(input);
    }
    match &preset.whole {
        None => map([("input", input), ("layers", Some(write_layers(&preset.layers)))]),
        Some(Whole { classes, architecture: None }) => map([("input", input), ("classes", value(classes))]),
        Some(Whole { classes, architecture: Some(architecture) }) => map([
            ("input", input),
            ("classes", value(classes)),
            (architecture.space().name(), value(architecture.as_str())),
        ]),
    }
}

fn search(preset: &Preset) -> Value {
    let search = &preset.search;
    let activations = if preset.network.has_slot() { write_fills(&search.activations) } else { None };
    map([
        ("architectures", search.architectures.as_ref().map(Architectures::write)),
        ("slots", preset.model.as_ref().and_then(Brought::write_slots)),
        ("activations", activations),
        ("inits", value(&search.inits)),
        ("bias", unless(search.bias, BiasInit::Zeros)),
    ])
}

fn score(preset: &Preset) -> Value {
    map([
        ("repetitions", write_repetitions(preset)),
        ("batch", preset.batch.and_then(value)),
        ("rows", unless(preset.rows, Rows::Full)),
        ("batch_norm", unless(preset.batch_norm, BatchNorm::Training)),
        ("trainability", unless(preset.trainability, true)),
        ("seed", value(preset.seed)),
    ])
}

fn write_repetitions(preset: &Preset) -> Option<Value> {
    let Some(auto) = preset.auto else { return value(preset.repetitions) };
    if auto == Auto::default() && preset.repetitions == Auto::MOST {
        return value("auto");
    }
    Some(map([
        ("minimum", value(auto.least)),
        ("maximum", value(preset.repetitions)),
        ("confidence", value(auto.confidence)),
    ]))
}
