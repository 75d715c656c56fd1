//! What Keras lacks, written into a file only where the network needs it.

use super::terms::{identifier, is_cut_as_in_keras, leaves_padding_out};
use crate::export::model::Model;
use crate::export::source::Source;
use neartop_core::init::Law;
use neartop_core::layers::{FirstChannels, MaxPool, Zero};

/// Writes the classes and functions that the network needs, activations apart.
pub fn write(out: &mut Source, model: &Model) {
    if model.draws(|law| matches!(law, Law::TruncatedNormal { .. }) && !is_cut_as_in_keras(law)) {
        out.block(TRUNCATED_WITHIN);
    }
    if model.draws(|law| matches!(law, Law::Sparse { .. })) {
        out.block(SPARSE);
    }
    if model.has(|node| node.drawn().is_some_and(|weight| weight.dims.len() > 2))
        && model.draws(|law| *law == Law::Identity)
    {
        out.block(DIRAC);
    }
    if model.has_kind(|pool: &MaxPool| pool.0.padding != [0, 0]) {
        out.block(PAD);
    }
    if model.has_kind(leaves_padding_out) {
        out.block(AVERAGE_POOLING);
    }
    if model.has_kind(|_: &Zero| true) {
        out.block(ZERO);
    }
    if model.has_kind(|_: &FirstChannels| true) {
        out.block(FIRST_CHANNELS);
    }
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

const TRUNCATED_WITHIN: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class TruncatedWithin(initializers.Initializer):
    """N(mean, stddev^2) under the condition low <= x <= high; Keras's own is cut at two standard deviations."""

    def __init__(self, mean, stddev, low, high):
        self.mean, self.stddev, self.low, self.high = mean, stddev, low, high

    def __call__(self, shape, dtype=None):
        from statistics import NormalDist

        a, b = ((bound - self.mean) / self.stddev for bound in (self.low, self.high))
        # The upper tail is drawn by its mirror image, where no digits are lost.
        mirror = -1.0 if a > 0 else 1.0
        at_low, at_high = (math.erfc(-mirror * z / math.sqrt(2)) / 2 for z in (a, b))
        # Two draws make a uniform of more digits than single precision has.
        high, low = (
            keras.ops.convert_to_numpy(keras.random.randint((math.prod(shape),), 0, 1 << 24)).tolist() for _ in range(2)
        )
        uniforms = (((h << 24) + l + 0.5) / (1 << 48) for h, l in zip(high, low))
        quantile = NormalDist().inv_cdf
        values = (self.mean + self.stddev * mirror * quantile(at_low + u * (at_high - at_low)) for u in uniforms)
        values = [min(max(value, self.low), self.high) for value in values]
        return keras.ops.reshape(keras.ops.convert_to_tensor(values, dtype=dtype), shape)

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "low": self.low, "high": self.high}
"#;

const SPARSE: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Sparse(initializers.Initializer):
    """N(0, stddev^2); of the weights from each input, the share `sparsity`, rounded up, is set to zero."""

    def __init__(self, sparsity, stddev):
        self.sparsity, self.stddev = sparsity, stddev

    def __call__(self, shape, dtype=None):
        outs = shape[-1]
        normal = keras.random.normal((math.prod(shape[:-1]), outs), stddev=self.stddev, dtype=dtype)
        order = keras.ops.argsort(keras.ops.argsort(keras.random.uniform(normal.shape), axis=-1), axis=-1)
        kept = keras.ops.where(order < math.ceil(self.sparsity * outs), keras.ops.zeros_like(normal), normal)
        return keras.ops.reshape(kept, shape)

    def get_config(self):
        return {"sparsity": self.sparsity, "stddev": self.stddev}
"#;

const DIRAC: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Dirac(initializers.Initializer):
    """Keeps every channel, within each group: 1 at the kernel's centre."""

    def __init__(self, groups):
        self.groups = groups

    def __call__(self, shape, dtype=None):
        *sides, ins, outs = shape
        size = outs // self.groups
        channels = [[float(o % size == i) for o in range(outs)] for i in range(ins)]
        centre = keras.ops.convert_to_tensor(channels, dtype=dtype)
        centre = keras.ops.reshape(centre, (*[1] * len(sides), ins, outs))
        return keras.ops.pad(centre, [*[[side // 2, side - 1 - side // 2] for side in sides], [0, 0], [0, 0]])

    def get_config(self):
        return {"groups": self.groups}
"#;

const PAD: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class PadWithMinusInfinity(layers.Layer):
    """Padding that no maximum takes."""

    def __init__(self, padding, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, x):
        sides = [self.padding, self.padding]
        return keras.ops.pad(x, [[0, 0], sides, sides, [0, 0]], constant_values=-math.inf)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}
"#;

const AVERAGE_POOLING: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class AveragePoolingWithoutPadding(layers.Layer):
    """The mean under a window, where the padding does not count."""

    def __init__(self, pool_size, strides, padding, **kwargs):
        super().__init__(**kwargs)
        self.pool_size, self.strides, self.padding = pool_size, strides, padding

    def call(self, x):
        def pool(x):
            sides = [self.padding, self.padding]
            x = keras.ops.pad(x, [[0, 0], sides, sides, [0, 0]])
            return keras.ops.average_pool(x, self.pool_size, self.strides, data_format="channels_last")

        return pool(x) / pool(keras.ops.ones_like(x))

    def get_config(self):
        sizes = {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}
        return {**super().get_config(), **sizes}
"#;

const ZERO: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Zero(layers.Layer):
    """Zeros of the input's shape."""

    def call(self, x):
        return keras.ops.zeros_like(x)
"#;

const FIRST_CHANNELS: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class FirstChannels(layers.Layer):
    """The first channels of the input."""

    def __init__(self, keep, **arguments):
        super().__init__(**arguments)
        self.keep = keep

    def call(self, x):
        return x[..., : self.keep]

    def get_config(self):
        return {**super().get_config(), "keep": self.keep}
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
