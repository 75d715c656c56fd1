//! What is learnt: the samples with their labels, which of them are held out, losses and how good an answer is.

mod decision;
mod random;
mod range;
mod remark;
mod targets;

use candle_core::{DType, Device, Result, Tensor};

use super::streams::{Stream, shuffled};
use super::{Evaluation, Options, TrainingError};
use crate::space::Space;
use neartop_core::differentiable::with_elements;
use neartop_core::network::Network;
use neartop_core::settings::TaskKind;
use neartop_io::data::{DataError, DataSpec, Given, Labelled, Labels, Samples};
use range::Range;
pub use remark::Remark;
use targets::Targets;

/// Samples in a batch of an evaluation.
const EVALUATED: usize = 256;

/// Samples with random labels at the most: few enough that first steps see them several times.
const MOST_RANDOM: usize = 128;

/// A task with the samples to train on and those held out, the same for all candidates.
#[derive(Debug)]
pub struct Task {
    data: Labelled,
    kind: TaskKind,
    targets: Targets,
    train: Vec<usize>,
    held_out: Vec<usize>,
    /// Of each output, over the samples held out.
    variances: Vec<f64>,
    remarks: Vec<Remark>,
    label_names: Vec<String>,
    is_random: bool,
}

impl Task {
    /// Reads the samples and splits them: by class in equal shares where there are classes. What is learnt follows from the
    /// labels and the number of outputs, unless the options say it.
    ///
    /// # Errors
    /// If there are no labels, they do not fit the network's outputs, or there are too few.
    pub fn load(
        data: &DataSpec,
        network: &Network,
        seed: u64,
        options: &Options,
    ) -> std::result::Result<Self, TrainingError> {
        let outputs = network.output().elements();
        let (mut kind, mut names, mut label_names) = (TaskKind::Regression, (None, true), Vec::new());
        let decide = |given: Given| {
            (names, label_names) = ((given.names.clone(), given.numbers.is_some()), given.columns.clone());
            let (decided, labels) = decision::decide(given, outputs, options.task)?;
            kind = decided;
            Ok::<_, TrainingError>(labels)
        };
        let data = Labelled::load(data, &network.input, decide, |labels| {
            let count = labels.count();
            let mut rows = shuffled(count, seed, Stream::Split, 0);
            rows.truncate(options.samples.unwrap_or(count));
            rows.sort_unstable();
            rows
        })?;
        let (train, held_out) = split(&data.labels, options.holdout, seed);
        if train.is_empty() || held_out.is_empty() {
            return Err(TrainingError::TooFew { train: train.len(), held_out: held_out.len() });
        }
        let (targets, mut remarks) = targets(kind, &data.labels, &train, network);
        remarks.splice(0..0, Remark::of(kind, &data.labels, names, options.task.is_some()));
        let variances = targets.variances(&held_out);
        Ok(Self { data, kind, targets, train, held_out, variances, remarks, label_names, is_random: false })
    }

    /// What is learnt of a space: the labels of its preset. Where there are none, first steps learn random ones.
    ///
    /// # Errors
    /// As [`Task::load`].
    pub fn of(space: &Space, samples: &Samples, options: &Options) -> std::result::Result<Self, TrainingError> {
        let (preset, network) = (&space.preset, space.network());
        match Self::load(&preset.data, network, preset.seed, options) {
            Err(TrainingError::Data(DataError::Unlabelled(_))) if options.steps.is_some() => {
                Self::random(samples, network, preset.seed, options.task)
            }
            loaded => loaded,
        }
    }

    /// Labels drawn at random for the samples of a repetition, which are both trained on and judged by: whether a network can
    /// learn anything at all. Unless the task is asked for, they are classes where the network gives a row of outputs, and
    /// numbers elsewhere.
    ///
    /// # Errors
    /// If the samples cannot be read, or are too few.
    pub fn random(
        samples: &Samples,
        network: &Network,
        seed: u64,
        asked: Option<TaskKind>,
    ) -> std::result::Result<Self, TrainingError> {
        let batch = samples.batch(0)?;
        let shape = network.input.shape.clone();
        let count = batch.dims().first().map_or(0, |count| *count).min(MOST_RANDOM);
        let head = |values: &[f32]| values[..count * shape.elements()].to_vec();
        let values = with_elements(&batch, head).map_err(|error| DataError::Invalid(error.to_string()))?;
        if count < 2 {
            return Err(TrainingError::TooFew { train: count, held_out: count });
        }
        let (kind, labels) = random::labels(asked, network.output(), count, seed);
        let rows: Vec<_> = (0..count).collect();
        let (targets, _) = targets(kind, &labels, &rows, network);
        let variances = targets.variances(&rows);
        let data = Labelled { shape, values, labels };
        let (train, held_out) = (rows.clone(), rows);
        let remarks = vec![Remark::RandomLabels];
        Ok(Self { data, kind, targets, train, held_out, variances, remarks, label_names: Vec::new(), is_random: true })
    }

