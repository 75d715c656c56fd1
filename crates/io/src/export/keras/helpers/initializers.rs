//! Initializers that Keras lacks.

pub const TRUNCATED_WITHIN: &str = r#"

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

pub const SPARSE: &str = r#"

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

pub const DIRAC: &str = r#"

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

pub const GATE_BY_GATE: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class GateByGate(initializers.Initializer):
    """Draws the matrix of each gate apart."""

    def __init__(self, initializer, gates):
        self.initializer, self.gates = initializers.get(initializer), gates

    def __call__(self, shape, dtype=None):
        *ins, outs = shape
        one = (*ins, outs // self.gates)
        # A clone has a seed of its own.
        gates = [self.initializer.clone()(one, dtype=dtype) for _ in range(self.gates)]
        return keras.ops.concatenate(gates, axis=-1)

    def get_config(self):
        return {"initializer": initializers.serialize(self.initializer), "gates": self.gates}
"#;

pub const BOTH_BIASES: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class BothBiases(initializers.Initializer):
    """The biases of the input and of the state: two rows, or their sum for a layer that has one bias."""

    def __init__(self, of_input, of_state):
        self.both = [initializers.get(of_input), initializers.get(of_state)]

    def __call__(self, shape, dtype=None):
        biases = keras.ops.stack([initializer(shape[-1:], dtype=dtype) for initializer in self.both])
        return biases if len(shape) == 2 else keras.ops.sum(biases, axis=0)

    def get_config(self):
        of_input, of_state = (initializers.serialize(initializer) for initializer in self.both)
        return {"of_input": of_input, "of_state": of_state}
"#;
