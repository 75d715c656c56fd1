//! Which numbers of a node's output make its rank matrix.

use candle_core::Tensor;
use rand::RngCore;

use super::effective_rank::{Factor, RankError, largest};
use super::error::{ScoreError, failure};
use crate::kernels::with_elements;
use crate::network::Node;
use crate::parameters::Parameters;
use crate::random::{Key, Purpose};
use crate::settings::Rows;
use crate::shape::{Form, Layout};

/// Where the block of rows starts that makes the rank matrix of an output with several positions.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowOffset {
    /// At the first row.
    Start,
    /// At a multiple of a run of positions, drawn for the repetition and the layer.
    Drawn { rows: Rows, seed: u64, repetition: u64 },
}

/// Takes rank matrices of outputs.
#[derive(Clone, Copy)]
pub(super) struct RankMatrices<'a> {
    pub offset: RowOffset,
    pub cancelled: &'a dyn Fn() -> bool,
}

/// A block of consecutive rows of all that an output has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowBlock {
    pub first: usize,
    pub taken: usize,
}

/// How an output `[samples, ...]` is read as rows: a row is one position of one sample, a column is one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Vectors, a row for each sample. All rows have the same right to be taken, so the first are.
    Vectors { features: usize },
    /// Channels over positions: rows ordered by sample, then width, then height; a sequence has a height of 1.
    Channels { channels: usize, height: usize, width: usize },
    /// Features of every position, in the order of memory.
    Positions { positions: usize, features: usize },
}

impl Reading {
    pub fn of(form: &Form) -> Self {
        match (form.layout, form.shape.0.as_slice()) {
            (_, [features]) => Self::Vectors { features: *features },
            (Layout::Channels, [channels, height, width]) => {
                Self::Channels { channels: *channels, height: *height, width: *width }
            }
            (Layout::Channels, [channels, rest @ ..]) => {
                Self::Channels { channels: *channels, height: 1, width: rest.iter().product() }
            }
            (Layout::Features | Layout::Ids { .. }, [rest @ .., features]) => {
                Self::Positions { positions: rest.iter().product(), features: *features }
            }
            (_, []) => Self::Vectors { features: 1 },
        }
    }

    pub fn columns(self) -> usize {
        match self {
            Self::Vectors { features } | Self::Positions { features, .. } => features,
            Self::Channels { channels, .. } => channels,
        }
    }

    /// A drawn block starts at a multiple of this many rows; none where it is not drawn.
    fn run(self) -> Option<usize> {
        match self {
            Self::Vectors { .. } => None,
            Self::Channels { width, .. } => Some(width),
            Self::Positions { positions, .. } => Some(positions),
        }
    }

    /// Rows of a block, of an output of these elements.
    pub fn rows(self, data: &[f32], block: RowBlock) -> Vec<f32> {
        match self {
            Self::Channels { channels, height, width } => rows_of_images(data, [channels, height, width], block),
            Self::Vectors { features } | Self::Positions { features, .. } => {
                data[block.first * features..(block.first + block.taken) * features].to_vec()
            }
        }
    }
}

/// What stands for the weights of a node in a rank matrix of so many rows, if it has far fewer inputs than units: then the rank
/// matrix is made of the same rows of its input.
pub(super) fn factor(node: &Node, parameters: &Parameters, rows: usize) -> candle_core::Result<Option<Factor>> {
    let (true, Some(weight)) = (node.is_narrow(rows), parameters.get("weight")) else { return Ok(None) };
    let bias = parameters.get("bias").map(Tensor::to_vec1::<f32>).transpose()?;
    with_elements(weight, |weight| Factor::new(weight, bias.as_deref(), node.units()))
}

impl RankMatrices<'_> {
    /// The rows that make the rank matrix of the `layer`th counted output, out of `rows`.
    pub fn block(&self, layer: usize, reading: Reading, rows: usize) -> RowBlock {
        let columns = reading.columns();
        let first = match (reading.run(), self.offset) {
            (Some(run), RowOffset::Drawn { rows: how, seed, repetition }) if rows >= columns => {
                let places = match how {
                    Rows::Full => (rows - columns) / run + 1,
                    Rows::Clipped => (rows / run).saturating_sub(1).max(1),
                } as u64;
                let key = Key { seed, repetition, layer: layer as u64, purpose: Purpose::Rows };
                // The modulo's bias is below places / 2^64.
                (key.rng().next_u64() % places) as usize * run
            }
            _ => 0,
        };
        RowBlock { first, taken: columns.min(rows - first) }
    }

    /// From the input of `node`, a narrower matrix with its rows and columns: it has the singular values of the rank matrix of the
    /// output, but for zeros and a common factor. None where the output has to be ranked itself.
    pub fn of_input(
        &self,
        node: &Node,
        input: &Tensor,
        parameters: &Parameters,
    ) -> Result<Option<(Vec<f32>, usize, usize)>, ScoreError> {
        if node.surroundings.is_same_for_all {
            return Ok(None);
        }
        let (reading, layer) = (Reading::of(&node.place.output), node.counted.unwrap_or_default());
        let block = self.block(layer, reading, input.dim(0)? * node.place.output.rows());
        let Some(factor) = factor(node, parameters, block.taken)? else { return Ok(None) };
        let rows = with_elements(input, |data| Reading::of(&node.place.inputs[0]).rows(data, block))?;
        Ok(factor.matrix(rows).map(|matrix| (matrix, block.taken, factor.columns())))
    }

    /// Whether the output of `node`, which must be finite, has anything but zeros.
    pub fn gives(&self, node: &Node, output: &Tensor) -> Result<bool, ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let largest = with_elements(output, largest)?;
        Ok(largest.ok_or_else(|| failure(node, RankError::NonFinite))? > 0.0)
    }

    /// Gives `take` the rank matrix of the output of `node`, row by row, with its rows and columns. Whether that is finite `take` has
    /// to see; the rest of the output is.
    pub fn with_matrix<R>(
        &self,
        node: &Node,
        output: &Tensor,
        take: impl Fn(&[f32], usize, usize) -> Result<R, RankError>,
    ) -> Result<R, ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let (reading, layer) = (Reading::of(&node.place.output), node.counted.unwrap_or_default());
        // What is the same for all samples is looked at once.
        let one = node.surroundings.is_same_for_all.then(|| output.narrow(0, 0, 1)).transpose()?;
        let output = one.as_ref().unwrap_or(output);
        let taken = with_elements(output, |data| {
            let columns = reading.columns();
            let block = self.block(layer, reading, data.len() / columns.max(1));
            if block.taken * columns < data.len() && largest(data).is_none() {
                return Err(RankError::NonFinite);
            }
            match reading {
                // No copy of what lies together.
                Reading::Vectors { .. } => take(&data[..block.taken * columns], block.taken, columns),
                _ => take(&reading.rows(data, block), block.taken, columns),
            }
        })?;
        taken.map_err(|error| failure(node, error))
    }
}

/// A block of rows of the `[samples x width x height, channels]` matrix of images `[samples, channels, height, width]`:
/// ordered by sample, then width, then height.
fn rows_of_images(images: &[f32], dims: [usize; 3], block: RowBlock) -> Vec<f32> {
    let [channels, height, width] = dims;
    let area = height * width;
    let mut rows = Vec::with_capacity(block.taken * channels);
    for row in block.first..block.first + block.taken {
        let (sample, position) = (row / area, row % area);
        let (column, line) = (position / height, position % height);
        let pixel = &images[sample * channels * area + line * width + column..];
        rows.extend(pixel.iter().step_by(area).take(channels));
    }
    rows
}
