//! Losses.

use candle_core::{Result, Tensor, WithDType, bail};

use super::function::{Float, Function, apply1, real};

/// Mean cross-entropy of the softmax of `outputs` `[samples, classes]` with the class of each sample; a scalar.
///
/// # Errors
/// If the shapes or the classes do not fit.
pub fn cross_entropy(outputs: &Tensor, classes: Vec<u32>) -> Result<Tensor> {
    let (samples, width) = outputs.dims2()?;
    if samples != classes.len() || classes.iter().any(|class| *class as usize >= width) {
        bail!("{} classes do not fit outputs of {:?}", classes.len(), outputs.dims());
    }
    apply1(CrossEntropy { classes, width }, outputs)
}

/// Mean squared difference of `outputs` and `targets`, both `[samples]`; a scalar.
///
/// # Errors
/// If the shapes do not fit.
pub fn mean_squared_error(outputs: &Tensor, targets: &Tensor) -> Result<Tensor> {
    (outputs - targets)?.sqr()?.mean_all()
}

struct CrossEntropy {
    classes: Vec<u32>,
    width: usize,
}

/// The largest of some values, and the sum of e^(value - largest).
fn log_sum<T: Float>(row: &[T]) -> (f64, f64) {
    let values = || row.iter().map(|x| WithDType::to_f64(*x));
    let largest = values().fold(f64::NEG_INFINITY, f64::max);
    (largest, values().map(|x| (x - largest).exp()).sum())
}

impl Function<1> for CrossEntropy {
    const NAME: &'static str = "cross-entropy";

    fn dims(&self, _: &[usize]) -> Vec<usize> {
        Vec::new()
    }

    fn forward<T: Float>(&self, [x]: [&[T]; 1]) -> Vec<T> {
        let loss = |(row, class): (&[T], &u32)| {
            let (largest, sum) = log_sum(row);
            largest + sum.ln() - WithDType::to_f64(row[*class as usize])
        };
        let sum: f64 = x.chunks_exact(self.width).zip(&self.classes).map(loss).sum();
        vec![real(sum / self.classes.len() as f64)]
    }

    fn backward<T: Float>(&self, [x]: [&[T]; 1], _: &[T], g: &[T], _: [bool; 1]) -> [Option<Vec<T>>; 1] {
        let scale = WithDType::to_f64(g[0]) / self.classes.len() as f64;
        let mut by_input = Vec::with_capacity(x.len());
        for (row, class) in x.chunks_exact(self.width).zip(&self.classes) {
            let (largest, sum) = log_sum(row);
            by_input.extend(row.iter().enumerate().map(|(i, x)| {
                let probability = (WithDType::to_f64(*x) - largest).exp() / sum;
                real::<T>(scale * (probability - f64::from(u8::from(i == *class as usize))))
            }));
        }
        [Some(by_input)]
    }
}
