//! The product of branches, element by element.

use super::branches::{PARAMS, merged};
use super::conv2d::Conv2d;
use super::convolution::Padding;
use super::global_avg_pool::GlobalAvgPool;
use super::product::Product;
use crate::layer::{Arguments, Kind, Layer, Make, Short, Trial, Value};

pub static KIND: Kind = Kind {
    name: "multiply",
    about: "The product of branches, element by element. An axis of one element is spread, as the one position after `global_avg_pool`.",
    params: PARAMS,
    short: Short::Never,
    example: "multiply: {branches: [[...], [...]]}",
    make: Make::Layer(|arguments| merged(arguments, Product)),
    trials: || {
        let conv = |out| -> Layer { Conv2d { padding: Padding::Same, ..Conv2d::new(out, 3) }.into() };
        let of = |branches: Vec<Vec<Layer>>| {
            merged(&Arguments { kind: &KIND, values: vec![Value::Branches(branches)] }, Product)
        };
        let squeeze: Vec<Layer> = vec![GlobalAvgPool.into(), conv(2)];
        vec![Trial::new(&[2, 6, 5], vec![of(vec![vec![conv(2)], Vec::new(), squeeze]), conv(2)])]
    },
};
