//! Gated linear units.

use super::linear::Linear;
use super::product::Product;
use super::slot::{SLOT, Slot};
use super::sum::Sum;
use crate::layer::{Block, Default, Domain, Edge, Kind, Make, Param, Short, Trial, Vertex};

pub static KIND: Kind = Kind {
    name: "gated",
    about: "A gated linear unit (Shazeer 2020): an activation of one dense layer times another dense layer. The slot is the activation of the gate.",
    params: &[
        Param {
            name: "out",
            label: "out",
            domain: Domain::Size,
            default: Default::Needed,
            about: "units of both dense layers",
        },
        Param {
            name: "bias",
            label: "bias",
            domain: Domain::Flag,
            default: Default::Flag(true),
            about: "whether they add biases",
        },
        SLOT,
    ],
    short: Short::Written { param: "out", label: "the width of gated" },
    example: "gated: 128",
    make: Make::Layer(|arguments| {
        let dense = || Linear { out: arguments.whole("out"), bias: arguments.flag("bias") };
        let gate = Vertex::new(vec![Edge::one(0, "gate", dense())], Sum);
        let activation =
            Vertex::new(vec![Edge::one(1, "activation", Slot(arguments.given_name("slot").to_owned()))], Sum);
        let factors = vec![Edge::new(2, "gated", Vec::new()), Edge::one(0, "up", dense())];
        let vertices = vec![gate, activation, Vertex::new(factors, Product)];
        Block { kind: arguments.kind, values: arguments.values.clone(), vertices }.into()
    }),
    // Its slot is open, and its parts have trials of their own.
    trials: Vec::<Trial>::new,
};
