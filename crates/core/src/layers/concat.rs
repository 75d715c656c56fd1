//! The units of branches, one after the other.

use super::branches::{PARAMS, merged};
use super::concatenation::Concat;
use super::conv2d::Conv2d;
use super::convolution::Padding;
use crate::layer::{Arguments, Kind, Layer, Make, Short, Trial, Value};

pub static KIND: Kind = Kind {
    name: "concat",
    about: "The units of branches, one after the other.",
    params: PARAMS,
    short: Short::Never,
    example: "concat: {branches: [[...], [...]]}",
    make: Make::Layer(|arguments| merged(arguments, Concat)),
    trials: || {
        let conv = |out| -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) }.into() };
        let of = |branches: Vec<Vec<Layer>>| {
            merged(&Arguments { kind: &KIND, values: vec![Value::Branches(branches)] }, Concat)
        };
        vec![Trial::new(&[2, 6, 5], vec![of(vec![vec![conv(2)], Vec::new(), vec![conv(3)]]), conv(2)])]
    },
};