    /// Whether the labels were drawn.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.is_random
    }

    /// The loss, in the units of an [`Evaluation`], of whoever finds all answers as likely, or gives the mean.
    #[must_use]
    pub fn loss_of_chance(&self) -> f64 {
        self.in_units(self.targets.loss_of_chance(&self.train, &self.held_out))
    }

    /// What a network would learn of labels, and what is to be told of that, without reading samples.
    ///
    /// # Errors
    /// If the labels do not fit the network's outputs.
    pub fn foresee(
        given: Given,
        network: &Network,
        asked: Option<TaskKind>,
    ) -> std::result::Result<(TaskKind, Vec<Remark>), TrainingError> {
        let names = (given.names.clone(), given.numbers.is_some());
        let (kind, labels) = decision::decide(given, network.output().elements(), asked)?;
        let all: Vec<_> = (0..labels.count()).collect();
        let (_, mut remarks) = targets(kind, &labels, &all, network);
        remarks.splice(0..0, Remark::of(kind, &labels, names, asked.is_some()));
        Ok((kind, remarks))
    }

    #[must_use]
    pub fn kind(&self) -> TaskKind {
        self.kind
    }

    /// What the label of an output is called: its name, or its place from 1.
    #[must_use]
    pub fn label_name(&self, output: usize) -> String {
        self.label_names.get(output).cloned().unwrap_or_else(|| (output + 1).to_string())
    }

    /// What is to be told before training.
    #[must_use]
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Whether answers are right or wrong, rather than near.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.kind != TaskKind::Regression
    }

    /// Whether an output is the logarithm of odds, which a sigmoid would make a probability.
    #[must_use]
    pub fn takes_log_odds(&self) -> bool {
        matches!(self.kind, TaskKind::Binary | TaskKind::MultiLabel)
    }

    /// Samples that are trained on, and samples held out.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        (self.train.len(), self.held_out.len())
    }

    /// Bytes that the samples take.
    #[must_use]
    pub fn memory(&self) -> u64 {
        4 * self.data.values.len() as u64
    }

    /// Steps of an epoch. A last batch of a single sample, which batch norm could not standardize, is left out.
    #[must_use]
    pub fn steps(&self, batch: usize) -> u64 {
        let (whole, rest) = (self.train.len() / batch, self.train.len() % batch);
        (whole + usize::from(rest > 1 || whole == 0)) as u64
    }

    /// The samples of an epoch in their order, which all candidates share.
    #[must_use]
    pub fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        shuffled(self.train.len(), seed, Stream::Order, epoch).into_iter().map(|i| self.train[i]).collect()
    }

    /// The samples in `rows`: `[samples, ...]`.
    ///
    /// # Errors
    /// Those of candle.
    pub fn inputs(&self, rows: &[usize]) -> Result<Tensor> {
        let size = self.data.shape.elements();
        let mut values = Vec::with_capacity(rows.len() * size);
        rows.iter().for_each(|row| values.extend_from_slice(&self.data.values[row * size..(row + 1) * size]));
        let dims: Vec<_> = std::iter::once(rows.len()).chain(self.data.shape.0.iter().copied()).collect();
        Tensor::from_vec(values, dims, &Device::Cpu)
    }

    /// The loss that is trained: mean cross-entropy, or mean squared error of standardized labels.
    ///
    /// # Errors
    /// If `outputs` `[samples, outputs]` do not fit.
    pub fn loss(&self, outputs: &Tensor, rows: &[usize]) -> Result<Tensor> {
        self.targets.loss(outputs, rows)
    }

    /// A mean of [`Self::loss`] in the units of an [`Evaluation`]: that of several numbers is of standardized ones.
    #[must_use]
    pub fn in_units(&self, loss: f64) -> f64 {
        match &self.targets {
            Targets::Values { scales, .. } => match scales.as_slice() {
                [(_, std)] => loss * std * std,
                _ => loss,
            },
            _ => loss,
        }
    }

    /// Evaluates a network, given by what it answers to a batch, on the samples held out.
    ///
    /// # Errors
    /// Those of the network.
    pub fn evaluate(&self, network: impl FnMut(&Tensor) -> Result<Tensor>) -> Result<Evaluation> {
        self.evaluate_each(network).map(|(evaluation, _)| evaluation)
    }

    /// The same, with R^2 of each output where numbers are learnt.
    ///
    /// # Errors
    /// Those of the network.
    pub fn evaluate_each(&self, mut network: impl FnMut(&Tensor) -> Result<Tensor>) -> Result<(Evaluation, Vec<f64>)> {
        let (mut loss, mut right, mut squares) = (0.0, 0usize, vec![0.0; self.width()]);
        for rows in self.held_out.chunks(EVALUATED) {
            let outputs = network(&self.inputs(rows)?)?;
            loss += self.loss(&outputs, rows)?.to_dtype(DType::F64)?.to_scalar::<f64>()? * rows.len() as f64;
            right += self.targets.right(&outputs, rows)?;
            squares.iter_mut().zip(self.targets.squares(&outputs, rows)?).for_each(|(sum, x)| *sum += x);
        }
        let n = self.held_out.len() as f64;
        if !loss.is_finite() {
            return Ok((self.guessing(), vec![0.0; squares.len()]));
        }
        let mean_loss = loss / n;
        let errors: Vec<_> = match squares.len() {
            // To the last bit what the loss says.
            1 => vec![mean_loss],
            _ => squares.iter().map(|sum| sum / n).collect(),
        };
        let determined = self.determination(&errors);
        let quality = match &self.targets {
            Targets::Values { .. } => determined.iter().sum::<f64>() / determined.len().max(1) as f64,
            _ => right as f64 / (n * self.width() as f64),
        };
        Ok((Evaluation { loss: Some(self.in_units(mean_loss)), quality }, determined))
    }

    /// Answers for each sample.
    fn width(&self) -> usize {
        match &self.targets {
            Targets::Classes { .. } => 1,
            Targets::YesNo { width, .. } => *width,
            Targets::Values { scales, .. } => scales.len(),
        }
    }

    /// R^2 = 1 - mean squared error / variance of the labels held out, of each output.
    fn determination(&self, mean_squared_errors: &[f64]) -> Vec<f64> {
        let Targets::Values { scales, .. } = &self.targets else { return Vec::new() };
        let of = |((error, variance), (_, std)): ((&f64, &f64), &(f64, f64))| {
            // In the units of the labels, as losses are.
            let (error, variance) = (error * std * std, variance * std * std);
            if variance > 0.0 { 1.0 - error / variance } else { 0.0 }
        };
        mean_squared_errors.iter().zip(&self.variances).zip(scales).map(of).collect()
    }

    /// What stands for a network whose values are no longer finite: one class of all at random, or the mean label.
    #[must_use]
    pub fn guessing(&self) -> Evaluation {
        let quality = match &self.targets {
            Targets::Classes { count, .. } => 1.0 / *count as f64,
            Targets::YesNo { .. } => 0.5,
            Targets::Values { .. } => 0.0,
        };
        Evaluation { loss: None, quality }
    }

    /// Mean and standard deviation that labels which are numbers were standardized with.
    #[must_use]
    pub fn standardization(&self) -> Option<(f64, f64)> {
        match &self.targets {
            Targets::Values { scales, .. } => scales.first().copied(),
            _ => None,
        }
    }
}

