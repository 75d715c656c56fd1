//! Layers that Keras lacks.

pub const PAD: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class PadWithMinusInfinity(layers.Layer):
    """Padding that no maximum takes, before and after along each axis."""

    def __init__(self, padding, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, x):
        return keras.ops.pad(x, [[0, 0], *self.padding, [0, 0]], constant_values=-math.inf)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}
"#;

pub const COUNTED_AVERAGE_POOLING: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class CountedAveragePooling(layers.Layer):
    """The mean under a window of the input and of what of its padding counts."""

    def __init__(self, pool_size, strides, counted, uncounted, **kwargs):
        super().__init__(**kwargs)
        self.pool_size, self.strides = tuple(pool_size), tuple(strides)
        self.counted, self.uncounted = counted, uncounted

    def call(self, x):
        def pool(x, value):
            x = keras.ops.pad(x, [[0, 0], *self.counted, [0, 0]], constant_values=value)
            x = keras.ops.pad(x, [[0, 0], *self.uncounted, [0, 0]])
            return keras.ops.average_pool(x, self.pool_size, self.strides, data_format="channels_last")

        return pool(x, 0) / pool(keras.ops.ones_like(x), 1)

    def get_config(self):
        window = {"pool_size": self.pool_size, "strides": self.strides}
        return {**super().get_config(), **window, "counted": self.counted, "uncounted": self.uncounted}
"#;

pub const ADAPTIVE_AVERAGE_POOLING: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class AdaptiveAveragePooling(layers.Layer):
    """The means of as many windows along each axis as the output is long."""

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x):
        for axis, count in enumerate(self.size, start=1):
            side = x.shape[axis]
            windows = [range(i * side // count, -((i + 1) * -side // count)) for i in range(count)]
            means = [keras.ops.mean(keras.ops.take(x, list(w), axis=axis), axis=axis, keepdims=True) for w in windows]
            x = keras.ops.concatenate(means, axis=axis)
        return x

    def get_config(self):
        return {**super().get_config(), "size": self.size}
"#;

pub const ZERO: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Zero(layers.Layer):
    """Zeros of the input's shape."""

    def call(self, x):
        return keras.ops.zeros_like(x)
"#;

pub const SHIFT: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Shift(layers.Layer):
    """The input moved up and to the left; zeros come in."""

    def __init__(self, by, **arguments):
        super().__init__(**arguments)
        self.by = by

    def call(self, x):
        zeros = [[0, 0], [0, self.by], [0, self.by], [0, 0]]
        return keras.ops.pad(x, zeros)[:, self.by :, self.by :]

    def get_config(self):
        return {**super().get_config(), "by": self.by}
"#;

pub const FIRST_CHANNELS: &str = r#"

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

pub const POSITIONS: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Positions(layers.Layer):
    """Adds a learned vector for every position."""

    def __init__(self, initializer, **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializers.get(initializer)

    def build(self, input_shape):
        self.weight = self.add_weight(shape=input_shape[1:], initializer=self.initializer, name="weight")

    def call(self, x):
        return x + self.weight

    def get_config(self):
        return {**super().get_config(), "initializer": initializers.serialize(self.initializer)}
"#;

pub const CLASS_TOKEN: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class ClassToken(layers.Layer):
    """Puts a learned token before a sequence."""

    def __init__(self, initializer, **kwargs):
        super().__init__(**kwargs)
        self.initializer = initializers.get(initializer)

    def build(self, input_shape):
        self.weight = self.add_weight(shape=(1, input_shape[-1]), initializer=self.initializer, name="weight")

    def call(self, x):
        token = keras.ops.zeros_like(x[:, :1]) + self.weight
        return keras.ops.concatenate([token, x], axis=1)

    def get_config(self):
        return {**super().get_config(), "initializer": initializers.serialize(self.initializer)}
"#;

pub const SCALE: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Scale(layers.Layer):
    """Multiplies each channel or feature by a learned factor, or everything by one."""

    def __init__(self, initializer, single, **kwargs):
        super().__init__(**kwargs)
        self.initializer, self.single = initializers.get(initializer), single

    def build(self, input_shape):
        factors = 1 if self.single else input_shape[-1]
        self.weight = self.add_weight(shape=(factors,), initializer=self.initializer, name="weight")

    def call(self, x):
        return x * self.weight

    def get_config(self):
        initializer = initializers.serialize(self.initializer)
        return {**super().get_config(), "initializer": initializer, "single": self.single}
"#;

pub const ATTEND: &str = r#"

@keras.saving.register_keras_serializable(package="neartop")
class Attend(layers.Layer):
    """softmax(q k^T / sqrt(d)) v for each head, of queries, keys and values; neighbouring heads may share the latter."""

    def __init__(self, heads, kv_heads, causal, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.kv_heads, self.causal = heads, kv_heads, causal

    def call(self, inputs):
        queries, keys, values = inputs
        _, length, width = queries.shape

        def split(x, heads):
            x = keras.ops.reshape(x, (-1, length, heads, width // self.heads))
            return keras.ops.repeat(x, self.heads // heads, axis=2)

        q, k, v = split(queries, self.heads), split(keys, self.kv_heads), split(values, self.kv_heads)
        y = keras.ops.dot_product_attention(q, k, v, is_causal=self.causal)
        return keras.ops.reshape(y, (-1, length, width))

    def get_config(self):
        heads = {"heads": self.heads, "kv_heads": self.kv_heads, "causal": self.causal}
        return {**super().get_config(), **heads}
"#;
