//! Residuals: the sum of a body and a shortcut.

use super::conv2d::Conv2d;
use super::convolution::Padding;
use super::fixed::Fixed;
use super::linear::Linear;
use super::sum::Sum;
use crate::layer::{Block, Default, Domain, Edge, Kind, Layer, Make, Param, Short, Trial, Value, Vertex};

pub static KIND: Kind = Kind {
    name: "residual",
    about: "The sum of a body and a shortcut (He et al. 2016), which is the identity unless given.",
    params: &[
        Param {
            name: "body",
            label: "the body",
            domain: Domain::Layers { nothing: None },
            default: Default::Needed,
            about: "a list of layers",
        },
        Param {
            name: "shortcut",
            label: "the shortcut",
            domain: Domain::Layers { nothing: Some("identity") },
            default: Default::NoLayers,
            about: "a list of layers, or `identity`",
        },
    ],
    short: Short::Never,
    example: "residual: {body: [...]}",
    make: Make::Layer(|arguments| {
        Block::residual(arguments.layers("body").to_vec(), arguments.layers("shortcut").to_vec()).into()
    }),
    trials: || {
        let conv = || Conv2d { padding: Padding::Same, ..Conv2d::new(4, 3) }.into();
        let pointwise = Conv2d { bias: false, ..Conv2d::new(4, 1) }.into();
        let images = Block::residual(vec![conv(), Fixed::named("tanh")], vec![pointwise]);
        let linear = || Linear::new(6).into();
        let features = Block::residual(vec![linear(), Fixed::named("tanh"), linear()], Vec::new());
        vec![Trial::new(&[4, 6, 5], vec![images.into()]), Trial::new(&[6], vec![features.into()])]
    },
};

impl Block {
    /// The sum of a body and a shortcut; an empty list passes on what comes in.
    #[must_use]
    pub fn residual(body: Vec<Layer>, shortcut: Vec<Layer>) -> Self {
        let values = vec![Value::Layers(body.clone()), Value::Layers(shortcut.clone())];
        let edges = vec![Edge::new(0, "body", body), Edge::new(0, "shortcut", shortcut)];
        Self { kind: &KIND, values, vertices: vec![Vertex::new(edges, Sum)] }
    }

    /// Body and shortcut, where it is a residual.
    #[must_use]
    pub fn as_residual(&self) -> Option<(&[Layer], &[Layer])> {
        let ([Vertex { edges, .. }], true) = (self.vertices.as_slice(), *self.kind == KIND) else { return None };
        match edges.as_slice() {
            [body, shortcut] => Some((body.through.layers(), shortcut.through.layers())),
            _ => None,
        }
    }
}
