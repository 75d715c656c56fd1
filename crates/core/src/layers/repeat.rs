//! Layers that stand several times in a row.

use super::sum::Sum;
use crate::layer::{Block, Default, Domain, Edge, Kind, Layer, Make, Param, Short, Trial, Value, Vertex};

/// The most times.
pub const MOST: u64 = 10_000;

pub static KIND: Kind = Kind {
    name: "repeat",
    about: "Its layers as many times in place of it, each time with weights of their own.",
    params: &[
        Param {
            name: "times",
            label: "times",
            domain: Domain::Whole { least: 1, most: MOST },
            default: Default::Needed,
            about: "how often",
        },
        Param {
            name: "layers",
            label: "the layers to repeat",
            domain: Domain::Layers { nothing: None },
            default: Default::Needed,
            about: "a list of layers",
        },
    ],
    short: Short::Never,
    example: "repeat: {times: 3, layers: [...]}",
    make: Make::Repeat(|arguments| {
        let times = arguments.whole("times");
        let once: &[Layer] = match arguments.get("layers") {
            Some(Value::Layers(layers)) => layers,
            _ => &[],
        };
        let all = std::iter::repeat_n(once, times).flatten().cloned().collect();
        let vertices = vec![Vertex::new(vec![Edge::new(0, "layers", all)], Sum)];
        Block { kind: arguments.kind, values: arguments.values.clone(), vertices }.into()
    }),
    // Nothing is left of it in a network.
    trials: Vec::<Trial>::new,
};
