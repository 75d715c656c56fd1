//! Layers that candle lacks.

pub const NORM: &str = r"
/// Normalization over each sample's groups of channels; layer norm has one group, or one for each token.
struct Norm {
    groups: usize,
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let groups = x.reshape((x.dim(0)?, self.groups, ()))?;
        let centred = groups.broadcast_sub(&groups.mean_keepdim(2)?)?;
        let variance = centred.sqr()?.mean_keepdim(2)?;
        let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?.reshape(x.shape())?;
        normal.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}
";

pub const POSITION_NORM: &str = r"
/// Normalization over the channels at each position.
struct PositionNorm {
    weight: Tensor,
    bias: Tensor,
}

impl PositionNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
        let variance = centred.sqr()?.mean_keepdim(1)?;
        let normal = centred.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
        normal.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}
";

pub const PRELU: &str = r"
/// x > 0: x, else a x, with a slope for each feature of a token.
fn prelu(x: &Tensor, slopes: &Tensor) -> Result<Tensor> {
    x.relu()? - x.neg()?.relu()?.broadcast_mul(slopes)?
}
";

pub const RECURRENCE: &str = r"
/// Moves state and memory on by what comes of the input and of the state, the gates side by side.
type Step = fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Result<(Tensor, Tensor)>;

/// A recurrent layer in one direction: its state at every token.
struct Recurrence {
    input: candle_nn::Linear,
    state: candle_nn::Linear,
    hidden: usize,
    reverse: bool,
    step: Step,
}

impl Recurrence {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (samples, length, _) = x.dims3()?;
        let by_input = self.input.forward(x)?;
        let mut state = Tensor::zeros((samples, self.hidden), x.dtype(), x.device())?;
        let mut memory = state.clone();
        let mut states = Vec::with_capacity(length);
        for step in 0..length {
            let at = if self.reverse { length - 1 - step } else { step };
            let by_input = by_input.narrow(1, at, 1)?.squeeze(1)?;
            (state, memory) = (self.step)(&by_input, &self.state.forward(&state)?, &state, &memory)?;
            states.push(state.clone());
        }
        if self.reverse {
            states.reverse();
        }
        Tensor::stack(&states, 1)
    }
}
";

pub const LSTM_STEP: &str = r"
/// With the gates i, f, g, o: c = f c + i g, h = o tanh(c).
fn lstm_step(x: &Tensor, a: &Tensor, _: &Tensor, memory: &Tensor) -> Result<(Tensor, Tensor)> {
    let gates = (x + a)?.chunk(4, 1)?;
    let open = |gate: usize| candle_nn::ops::sigmoid(&gates[gate]);
    let memory = ((open(1)? * memory)? + (open(0)? * gates[2].tanh()?)?)?;
    let state = (open(3)? * memory.tanh()?)?;
    Ok((state, memory))
}
";

pub const GRU_STEP: &str = r"
/// With the gates r, z, n: h = (1 - z) n + z h.
fn gru_step(x: &Tensor, a: &Tensor, state: &Tensor, memory: &Tensor) -> Result<(Tensor, Tensor)> {
    let (x, a) = (x.chunk(3, 1)?, a.chunk(3, 1)?);
    let open = |gate: usize| candle_nn::ops::sigmoid(&(&x[gate] + &a[gate])?);
    let new = (&x[2] + (open(0)? * &a[2])?)?.tanh()?;
    let state = (&new + (open(1)? * (state - &new)?)?)?;
    Ok((state, memory.clone()))
}
";

pub const RNN_STEP: &str = r"
/// h = tanh of the sum of both products.
fn rnn_step(x: &Tensor, a: &Tensor, _: &Tensor, memory: &Tensor) -> Result<(Tensor, Tensor)> {
    Ok(((x + a)?.tanh()?, memory.clone()))
}
";

pub const ATTEND: &str = r"
/// softmax(q k^T / sqrt(d)) v for each head, of queries, keys and values; neighbouring heads may share the latter.
fn attend(inputs: [&Tensor; 3], heads: usize, kv_heads: usize, causal: bool) -> Result<Tensor> {
    let (samples, length, width) = inputs[0].dims3()?;
    let size = width / heads;
    let split = |x: &Tensor, of: usize| {
        let shared = x.reshape((samples, length, of, 1, size))?;
        let each = shared.broadcast_as((samples, length, of, heads / of, size))?;
        each.reshape((samples, length, heads, size))?.transpose(1, 2)?.contiguous()
    };
    let (q, k, v) = (split(inputs[0], heads)?, split(inputs[1], kv_heads)?, split(inputs[2], kv_heads)?);
    let mut scores = (q.matmul(&k.t()?)? / (size as f64).sqrt())?;
    if causal {
        let unseen = |at: usize| if at % length > at / length { f32::NEG_INFINITY } else { 0.0 };
        let mask: Vec<f32> = (0..length * length).map(unseen).collect();
        scores = scores.broadcast_add(&Tensor::from_vec(mask, (length, length), scores.device())?)?;
    }
    let seen = candle_nn::ops::softmax(&scores, 3)?.matmul(&v)?;
    seen.transpose(1, 2)?.reshape((samples, length, width))
}
";

pub const ADAPTIVE_MEAN: &str = r"
/// The means of `count` windows along an axis.
fn adaptive_mean(x: &Tensor, axis: usize, count: usize) -> Result<Tensor> {
    let side = x.dim(axis)?;
    let window = |at: usize| {
        let (from, to) = (at * side / count, ((at + 1) * side).div_ceil(count));
        x.narrow(axis, from, to - from)?.mean_keepdim(axis)
    };
    Tensor::cat(&(0..count).map(window).collect::<Result<Vec<_>>>()?, axis)
}
";

pub const PAD: &str = r"
/// Puts `value` around images, before and after along height and width.
fn pad(x: &Tensor, sides: [(usize, usize); 2], value: f32) -> Result<Tensor> {
    let mut x = x.clone();
    for (dim, (before, after)) in (2..).zip(sides) {
        let side = |count: usize| {
            let mut dims = x.dims().to_vec();
            dims[dim] = count;
            Tensor::full(value, dims, x.device())
        };
        let mut parts = vec![x.clone()];
        if before > 0 {
            parts.insert(0, side(before)?);
        }
        if after > 0 {
            parts.push(side(after)?);
        }
        x = Tensor::cat(&parts, dim)?;
    }
    Ok(x)
}
";
