//! The values of a layer's parameters.

use super::{Arguments, Layer, Value};

impl Arguments {
    /// The value called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.kind.params.iter().zip(&self.values).find(|(param, _)| param.name == name).map(|(_, value)| value)
    }

    /// The whole number called `name`; 0 where there is none.
    #[must_use]
    pub fn whole(&self, name: &str) -> usize {
        match self.get(name) {
            Some(Value::Whole(n)) => usize::try_from(*n).unwrap_or(usize::MAX),
            _ => 0,
        }
    }

    /// The number called `name`; NaN where there is none.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Number(x)) => *x,
            _ => f64::NAN,
        }
    }

    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Flag(true)))
    }

    #[must_use]
    pub fn word(&self, name: &str) -> Option<&'static str> {
        match self.get(name) {
            Some(Value::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The number called `name` for each of D axes.
    #[must_use]
    pub fn sides<const D: usize>(&self, name: &str) -> [usize; D] {
        match self.get(name) {
            Some(Value::Sides(sides)) => {
                std::array::from_fn(|axis| sides.get(axis).map_or(0, |n| usize::try_from(*n).unwrap_or(usize::MAX)))
            }
            _ => [self.whole(name); D],
        }
    }

    /// The numbers called `name`; none where there are none.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<usize> {
        match self.get(name) {
            Some(Value::Sides(sides)) => sides.iter().map(|n| usize::try_from(*n).unwrap_or(usize::MAX)).collect(),
            _ => Vec::new(),
        }
    }

    /// The name that the user gave for `name`.
    #[must_use]
    pub fn given_name(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Name(given)) => given,
            _ => "",
        }
    }

    /// The lists of layers called `name`; none where there are none.
    #[must_use]
    pub fn branches(&self, name: &str) -> &[Vec<Layer>] {
        match self.get(name) {
            Some(Value::Branches(branches)) => branches,
            _ => &[],
        }
    }

    /// The layers called `name`; none where there are none.
    #[must_use]
    pub fn layers(&self, name: &str) -> &[Layer] {
        match self.get(name) {
            Some(Value::Layers(layers)) => layers,
            _ => &[],
        }
    }

    /// The same with another value of `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        let places = self.kind.params.iter().zip(&mut self.values);
        places.filter(|(param, _)| param.name == name).for_each(|(_, old)| *old = value.clone());
        self
    }
}

impl Value {
    /// A number for each axis; one where all are the same.
    #[must_use]
    pub fn of_sides(sides: &[usize]) -> Self {
        match sides {
            [first, rest @ ..] if rest.iter().all(|side| side == first) => Self::Whole(*first as u64),
            _ => Self::Sides(sides.iter().map(|side| *side as u64).collect()),
        }
    }
}
