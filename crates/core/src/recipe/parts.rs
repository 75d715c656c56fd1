//! What a recipe consists of.

use crate::init::Initializer;

/// Initializations by kind of layer and by place. What it leaves out starts as in PyTorch.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    pub name: String,
    /// By key, which is a kind of layer or one of [`PLACES`].
    pub parts: Vec<(&'static str, Initializer)>,
    /// Of the biases that belong to drawn weights.
    pub bias: Option<Initializer>,
    /// By the name of a layer, what its drawn weights are multiplied by.
    pub gains: Vec<(String, f64)>,
    pub depth: Depth,
    /// Whether fans and orthogonality are those of all gates of a recurrent layer together, as in Keras.
    pub draws_gates_together: bool,
    /// What it says in one line, if it is one of the bundled.
    pub about: Option<&'static str>,
}

/// How the number of residuals scales what is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Not at all.
    Ignored,
    /// The last layer of a residual's body, by L^(-1/2) with L residuals: Radford et al. 2019 have two residuals a block.
    LastOfBody,
    /// The layers of a residual's body, by L^(-1/(2m - 2)) with L residuals and m layers in the body (Zhang et al. 2019).
    Body,
}

/// The keys of a recipe that are no kinds of layers, with what each is about.
pub const PLACES: &[(&str, &str)] = &[
    (OUTPUT, "the last dense, convolutional or recurrent layer on the way to the output"),
    (RESIDUAL_OUTPUT, "the last dense, convolutional or recurrent layer of a residual's body"),
    (RECURRENT, "weights from hidden state to hidden state"),
    (EMBEDDING, "embeddings, positions and class tokens"),
    (NORM, "the weights of normalizations"),
];

pub const OUTPUT: &str = "output";
pub(crate) const RESIDUAL_OUTPUT: &str = "residual_output";
pub(crate) const RECURRENT: &str = "recurrent";
pub(crate) const EMBEDDING: &str = "embedding";
pub(crate) const NORM: &str = "norm";

impl Recipe {
    /// What it says under a key.
    #[must_use]
    pub fn part(&self, key: &str) -> Option<&Initializer> {
        self.parts.iter().find(|(known, _)| *known == key).map(|(_, init)| init)
    }

    /// What the drawn weights of a layer are multiplied by.
    #[must_use]
    pub fn gain(&self, layer: &str) -> f64 {
        self.gains.iter().find(|(known, _)| known == layer).map_or(1.0, |(_, gain)| *gain)
    }

    /// All that it draws by.
    pub(super) fn initializers(&self) -> impl Iterator<Item = &Initializer> {
        self.parts.iter().map(|(_, init)| init).chain(&self.bias)
    }
}
