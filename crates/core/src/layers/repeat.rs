//! Layers that stand several times in a row.

use crate::layer::{Default, Domain, Kind, Make, Param, Short, Trial};

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
    make: Make::Repeat,
    // Nothing is left of it in a network.
    trials: Vec::<Trial>::new,
};
