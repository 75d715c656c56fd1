//! Which numbers of a module's output make its rank matrix.

use candle_core::Tensor;
use rand::RngCore;

use super::effective_rank::{RankError, largest};
use super::{ScoreError, failure};
use crate::network::Module;
use crate::network::ops::with_elements;
use crate::random::{Key, Purpose};
use crate::settings::Rows;

/// Where the block of rows of a convolution's rank matrix starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowOffset {
    /// At the first row.
    Start,
    /// At a multiple of the image's width, drawn for the repetition and the layer.
    Drawn { rows: Rows, seed: u64, repetition: u64 },
}

/// Takes rank matrices of outputs.
#[derive(Clone, Copy)]
pub(super) struct RankMatrices<'a> {
    pub offset: RowOffset,
    pub cancelled: &'a dyn Fn() -> bool,
}

impl RankMatrices<'_> {
    /// The first row of the block, see [`RowOffset`].
    pub fn first_row(&self, layer: usize, rows: usize, columns: usize, width: usize) -> usize {
        match self.offset {
            RowOffset::Drawn { rows: how, seed, repetition } if rows >= columns => {
                let places = match how {
                    Rows::Full => (rows - columns) / width + 1,
                    Rows::Clipped => (rows / width).saturating_sub(1).max(1),
                } as u64;
                let key = Key { seed, repetition, layer: layer as u64, purpose: Purpose::Rows };
                // The modulo's bias is below places / 2^64.
                (key.rng().next_u64() % places) as usize * width
            }
            _ => 0,
        }
    }

    /// Gives `take` the rank matrix of the output of the `layer`th counted module, row by row, with its rows and columns.
    pub fn with_matrix<R>(
        &self,
        layer: usize,
        module: &Module,
        output: &Tensor,
        take: impl Fn(&[f32], usize, usize) -> Result<R, RankError>,
    ) -> Result<R, ScoreError> {
        if (self.cancelled)() {
            return Err(ScoreError::Cancelled);
        }
        let taken = with_elements(output, |data| {
            if largest(data).is_none() {
                return Err(RankError::NonFinite);
            }
            match output.dims() {
                [_, channels, height, width] => {
                    let rows = data.len() / channels;
                    let first = self.first_row(layer, rows, *channels, *width);
                    let taken = (*channels).min(rows - first);
                    let block = rows_of_images(data, [*channels, *height, *width], first, taken);
                    take(&block, taken, *channels)
                }
                _ => {
                    let columns = module.output.width();
                    let rows = columns.min(data.len() / columns);
                    take(&data[..rows * columns], rows, columns)
                }
            }
        })?;
        taken.map_err(|error| failure(module, error))
    }
}

/// Rows `first..first + taken` of the `[samples x width x height, channels]` matrix of images `[samples, channels,
/// height, width]`: ordered by sample, then width, then height.
pub(super) fn rows_of_images(images: &[f32], dims: [usize; 3], first: usize, taken: usize) -> Vec<f32> {
    let [channels, height, width] = dims;
    let area = height * width;
    let mut rows = Vec::with_capacity(taken * channels);
    for row in first..first + taken {
        let (sample, position) = (row / area, row % area);
        let (column, line) = (position / height, position % height);
        let pixel = &images[sample * channels * area + line * width + column..];
        rows.extend(pixel.iter().step_by(area).take(channels));
    }
    rows
}
