//! What Keras lacks, written into a file only where the network needs it.

mod initializers;
mod layers;

use super::terms::identifier;
use crate::export::model::Model;
use crate::export::source::{Source, mentions};

/// The classes by their names.
const CLASSES: &[(&str, &str)] = &[
    ("TruncatedWithin", initializers::TRUNCATED_WITHIN),
    ("Sparse", initializers::SPARSE),
    ("Dirac", initializers::DIRAC),
    ("GateByGate", initializers::GATE_BY_GATE),
    ("BothBiases", initializers::BOTH_BIASES),
    ("PadWithMinusInfinity", layers::PAD),
    ("CountedAveragePooling", layers::COUNTED_AVERAGE_POOLING),
    ("AdaptiveAveragePooling", layers::ADAPTIVE_AVERAGE_POOLING),
    ("Zero", layers::ZERO),
    ("FirstChannels", layers::FIRST_CHANNELS),
    ("Shift", layers::SHIFT),
    ("Positions", layers::POSITIONS),
    ("ClassToken", layers::CLASS_TOKEN),
    ("Scale", layers::SCALE),
    ("Attend", layers::ATTEND),
];

/// Writes the classes and functions that `code` needs, activations apart.
pub fn write(out: &mut Source, model: &Model, code: &str) {
    CLASSES.iter().filter(|(name, _)| mentions(code, name)).for_each(|(_, text)| out.block(text));
    if let Some((target, tolerance)) = model.unit_variance() {
        let names: Vec<_> = model.rescaled().iter().map(|name| format!("\"{}\"", identifier(name))).collect();
        out.block(
            &UNIT_VARIANCE
                .replace("TARGET", &format!("{target:?}"))
                .replace("TOLERANCE", &format!("{tolerance:?}"))
                .replace("NAMES", &names.join(", ")),
        );
    }
}

pub const SOFTMIN: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
def softmin(x):
    return keras.ops.softmax(-x, axis=-1)
"#;

pub const LOG_SOFTMAX: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
def log_softmax(x):
    return keras.ops.log_softmax(x, axis=-1)
"#;

const UNIT_VARIANCE: &str = r#"

def initialize(model, batch):
    """Divides each weight by the standard deviation of its layer's output on `batch` until that is the target.

    Normalizations use the statistics of the batch, dropout is off, and moving statistics stay as they were.
    """
    target, tolerance = TARGET, TOLERANCE
    rates = [(layer, layer.rate) for layer in model.layers if isinstance(layer, layers.Dropout)]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    moving = [variable for layer in norms for variable in (layer.moving_mean, layer.moving_variance)]
    statistics = [keras.ops.convert_to_numpy(variable).copy() for variable in moving]
    for layer, _ in rates:
        layer.rate = 0.0
    for name in [NAMES]:
        layer = model.get_layer(name)
        to_here = keras.Model(model.inputs, layer.output)
        for _ in range(10):
            output = to_here(batch, training=True)
            if layer.use_bias:
                output = output - layer.bias
            std = float(keras.ops.convert_to_numpy(output).astype("float64").std())
            if not 0 < std < math.inf or abs(std - target) < tolerance:
                break
            layer.kernel.assign(layer.kernel * (target / std))
    for layer, rate in rates:
        layer.rate = rate
    for variable, value in zip(moving, statistics):
        variable.assign(value)
    return model
"#;
