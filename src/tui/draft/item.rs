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

    /// The name of a choice; none of other lines.
    #[must_use]
    pub fn choice(&self) -> Option<String> {
        match self {
            Self::Activation(_, activation) => Some(activation.to_string()),
            Self::Init(init) => Some(init.to_string()),
            Self::Size(_) | Self::Depth | Self::Repetitions | Self::Seed => None,
        }
    }

    /// What a choice is, as people write it.
    #[must_use]
    pub fn formula(&self) -> String {
        match self {
            Self::Activation(_, activation) => activation.entry().formula.to_owned(),
            Self::Init(init) => init.formula(),
            Self::Size(_) | Self::Depth | Self::Repetitions | Self::Seed => String::new(),
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
