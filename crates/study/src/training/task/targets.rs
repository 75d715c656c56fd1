//! What a network is to give, and how far it is from that.

use candle_core::{DType, Device, Result, Tensor};

use super::range::Range;
use super::remark::Remark;
use neartop_core::differentiable;
use neartop_core::settings::TaskKind;
use neartop_io::data::Labels;

/// What a network is to give.
#[derive(Debug)]
pub enum Targets {
    Classes {
        of: Vec<u32>,
        count: usize,
    },
    /// 0 or 1 for each output, row by row.
    YesNo {
        of: Vec<u32>,
        width: usize,
    },
    /// Shifted and scaled by what the samples to train on say, row by row.
    Values {
        of: Vec<f32>,
        /// Of each output: what is taken off, and by what it is divided then.
        scales: Vec<(f64, f64)>,
    },
}

impl Targets {
    /// Those of labels, and what is to be told of them, for a network whose outputs lie in `range`.
    pub fn new(kind: TaskKind, labels: &Labels, train: &[usize], range: &Range) -> (Self, Vec<Remark>) {
        match (kind, labels) {
            (TaskKind::Binary, Labels::Classes { of, .. }) => {
                (Self::YesNo { of: of.clone(), width: 1 }, range.logits())
            }
            (_, Labels::Classes { of, count }) => (Self::Classes { of: of.clone(), count: *count }, range.logits()),
            (TaskKind::MultiLabel, Labels::Several { of, width }) => {
                let of = of.iter().map(|x| u32::from(*x == 1.0)).collect();
                (Self::YesNo { of, width: *width }, range.logits())
            }
            (_, Labels::Several { of, width }) => Self::values(of, *width, train, range),
            (_, Labels::Values(of)) => Self::values(of, 1, train, range),
        }
    }

    fn values(of: &[f32], width: usize, train: &[usize], range: &Range) -> (Self, Vec<Remark>) {
        let mut remarks = Vec::new();
        let scale = |output: usize| {
            let value = |row: usize| f64::from(of[row * width + output]);
            let mean = mean(train, value);
            let std = self::mean(train, |row| (value(row) - mean).powi(2)).sqrt();
            let all = || (0..of.len() / width).map(value);
            let limits = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
            let (scale, remark) = range.scale(limits, (mean, if std > 0.0 { std } else { 1.0 }));
            remarks.extend(remark);
            scale
        };
        let scales: Vec<_> = (0..width).map(scale).collect();
        remarks.dedup();
        let scaled = |(i, x): (usize, &f32)| {
            let (mean, std) = scales[i % width];
            ((f64::from(*x) - mean) / std) as f32
        };
        (Self::Values { of: of.iter().enumerate().map(scaled).collect(), scales }, remarks)
    }

    /// The loss that is trained: mean cross-entropy, or mean squared error of standardized labels.
    ///
    /// # Errors
    /// If `outputs` `[samples, outputs]` do not fit.
    pub fn loss(&self, outputs: &Tensor, rows: &[usize]) -> Result<Tensor> {
        match self {
            Self::Classes { of, .. } => {
                differentiable::cross_entropy(outputs, rows.iter().map(|row| of[*row]).collect())
            }
            Self::YesNo { of, width } => {
                // The cross-entropy of two outputs, of which that for no is 0.
                let yes = outputs.flatten_all()?;
                let both = Tensor::stack(&[yes.zeros_like()?, yes], 1)?;
                differentiable::cross_entropy(&both, chosen(of, *width, rows))
            }
            Self::Values { of, scales } => {
                let targets = chosen(of, scales.len(), rows);
                let count = targets.len();
                let targets = Tensor::from_vec(targets, count, &Device::Cpu)?.to_dtype(outputs.dtype())?;
                differentiable::mean_squared_error(&outputs.flatten_all()?, &targets)
            }
        }
    }

    /// How many answers are right, of how many.
    ///
    /// # Errors
    /// If `outputs` do not fit.
    pub fn right(&self, outputs: &Tensor, rows: &[usize]) -> Result<usize> {
        match self {
            Self::Classes { of, .. } => {
                let answers = outputs.argmax(1)?.to_vec1::<u32>()?;
                Ok(rows.iter().zip(answers).filter(|(row, answer)| of[**row] == *answer).count())
            }
            Self::YesNo { of, width } => {
                let answers = outputs.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
                let asked = chosen(of, *width, rows);
                Ok(answers.iter().zip(asked).filter(|(x, yes)| (**x > 0.0) == (*yes == 1)).count())
            }
            Self::Values { .. } => Ok(0),
        }
    }

    /// Squared errors of each output, summed over the rows.
    ///
    /// # Errors
    /// If `outputs` do not fit.
    pub fn squares(&self, outputs: &Tensor, rows: &[usize]) -> Result<Vec<f64>> {
        let Self::Values { of, scales } = self else { return Ok(Vec::new()) };
        let answers = outputs.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let mut sums = vec![0.0; scales.len()];
        for (i, (x, target)) in answers.iter().zip(chosen(of, scales.len(), rows)).enumerate() {
            sums[i % scales.len()] += (x - f64::from(target)).powi(2);
        }
        Ok(sums)
    }

    /// What [`Self::loss`] is of whoever does not look at the input: finds all answers as likely, or gives the mean of the
    /// samples to train on.
    pub fn loss_of_chance(&self, train: &[usize], held_out: &[usize]) -> f64 {
        match self {
            Self::Classes { count, .. } => (*count as f64).ln(),
            Self::YesNo { .. } => std::f64::consts::LN_2,
            Self::Values { of, scales } => {
                let width = scales.len();
                let output = |output: usize| {
                    let value = |row: usize| f64::from(of[row * width + output]);
                    let centre = mean(train, value);
                    mean(held_out, |row| (value(row) - centre).powi(2))
                };
                (0..width).map(output).sum::<f64>() / width as f64
            }
        }
    }

    /// The variance of each output over some rows, in the units of the loss.
    pub fn variances(&self, rows: &[usize]) -> Vec<f64> {
        let Self::Values { of, scales } = self else { return Vec::new() };
        let width = scales.len();
        let variance = |output: usize| {
            let value = |row: usize| f64::from(of[row * width + output]);
            let centre = mean(rows, value);
            mean(rows, |row| (value(row) - centre).powi(2))
        };
        (0..width).map(variance).collect()
    }
}

/// The targets of some rows, of so many outputs.
fn chosen<T: Copy>(of: &[T], width: usize, rows: &[usize]) -> Vec<T> {
    rows.iter().flat_map(|row| &of[row * width..(row + 1) * width]).copied().collect()
}

pub fn mean(rows: &[usize], value: impl Fn(usize) -> f64) -> f64 {
    rows.iter().map(|row| value(*row)).sum::<f64>() / rows.len() as f64
}
