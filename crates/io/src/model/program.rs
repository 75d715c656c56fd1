//! A model as a file holds it: steps on tensors, in the order of execution, in words that all formats share.
//!
//! What reads a format writes this and knows nothing of networks; what makes a network of it knows nothing of formats.
//! Axes count from 0 and include that of the samples; negative ones count from the end.

use std::collections::{HashMap, HashSet};

use candle_core::Tensor;
pub use neartop_core::arithmetic::{Binary, Numbers, Reduce, Unary};
use neartop_core::kernels::Cell;
use neartop_core::network::Activation;

/// A model of a file.
#[derive(Debug, Clone)]
pub struct Program {
    /// What the caller gives, in order; no parameters.
    pub inputs: Vec<Input>,
    /// Parameters and buffers, by the value's name.
    pub stored: HashMap<String, Stored>,
    pub steps: Vec<Step>,
    /// How some of the tensors in `stored` were computed of others while the file was read.
    pub folded: Vec<Step>,
    /// The values that the model gives.
    pub outputs: Vec<String>,
    /// The names of the parameters that the model keeps from being trained.
    pub frozen: HashSet<String>,
    /// Whether parameters have the names that the user's model gives them, so that other tensors are constants.
    pub names_parameters: bool,
    /// What was assumed while it was read.
    pub remarks: Vec<String>,
}

impl Program {
    /// One that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inputs: Vec::new(),
            stored: HashMap::new(),
            steps: Vec::new(),
            folded: Vec::new(),
            outputs: Vec::new(),
            frozen: HashSet::new(),
            names_parameters: true,
            remarks: Vec::new(),
        }
    }
}

impl Default for Program {
    fn default() -> Self {
        Self::new()
    }
}

/// What the caller gives.
#[derive(Debug, Clone)]
pub struct Input {
    /// The value's name.
    pub name: String,
    pub dims: Vec<Size>,
    /// Whether it holds whole numbers.
    pub is_whole: bool,
}

/// The size of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Size {
    Known(usize),
    /// One that callers choose, by its name.
    Free(String),
}

/// A tensor that the file holds.
#[derive(Debug, Clone)]
pub struct Stored {
    /// As in PyTorch's `state_dict()` where there is one, as `encoder.0.weight`; else the value's name.
    pub name: String,
    /// Whether training changes it: no buffers, no constants.
    pub is_trained: bool,
    /// Of single precision, or of whole numbers as `I64`.
    pub tensor: Tensor,
}

/// An operation on values.
#[derive(Debug, Clone)]
pub struct Step {
    pub op: Op,
    pub operands: Vec<Operand>,
    /// The names of the values that it makes; an empty one is not used.
    pub outputs: Vec<String>,
    /// The path of the module that it belongs to, as `encoder.0`; empty for the outermost and where none is known.
    pub module: String,
    /// Where it stands in the user's source, as `model.py:32`, or the name of the file's node.
    pub place: String,
    /// What the file calls it: `aten.relu.default`, `Relu`.
    pub original: String,
}

/// What a step takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value by its name.
    Value(String),
    Number(f64),
    List(Vec<Operand>),
    /// An optional operand that is not there.
    Absent,
}

/// What a step does. Operands in the order of the comments; those in brackets may be absent.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// x, weight `[out, in]`, or `[in, out]` where transposed, \[bias\]
    Linear {
        transposed: bool,
    },
    /// x, weight, \[bias\]
    Convolution(Convolution),
    /// x, \[weight\], \[bias\], \[mean\], \[variance\]
    BatchNorm {
        epsilon: f64,
    },
    /// Over the last axes. x, \[weight\], \[bias\]
    LayerNorm {
        axes: usize,
        epsilon: f64,
    },
    /// x, \[weight\], \[bias\]
    GroupNorm {
        groups: usize,
        epsilon: f64,
    },
    /// x, \[weight\], \[bias\]
    InstanceNorm {
        epsilon: f64,
    },
    /// Over the last axis. x, \[weight\]
    RmsNorm {
        epsilon: f64,
    },
    /// weight, numbers of rows
    Embedding {
        /// The row of zeros, which stands for nothing.
        padding: Option<usize>,
    },
    /// x, \[initial state\], \[initial cell\], then by layer and direction: weight_ih, weight_hh, and, if it has them, bias_ih,
    /// bias_hh, with gates in PyTorch's order. Outputs: the states of all places, then the last state, then the last cell.
    Recurrent(Recurrent),
    /// x
    Activation(Activation),
    /// x, slopes
    Prelu,
    /// x
    Softmax {
        axis: isize,
        is_log: bool,
    },
    /// x
    Pool(Pool),
    /// x; to so many places along each of the last axes
    AdaptiveAveragePool {
        to: Vec<usize>,
    },
    /// x, sizes of the last axes or absent, factors of the last axes or absent
    Upsample {
        mode: Interpolation,
    },
    /// x
    Dropout,
    /// q, k, v `[..., places, features]`, \[mask: numbers to add, or whether to look\]
    Attention {
        is_causal: bool,
        scale: Option<f64>,
    },
    Plain(Plain),
}