/// What the network is to give. Where yes and no are learnt, a last sigmoid is left out.
fn targets(kind: TaskKind, labels: &Labels, train: &[usize], network: &Network) -> (Targets, Vec<Remark>) {
    let range = Range::of(network);
    match kind {
        TaskKind::Binary | TaskKind::MultiLabel => Targets::new(kind, labels, train, &range.without_sigmoid()),
        TaskKind::Classification | TaskKind::Regression => Targets::new(kind, labels, train, &range),
    }
}

/// Rows to train on and rows held out, ascending; the share of every class as near to `holdout` as can be, with at least
/// one sample of each left to train on.
fn split(labels: &Labels, holdout: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let groups: Vec<Vec<usize>> = match labels {
        Labels::Classes { of, count } => {
            let mut groups = vec![Vec::new(); *count];
            shuffled(of.len(), seed, Stream::Split, 1).into_iter().for_each(|row| groups[of[row] as usize].push(row));
            groups
        }
        labels => vec![shuffled(labels.count(), seed, Stream::Split, 1)],
    };
    let (mut train, mut held_out) = (Vec::new(), Vec::new());
    for group in groups {
        let held = (holdout * group.len() as f64).round() as usize;
        let (out, rest) = group.split_at(held.min(group.len().saturating_sub(1)));
        held_out.extend_from_slice(out);
        train.extend_from_slice(rest);
    }
    train.sort_unstable();
    held_out.sort_unstable();
    (train, held_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_keeps_the_shares_of_classes_and_loses_no_row() {
        let of: Vec<u32> = (0..1000).map(|i| if i % 10 == 0 { 2 } else { i % 2 }).collect();
        let labels = Labels::Classes { of: of.clone(), count: 3 };
        let (train, held_out) = split(&labels, 0.2, 7);
        assert_eq!((train.len(), held_out.len()), (800, 200));
        for class in 0..3 {
            let share =
                |rows: &[usize]| rows.iter().filter(|row| of[**row] == class).count() as f64 / rows.len() as f64;
            assert!((share(&train) - share(&held_out)).abs() < 0.005, "class {class}");
        }
        let mut all = [train.clone(), held_out].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_ne!(split(&labels, 0.2, 8).0, train);
    }

    #[test]
    fn orders_are_permutations_that_their_key_names() {
        let order = shuffled(500, 1, Stream::Order, 4);
        assert_eq!(order, shuffled(500, 1, Stream::Order, 4));
        assert_ne!(order, shuffled(500, 1, Stream::Order, 5));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..500).collect::<Vec<_>>());
    }
}
