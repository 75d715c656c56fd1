//! Modules that PyTorch does not have, as Python.

pub const RESIDUAL: &str = r#"

class Residual(nn.Module):
    """The sum of a body and a shortcut."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)
"#;

pub const GRAPH: &str = r#"

class Graph(nn.Module):
    """A directed acyclic graph. Vertex 0 is the input; the last vertex is the output.

    Each of the vertices is (merge of a list, [(from vertex, name of the edge), ...], name of what follows the merge).
    """

    def __init__(self, modules, vertices):
        super().__init__()
        for path, module in modules.items():
            parent, *names = self, *path.split(".")
            for name in names[:-1]:
                if name not in parent._modules:
                    parent.add_module(name, nn.Module())
                parent = parent._modules[name]
            parent.add_module(names[-1], module)
        self.vertices = vertices

    def forward(self, x):
        values = [x]
        for merge, edges, then in self.vertices:
            branches = [self.get_submodule(name)(values[source]) for source, name in edges]
            merged = merge(branches) if len(branches) > 1 else branches[0]
            values.append(self.get_submodule(then)(merged))
        return values[-1]
"#;

pub const CONCAT: &str = r#"

class Concat:
    """The units of values, one after the other."""

    def __init__(self, dim):
        self.dim = dim

    def __call__(self, values):
        return torch.cat(values, dim=self.dim)
"#;

pub const PRODUCT: &str = r#"

def product(values):
    """The product of values, element by element."""
    result = values[0]
    for value in values[1:]:
        result = result * value
    return result
"#;

pub const SAVED: &str = r#"

class Save(nn.Module):
    """Keeps its input under a name, for a later `Use`."""

    def __init__(self, saved, name):
        super().__init__()
        self.saved, self.name = saved, name

    def forward(self, x):
        self.saved[self.name] = x
        return x


class Use(nn.Module):
    """What was saved under a name, in place of the input."""

    def __init__(self, saved, name):
        super().__init__()
        self.saved, self.name = saved, name

    def forward(self, x):
        return self.saved[self.name]
"#;

pub const PADDED: &str = r#"

class PaddedConv{axes}d(nn.Conv{axes}d):
    """A convolution with zeros before and after every axis, the last axis first."""

    def __init__(self, zeros, *arguments, **named):
        super().__init__(*arguments, **named)
        self.zeros = zeros

    def forward(self, x):
        return super().forward(nn.functional.pad(x, self.zeros))
"#;

pub const ZERO: &str = r#"

class Zero(nn.Module):
    """Zeros of the input's shape."""

    def forward(self, x):
        return torch.zeros_like(x)
"#;

pub const FIRST_CHANNELS: &str = r#"

class FirstChannels(nn.Module):
    """The first channels of the input."""

    def __init__(self, keep):
        super().__init__()
        self.keep = keep

    def forward(self, x):
        return x[:, : self.keep]
"#;

pub const SHIFT: &str = r#"

class Shift(nn.Module):
    """The input moved up and to the left; zeros come in."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return nn.functional.pad(x, (-self.by, self.by, -self.by, self.by))
"#;

pub const POSITIONS: &str = r#"

class Positions(nn.Module):
    """Adds a learned vector for every position."""

    def __init__(self, tokens, features):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(tokens, features))

    def forward(self, x):
        return x + self.weight
"#;

pub const CLASS_TOKEN: &str = r#"

class ClassToken(nn.Module):
    """Puts a learned token before a sequence."""

    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, features))

    def forward(self, x):
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)
"#;

pub const ATTEND: &str = r#"

class Attend:
    """softmax(q k^T / sqrt(d)) v for each head, of [samples, tokens, features]."""

    def __init__(self, heads, kv_heads, causal):
        self.heads, self.kv_heads, self.causal = heads, kv_heads, causal

    def __call__(self, values):
        q, k, v = (
            x.unflatten(-1, (heads, -1)).transpose(1, 2)
            for x, heads in zip(values, (self.heads, self.kv_heads, self.kv_heads))
        )
        shared = self.heads // self.kv_heads
        k, v = (x.repeat_interleave(shared, dim=1) for x in (k, v))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return y.transpose(1, 2).flatten(2)
"#;

pub const RECURRENCE: &str = r#"

class Recurrence(nn.Module):
    """A recurrent layer in one direction: its state at every token."""

    def __init__(self, cell, features, hidden, bias=True, reverse=False):
        super().__init__()
        gates = {"lstm": 4, "gru": 3, "rnn": 1}[cell]
        self.cell, self.hidden, self.has_bias, self.reverse = cell, hidden, bias, reverse
        shapes = {"weight_ih": (gates * hidden, features), "weight_hh": (gates * hidden, hidden)}
        if bias:
            shapes |= {"bias_ih": (gates * hidden,), "bias_hh": (gates * hidden,)}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-(hidden**-0.5), hidden**-0.5)))

    def forward(self, x):
        x = x.flip(1) if self.reverse else x
        state = x.new_zeros(1, len(x), self.hidden)
        weights = [self.weight_ih, self.weight_hh] + ([self.bias_ih, self.bias_hh] if self.has_bias else [])
        run = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}[self.cell]
        start = (state, state) if self.cell == "lstm" else state
        y = run(x, start, weights, self.has_bias, 1, 0.0, self.training, False, True)[0]
        return y.flip(1) if self.reverse else y
"#;

pub const CHANNEL_NORM: &str = r#"

class ChannelNorm(nn.LayerNorm):
    """Layer normalization of the channels at every position, of [samples, channels, ...]."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
"#;

pub const SCALE: &str = r#"

class Scale(nn.Module):
    """Multiplies by learned factors, one for each unit or one for all."""

    def __init__(self, factors, init, axes_after):
        super().__init__()
        self.weight = nn.Parameter(torch.full((factors,), init))
        self.axes_after = axes_after

    def forward(self, x):
        return x * self.weight.reshape(-1, *[1] * self.axes_after)
"#;

pub const PERMUTE: &str = r#"

class Permute(nn.Module):
    """The axes of a sample in another order."""

    def __init__(self, *axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        return x.permute(0, *(axis + 1 for axis in self.axes))
"#;

pub const RESHAPE: &str = r#"

class Reshape(nn.Module):
    """The same elements of a sample in another shape."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)
"#;

pub const MEAN: &str = r#"

class Mean(nn.Module):
    """The mean over some axes, as a vector."""

    def __init__(self, *dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.mean(self.dims).flatten(1)
"#;

pub const SELECT: &str = r#"

class Select(nn.Module):
    """One position along an axis."""

    def __init__(self, dim, index):
        super().__init__()
        self.dim, self.index = dim, index

    def forward(self, x):
        return x.select(self.dim, self.index)
"#;
