//! Recipes of other libraries and of papers.

use super::parts::{Depth, EMBEDDING, NORM, OUTPUT, RECURRENT, RESIDUAL_OUTPUT, Recipe};
use crate::catalog::Given;
use crate::init::Initializer;

/// A recipe that presets may name.
#[derive(Debug)]
pub struct Bundled {
    pub name: &'static str,
    /// What it says, in one line of documentation.
    pub about: &'static str,
    /// Whose it is.
    pub source: &'static str,
    parts: &'static [Part],
    bias: Option<Row>,
    depth: Depth,
    draws_gates_together: bool,
}

/// What starts the same.
#[derive(Debug)]
struct Part {
    keys: &'static [&'static str],
    init: Row,
}

/// An initialization by its name, with the parameters that are not the defaults.
#[derive(Debug)]
struct Row(&'static str, &'static [(&'static str, Given<'static>)]);

impl Row {
    fn initializer(&self) -> Option<Initializer> {
        Initializer::new(Initializer::find(self.0)?, self.1).ok()
    }
}

const fn part(keys: &'static [&'static str], init: Row) -> Part {
    Part { keys, init }
}

const DENSE: &[&str] = &["linear"];
const TRANSPOSED: &[&str] = &["conv_transpose1d", "conv_transpose2d"];
const CONVOLUTIONS: &[&str] = &["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"];
const OTHERS: &[&str] = &["linear", "conv1d", "conv2d", "lstm", "gru", "rnn"];
const TOKENS: &[&str] = &["linear", EMBEDDING];
const ZEROS: Row = Row("zeros", &[]);
const ORTHOGONAL: Row = Row("orthogonal", &[]);
const STD: (&str, Given<'static>) = ("std", Given::Number(0.02));
const SMALL: Row = Row("normal", &[STD]);
const HE_BY_FAN_OUT: Row = Row("kaiming_normal", &[("mode", Given::Word("fan_out"))]);
const SQRT_2: (&str, Given<'static>) = ("gain", Given::Number(std::f64::consts::SQRT_2));

/// The recipes that presets may name, besides `torch_default`, which is an initialization.
pub static BUNDLED: &[Bundled] = &[
    Bundled {
        name: "keras_default",
        about: "glorot_uniform with biases of 0, the forget gate's too; hidden to hidden orthogonal; embeddings U(-0.05, 0.05)",
        source: "the defaults of the layers of Keras 3",
        parts: &[
            part(OTHERS, Row("xavier_uniform", &[])),
            part(TRANSPOSED, Row("xavier_uniform", &[])),
            part(&[RECURRENT], ORTHOGONAL),
            part(&[EMBEDDING], Row("uniform", &[("low", Given::Number(-0.05)), ("high", Given::Number(0.05))])),
        ],
        bias: Some(ZEROS),
        depth: Depth::Ignored,
        draws_gates_together: true,
    },
    Bundled {
        name: "jax_default",
        about: "lecun_normal, cut at two standard deviations, with biases of 0; hidden to hidden orthogonal; \
                embeddings N(0, 1/features)",
        source: "the defaults of the layers of Flax",
        parts: &[
            part(OTHERS, Row("variance_scaling", &[])),
            // Flax counts what comes in, which is the first size of such a weight.
            part(TRANSPOSED, Row("variance_scaling", &[("mode", Given::Word("fan_out"))])),
            part(&[RECURRENT], ORTHOGONAL),
            part(&[EMBEDDING], Row("variance_scaling", &[("distribution", Given::Word("normal"))])),
        ],
        bias: Some(ZEROS),
        depth: Depth::Ignored,
        draws_gates_together: false,
    },
    Bundled {
        name: "torchvision_resnet",
        about: "convolutions kaiming_normal by fan_out; the rest as in PyTorch",
        source: "`torchvision.models.resnet`, He et al. 2015",
        parts: &[part(CONVOLUTIONS, HE_BY_FAN_OUT)],
        bias: None,
        depth: Depth::Ignored,
        draws_gates_together: false,
    },
    Bundled {
        name: "bert",
        about: "dense layers and embeddings N(0, 0.02^2), biases 0",
        source: "`transformers`, Devlin et al. 2019",
        parts: &[part(TOKENS, SMALL)],
        bias: Some(ZEROS),
        depth: Depth::Ignored,
        draws_gates_together: false,
    },
    Bundled {
        name: "gpt2",
        about: "dense layers and embeddings N(0, 0.02^2), the last of a residual's body by 1/sqrt(L) for L residuals, \
                biases 0",
        source: "`transformers`, Radford et al. 2019: L is twice the number of blocks",
        parts: &[part(TOKENS, SMALL)],
        bias: Some(ZEROS),
        depth: Depth::LastOfBody,
        draws_gates_together: false,
    },
    Bundled {
        name: "ppo",
        about: "orthogonal with gain sqrt 2, the output with gain 0.01, biases 0",
        source: "the policy of PPO in `stable-baselines3`, Schulman et al. 2017",
        parts: &[
            part(&["linear", "conv1d", "conv2d"], Row("orthogonal", &[SQRT_2])),
            part(&[OUTPUT], Row("orthogonal", &[("gain", Given::Number(0.01))])),
        ],
        bias: Some(ZEROS),
        depth: Depth::Ignored,
        draws_gates_together: false,
    },
    Bundled {
        name: "dcgan",
        about: "convolutions N(0, 0.02^2), weights of normalizations N(1, 0.02^2); the rest as in PyTorch",
        source: "`weights_init` of PyTorch's DCGAN example, Radford et al. 2016",
        parts: &[part(CONVOLUTIONS, SMALL), part(&[NORM], Row("normal", &[("mean", Given::Number(1.0)), STD]))],
        bias: None,
        depth: Depth::Ignored,
        draws_gates_together: false,
    },
    Bundled {
        name: "fixup",
        about: "kaiming_normal by fan_out, in a residual's body of m layers by L^(-1/(2m - 2)) for L residuals; the last \
                layer of a body, the output and biases 0",
        source: "Zhang et al. 2019 (arXiv 1901.09321) and its code",
        parts: &[
            part(DENSE, HE_BY_FAN_OUT),
            part(CONVOLUTIONS, HE_BY_FAN_OUT),
            part(&[RESIDUAL_OUTPUT, OUTPUT], ZEROS),
        ],
        bias: Some(ZEROS),
        depth: Depth::Body,
        draws_gates_together: false,
    },
];

/// The bundled recipe of this name.
pub fn find(name: &str) -> Option<Recipe> {
    let bundled = BUNDLED.iter().find(|recipe| recipe.name == name)?;
    let keys = |part: &'static Part| part.keys.iter().map(move |key| Some((*key, part.init.initializer()?)));
    Some(Recipe {
        name: name.to_owned(),
        parts: bundled.parts.iter().flat_map(keys).collect::<Option<_>>()?,
        bias: match &bundled.bias {
            Some(row) => Some(row.initializer()?),
            None => None,
        },
        gains: Vec::new(),
        depth: bundled.depth,
        draws_gates_together: bundled.draws_gates_together,
        about: Some(bundled.about),
    })
}
