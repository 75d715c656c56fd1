//! What is known of a value before anything comes in: how many axes it has, and what kind of numbers.

use candle_core::Tensor;

use super::messages::{self, Kind};
use crate::model::program::{Binary, Numbers, Op, Operand, Plain, Step, Unary};

/// What is known of a value.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fact {
    pub rank: Option<usize>,
    pub numbers: Option<Numbers>,
    /// Whether what gives it was met already.
    pub is_made: bool,
}

impl Fact {
    /// What the file says.
    pub fn of(value: &messages::ValueInfo) -> Self {
        let tensor = value.r#type.as_ref().and_then(|kind| kind.tensor.as_ref());
        let rank = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| shape.dims.len());
        Self { rank, numbers: tensor.and_then(|tensor| numbers(tensor.kind)), is_made: false }
    }

    pub fn of_tensor(tensor: &Tensor) -> Self {
        let numbers = match tensor.dtype() {
            candle_core::DType::U8 => Numbers::Truth,
            candle_core::DType::I64 => Numbers::Whole,
            _ => Numbers::Real,
        };
        Self { rank: Some(tensor.rank()), numbers: Some(numbers), is_made: true }
    }
}

/// The numbers of a type of ONNX.
pub fn numbers(kind: i32) -> Option<Numbers> {
    match Kind::try_from(kind).ok()? {
        Kind::Float | Kind::Double | Kind::Float16 | Kind::Bfloat16 => Some(Numbers::Real),
        Kind::Bool => Some(Numbers::Truth),
        Kind::Undefined | Kind::String => None,
        _ => Some(Numbers::Whole),
    }
}

/// What is known of what a step makes.
pub fn of_step(step: &Step, known: &dyn Fn(&str) -> Fact) -> Fact {
    let operands: Vec<_> = step.operands.iter().map(|operand| of_operand(operand, known)).collect();
    let first = operands.first().copied().unwrap_or_default();
    Fact { rank: rank(step, &operands), numbers: kind(&step.op, first, &operands), is_made: true }
}

fn of_operand(operand: &Operand, known: &dyn Fn(&str) -> Fact) -> Fact {
    match operand {
        Operand::Value(name) => known(name),
        Operand::Number(_) => Fact { rank: Some(0), numbers: None, is_made: true },
        Operand::List(list) => list.first().map(|one| of_operand(one, known)).unwrap_or_default(),
        Operand::Absent => Fact::default(),
    }
}

fn kind(op: &Op, first: Fact, operands: &[Fact]) -> Option<Numbers> {
    let Op::Plain(plain) = op else { return Some(Numbers::Real) };
    match plain {
        Plain::Shape | Plain::Size { .. } | Plain::Order { .. } => Some(Numbers::Whole),
        Plain::Cast(numbers) => Some(*numbers),
        Plain::Unary(Unary::Not) => Some(Numbers::Truth),
        Plain::Binary(
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual
            | Binary::And
            | Binary::Or
            | Binary::Xor,
        ) => Some(Numbers::Truth),
        Plain::Where => operands.iter().skip(1).find_map(|fact| fact.numbers),
        Plain::Binary(_) | Plain::Arange => operands.iter().find_map(|fact| fact.numbers),
        Plain::Full | Plain::FullLike => None,
        _ => first.numbers,
    }
}

fn rank(step: &Step, operands: &[Fact]) -> Option<usize> {
    let first = operands.first().and_then(|fact| fact.rank);
    let most = || operands.iter().map(|fact| fact.rank).collect::<Option<Vec<_>>>()?.into_iter().max();
    let Op::Plain(plain) = &step.op else {
        return match &step.op {
            Op::Convolution(convolution) => Some(convolution.axes + 2),
            Op::Embedding { .. } => operands.get(1).and_then(|fact| fact.rank).map(|rank| rank + 1),
            Op::Recurrent(_) => Some(3),
            _ => first,
        };
    };
    let length = |at: usize| match step.operands.get(at) {
        Some(Operand::List(list)) => Some(list.len()),
        _ => None,
    };
    match plain {
        Plain::Binary(_) | Plain::Where | Plain::MatMul => most(),
        Plain::Reduce { axes, keep: false, .. } => match axes.as_slice() {
            [] => Some(0),
            axes => first?.checked_sub(axes.len()),
        },
        Plain::Reshape { .. } => length(1),
        Plain::Full => length(0),
        Plain::Expand { .. } => first.max(length(1)),
        Plain::Flatten { .. } => None,
        Plain::Squeeze(axes) if !axes.is_empty() => first?.checked_sub(axes.len()),
        Plain::Squeeze(_) => None,
        Plain::Unflatten { .. } => Some(first? + length(1)?.checked_sub(1)?),
        Plain::Unsqueeze(axes) => Some(first? + axes.len()),
        Plain::Select { .. } => first?.checked_sub(1),
        Plain::Stack { .. } => Some(first? + 1),
        Plain::Take { .. } => Some((first? + operands.get(1)?.rank?).checked_sub(1)?),
        Plain::Index => None,
        Plain::Shape | Plain::Arange => Some(1),
        Plain::Size { .. } => Some(0),
        _ => first,
    }
}
