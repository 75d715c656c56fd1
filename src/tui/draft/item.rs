//! A line of the draft.

use std::borrow::Cow;

use neartop_core::fill::PLAIN;
use neartop_core::network::{Activation, Init};

/// A line of the draft.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The size of a layer, by its place among those that have one.
    Size(usize),
    /// The number of hidden layers.
    Depth,
    Repetitions,
    Seed,
    /// An activation to try in the slot of this name.
    Activation(String, Activation),
    Init(Init),
}

impl Item {
    /// The part of the search that it belongs to.
    #[must_use]
    pub fn section(&self) -> Cow<'static, str> {
        match self {
            Self::Size(_) | Self::Depth => "network".into(),
            Self::Repetitions | Self::Seed => "score".into(),
            Self::Activation(slot, _) if slot != PLAIN => format!("activations of slot {slot}").into(),
            Self::Activation(..) => "activations".into(),
            Self::Init(Init::Recipe(_)) => "recipes of initializations by kind of layer and by place".into(),
            Self::Init(_) => "initializations".into(),
        }
    }

    /// What a filter is compared with.
    pub(super) fn words(&self) -> String {
        let name = match self {
            Self::Size(layer) => format!("layer {layer}"),
            Self::Depth => "hidden layers depth".to_owned(),
            Self::Repetitions => "repetitions".to_owned(),
            Self::Seed => "seed".to_owned(),
            Self::Activation(_, activation) => activation.to_string(),
            Self::Init(init) => init.to_string(),
        };
        format!("{} {name}", self.section())
    }
}
