//! The sum of branches, which must give the same shape.

use super::branches::{PARAMS, merged};
use super::conv2d::Conv2d;
use super::convolution::Padding;
use super::linear::Linear;
use super::sum::Sum;
use crate::layer::{Arguments, Kind, Layer, Make, Short, Trial, Value};

pub static KIND: Kind = Kind {
    name: "add",
    about: "The sum of branches, which must give the same shape.",
    params: PARAMS,
    short: Short::Never,
    example: "add: {branches: [[...], [...]]}",
    make: Make::Layer(|arguments| merged(arguments, Sum)),
    trials: || {
        let conv = |out| -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) }.into() };
        let of = |branches: Vec<Vec<Layer>>| {
            merged(&Arguments { kind: &KIND, values: vec![Value::Branches(branches)] }, Sum)
        };
        let linear = || -> Layer { Linear::new(5).into() };
        vec![
            Trial::new(&[2, 6, 5], vec![of(vec![vec![conv(3)], vec![conv(3), conv(3)], vec![conv(3)]])]),
            Trial::new(&[5], vec![of(vec![Vec::new(), vec![linear()]])]),
        ]
    },
};