/// Arithmetic and rearrangement.
#[derive(Debug, Clone, PartialEq)]
pub enum Plain {
    /// x
    Unary(Unary),
    /// a, b, broadcast as in NumPy
    Binary(Binary),
    /// condition, a, b
    Where,
    /// x, low or absent, high or absent
    Clamp,
    /// a, b as `torch.matmul`
    MatMul,
    /// x. Over all axes where none are named.
    Reduce { how: Reduce, axes: Vec<isize>, keep: bool },
    /// x
    CumulativeSum { axis: isize },
    /// x, what stands before it or absent
    Difference { axis: isize },
    /// x, sizes: -1 is what is left, and with `zero_copies` 0 is as before.
    Reshape { zero_copies: bool },
    /// x
    Flatten { from: isize, to: isize },
    /// x, sizes
    Unflatten { axis: isize },
    /// x
    Permute(Vec<isize>),
    /// x
    Transpose(isize, isize),
    /// x, sizes: -1 is as before. With `by_broadcast`, as ONNX: sizes are broadcast against those of x.
    Expand { by_broadcast: bool },
    /// x. All of size 1 where none are named.
    Squeeze(Vec<isize>),
    /// x
    Unsqueeze(Vec<isize>),
    /// x, start or absent, end or absent, step or absent
    Slice { axis: isize },
    /// x, place
    Select { axis: isize },
    /// x, a list of sizes, or one size of all parts but the last
    Split { axis: isize },
    /// x
    Chunk { axis: isize, parts: usize },
    /// all of a list
    Concat { axis: isize },
    /// all of a list
    Stack { axis: isize },
    /// x, numbers of places: as NumPy's `take`
    Take { axis: isize },
    /// x, numbers of places: for each of them the element at its own place along the other axes
    Gather { axis: isize },
    /// x: the places of the elements along an axis in their order, equal ones as they stand
    Order { axis: isize, descending: bool },
    /// x, numbers of places, values: x with the values at these places, or added there, each at its own place along the other
    /// axes
    Put { axis: isize, adds: bool },
    /// x, a list of numbers of places by axis, values: as `x[i, j] = values`, or `+=`
    PutAt { adds: bool },
    /// Sizes, or where it is like another x; the mean: what a model draws at every pass
    Noise { is_like: bool },
    /// Two or more values, as `torch.einsum` reads the letters.
    Einsum(String),
    /// x: its first half along an axis, times the sigmoid of the second
    Glu { axis: isize },
    /// x: channels in blocks of `factor` by `factor` become places, or the other way round.
    PixelShuffle { factor: usize, is_inverse: bool },
    /// The first channel of every group, then the second of each, and so on.
    ChannelShuffle { groups: usize },
    /// x: moved along axes, what leaves at the end coming back at the start.
    Roll { shifts: Vec<isize>, axes: Vec<isize> },
    /// v, g: v/|v| g, with a norm for every place along an axis.
    WeightNorm { axis: isize },
    /// x, value: x with these places changed, each a start, an end and a step along an axis.
    Scatter(Vec<(isize, [Option<i64>; 3])>),
    /// x, a list of numbers of places by axis, absent where the whole axis stays: as `x[:, i, j]`
    Index,
    /// x, a list of pads as `torch.nn.functional.pad`: the last axis first, before and after it; the value
    Pad,
    /// x: its sizes
    Shape,
    /// x: one of its sizes
    Size { axis: isize },
    /// sizes, value
    Full,
    /// x, value: of the sizes of x
    FullLike,
    /// start, end, step
    Arange,
    /// x
    Triangle { is_lower: bool, diagonal: i64 },
    /// x
    Cast(Numbers),
    /// x
    Identity,
}

/// A convolution along the last axes, or its transpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolution {
    /// Number of axes that it slides along.
    pub axes: usize,
    pub stride: Vec<usize>,
    pub padding: Padding,
    pub dilation: Vec<usize>,
    pub groups: usize,
    pub is_transposed: bool,
    pub output_padding: Vec<usize>,
}

/// Padding by axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Padding {
    /// Before and after.
    By(Vec<(usize, usize)>),
    /// As much as gives ceil(side / stride) places, the odd one after, or before.
    Same { more_before: bool },
}

/// Pooling along the last axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub is_average: bool,
    pub kernel: Vec<usize>,
    pub stride: Vec<usize>,
    pub padding: Padding,
    pub dilation: Vec<usize>,
    pub ceil: bool,
    pub counts_padding: bool,
}

/// A stack of recurrent layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrent {
    pub cell: Cell,
    pub hidden: usize,
    pub layers: usize,
    pub is_bidirectional: bool,
    /// Whether the first direction is the one from the last place to the first, where there is one.
    pub is_reversed: bool,
    /// Whether x is `[samples, places, features]`, not `[places, samples, features]`.
    pub batch_first: bool,
    pub has_biases: bool,
}

/// How an image is made larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    Nearest,
    /// Along lines; corners keep their places where they are aligned.
    Linear {
        aligns_corners: bool,
    },
}
