//! Arithmetic and rearrangement of tensors, as models of other origin are made of them.

mod dims;
mod eval;
mod places;
mod products;

pub use dims::broadcast;
pub use products::matmul;

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    Abs,
    Ceil,
    Cos,
    Erf,
    Exp,
    Floor,
    Log,
    Negative,
    Not,
    Reciprocal,
    ReciprocalRoot,
    Round,
    Sign,
    Sin,
    Root,
    Square,
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Rounded down.
    FloorDivide,
    Remainder,
    Power,
    Least,
    Greatest,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Xor,
}

/// What is made of the numbers along axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    Sum,
    Mean,
    Largest,
    Least,
    Product,
    /// Divided by the number of elements, or by one less.
    Variance {
        corrected: bool,
    },
    /// The root of the sum of squares.
    Norm,
}

/// What a cast keeps of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    Real,
    Whole,
    Truth,
}

/// A function of tensors without weights. Axes count from 0, that of the samples among them.
#[derive(Debug, Clone, PartialEq)]
pub enum Arithmetic {
    Unary(Unary),
    /// Broadcast as in NumPy.
    Binary(Binary),
    /// Condition, where it holds, where it does not; all of one shape but for axes of size 1.
    Where,
    /// Over the last two axes, all others broadcast.
    MatMul,
    Reduce {
        how: Reduce,
        axes: Vec<usize>,
        keep: bool,
    },
    Softmax {
        axis: usize,
        is_log: bool,
    },
    CumulativeSum {
        axis: usize,
    },
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    Expand(Vec<usize>),
    Slice {
        axis: usize,
        start: usize,
        length: usize,
        step: usize,
    },
    Concat {
        axis: usize,
    },
    /// The elements at these places along an axis.
    Take {
        axis: usize,
        places: Vec<usize>,
    },
    /// The places of the elements along an axis in their order, equal ones as they stand. They have no derivative.
    Order {
        axis: usize,
        descending: bool,
    },
    /// A value and places of the same sizes but along the axis: for every place, the element there.
    Gather {
        axis: usize,
    },
    /// A table `[1, rows, ...]` and places: for every place, the row there.
    Rows,
    /// A value, places of the same sizes but along the axis, and what is put there, or added.
    Scatter {
        axis: usize,
        adds: bool,
    },
    Pad {
        axis: usize,
        before: usize,
        after: usize,
        value: f64,
    },
    Cast(Numbers),
    /// Nothing.
    Identity,
}
