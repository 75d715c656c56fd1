//! What fills the slots of a network.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::activation::Activation;

/// What the slot is called that has no name of its own.
pub const PLAIN: &str = "activation";

/// The activations to try in each slot, by the slot's name.
pub type Choices = BTreeMap<String, Vec<Activation>>;

/// What fills the slots of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Fill {
    /// One activation for every slot.
    One(Activation),
    /// An activation for each slot, by the slot's name.
    BySlot(BTreeMap<String, Activation>),
}

impl Fill {
    /// What fills the slot of this name.
    #[must_use]
    pub fn of(&self, slot: &str) -> Option<&Activation> {
        match self {
            Self::One(activation) => Some(activation),
            Self::BySlot(activations) => activations.get(slot),
        }
    }

    /// The activations, each with its slot's name.
    #[must_use]
    pub fn parts(&self) -> Vec<(&str, &Activation)> {
        match self {
            Self::One(activation) => vec![(PLAIN, activation)],
            Self::BySlot(activations) => {
                activations.iter().map(|(slot, activation)| (slot.as_str(), activation)).collect()
            }
        }
    }

    /// All combinations of the choices for each slot, in which those of the last slot change first. Where the plain slot is
    /// the only one, its choices.
    #[must_use]
    pub fn product(choices: &Choices) -> Vec<Self> {
        if let (1, Some(activations)) = (choices.len(), choices.get(PLAIN)) {
            return activations.iter().cloned().map(Self::One).collect();
        }
        let mut fills = vec![BTreeMap::new()];
        for (slot, activations) in choices {
            let with = |fill: &BTreeMap<_, _>, activation: &Activation| {
                let mut fill = fill.clone();
                fill.insert(slot.clone(), activation.clone());
                fill
            };
            let of_each =
                fills.iter().flat_map(|fill| activations.iter().map(move |activation| with(fill, activation)));
            fills = of_each.collect();
        }
        fills.into_iter().filter(|fill| !fill.is_empty()).map(Self::BySlot).collect()
    }

    /// The choices whose product fills are, in the order of their first use.
    #[must_use]
    pub fn choices(fills: &[Self]) -> Choices {
        let mut choices = Choices::new();
        for (slot, activation) in fills.iter().flat_map(Self::parts) {
            let activations = choices.entry(slot.to_owned()).or_default();
            if !activations.contains(activation) {
                activations.push(activation.clone());
            }
        }
        choices
    }
}

impl From<Activation> for Fill {
    fn from(activation: Activation) -> Self {
        Self::One(activation)
    }
}

/// The activation, or each after its slot's name: `hidden: gelu, output: tanh`.
impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(activation) => activation.fmt(f),
            Self::BySlot(activations) => {
                let parts: Vec<_> =
                    activations.iter().map(|(slot, activation)| format!("{slot}: {activation}")).collect();
                f.pad(&parts.join(", "))
            }
        }
    }
}

/// The gains of what fills the slots, computed once.
#[derive(Debug, Clone, PartialEq)]
pub struct Gains {
    /// By slot, where the slots are filled apart.
    by_slot: BTreeMap<String, f64>,
    /// Of every other slot.
    other: f64,
}

impl Gains {
    /// Gains of 1 where nothing fills the slots.
    #[must_use]
    pub fn new(fill: Option<&Fill>) -> Self {
        let (by_slot, other) = match fill {
            None => (BTreeMap::new(), 1.0),
            Some(Fill::One(activation)) => (BTreeMap::new(), activation.gain()),
            Some(Fill::BySlot(activations)) => {
                (activations.iter().map(|(slot, activation)| (slot.clone(), activation.gain())).collect(), 1.0)
            }
        };
        Self { by_slot, other }
    }

    /// The gain of what fills this slot.
    #[must_use]
    pub fn of(&self, slot: Option<&str>) -> f64 {
        slot.and_then(|slot| self.by_slot.get(slot)).copied().unwrap_or(self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(slots: &[(&str, &[&str])]) -> Choices {
        let named = |names: &[&str]| names.iter().map(|name| Activation::named(name).unwrap()).collect();
        slots.iter().map(|(slot, names)| ((*slot).to_owned(), named(names))).collect()
    }

    #[test]
    fn choices_of_slots_are_combined_and_found_again() {
        for (slots, first, count) in [
            (choices(&[("activation", &["relu", "tanh"])]), "relu", 2),
            (choices(&[("hidden", &["relu", "tanh"])]), "hidden: relu", 2),
            (
                choices(&[("hidden", &["relu", "tanh"]), ("output", &["silu", "relu", "elu"])]),
                "hidden: relu, output: silu",
                6,
            ),
        ] {
            let fills = Fill::product(&slots);
            assert_eq!((fills[0].to_string().as_str(), fills.len()), (first, count));
            assert_eq!(Fill::choices(&fills), slots);
        }
        assert_eq!(Fill::product(&Choices::new()), []);
    }

    #[test]
    fn fills_are_written_as_activations_or_by_slot() {
        let json = |slots: &[(&str, &[&str])]| serde_json::to_string(&Fill::product(&choices(slots))[0]).unwrap();
        assert_eq!(json(&[("activation", &["relu"])]), r#""relu""#);
        assert_eq!(json(&[("output", &["tanh"]), ("hidden", &["gelu"])]), r#"{"hidden":"gelu","output":"tanh"}"#);
    }

    #[test]
    fn gains_are_those_of_the_slots() {
        let fill = &Fill::product(&choices(&[("hidden", &["relu"]), ("output", &["tanh"])]))[0];
        let gains = Gains::new(Some(fill));
        assert_eq!((gains.of(Some("output")), gains.of(None)), (5.0 / 3.0, 1.0));
        let one = Gains::new(Some(&Activation::named("tanh").unwrap().into()));
        assert_eq!((one.of(Some("hidden")), one.of(None)), (5.0 / 3.0, 5.0 / 3.0));
        assert_eq!(Gains::new(None).of(Some("hidden")), 1.0);
    }
}
