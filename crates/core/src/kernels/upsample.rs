//! Images and sequences made larger or smaller.

use candle_core::{Device, Result, Tensor, bail};

use super::tensors::with_elements;

/// What stands between the elements of an image that is made larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upsampling {
    /// Copies of the nearest element.
    Nearest,
    /// What lies on the straight line between two neighbours, along both axes of an image. The corners of the pixels keep
    /// their places, as in PyTorch without `align_corners`.
    Linear,
}

/// Where an element comes from along an axis: two places and the share of the second.
#[derive(Debug, Clone, Copy)]
pub struct Between {
    pub places: [usize; 2],
    pub share: f64,
}

impl Upsampling {
    /// The places that `side` times `scale` elements come from.
    #[must_use]
    pub fn between(self, side: usize, scale: usize) -> Vec<Between> {
        let place = |at: usize| match self {
            Self::Nearest => Between { places: [at / scale; 2], share: 0.0 },
            Self::Linear => {
                let from = ((at as f64 + 0.5) / scale as f64 - 0.5).max(0.0);
                let first = from as usize;
                Between { places: [first, (first + 1).min(side - 1)], share: from - first as f64 }
            }
        };
        (0..side * scale).map(place).collect()
    }
}

/// The two last axes of `[samples, channels, height, width]`, or 1 and the last of `[samples, channels, length]`.
///
/// # Errors
/// If the tensor has another number of axes.
pub fn plane(x: &Tensor) -> Result<[usize; 2]> {
    match *x.dims() {
        [_, _, height, width] => Ok([height, width]),
        [_, _, length] => Ok([1, length]),
        _ => bail!("{:?} is neither a batch of images nor one of sequences", x.dims()),
    }
}

/// The dimensions of `first` with planes of other sides.
#[must_use]
pub fn with_plane(first: &[usize], [height, width]: [usize; 2]) -> Vec<usize> {
    let channels = first.iter().take(2).copied();
    match first.len() {
        3 => channels.chain([width]).collect(),
        _ => channels.chain([height, width]).collect(),
    }
}

/// Images `[samples, channels, height, width]` or sequences `[samples, channels, length]` with `scale` times the elements
/// along every axis.
///
/// # Errors
/// If the tensor is neither.
pub fn upsample(x: &Tensor, scale: usize, mode: Upsampling) -> Result<Tensor> {
    let [height, width] = plane(x)?;
    let down = if x.rank() == 3 { 1 } else { scale };
    let (rows, columns) = (mode.between(height, down), mode.between(width, scale));
    let y = with_elements(x, |x| match mode {
        Upsampling::Nearest => repeated(x, width, [down, scale]),
        Upsampling::Linear => interpolated(x, [height, width], &rows, &columns),
    })?;
    Tensor::from_vec(y, with_plane(x.dims(), [rows.len(), columns.len()]), &Device::Cpu)
}

fn repeated(x: &[f32], width: usize, [down, scale]: [usize; 2]) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len() * down * scale);
    for row in x.chunks_exact(width.max(1)) {
        let start = y.len();
        y.extend(row.iter().flat_map(|x| std::iter::repeat_n(*x, scale)));
        let end = y.len();
        (1..down).for_each(|_| y.extend_from_within(start..end));
    }
    y
}

fn interpolated(x: &[f32], [height, width]: [usize; 2], rows: &[Between], columns: &[Between]) -> Vec<f32> {
    let mut y = Vec::with_capacity(x.len() / (height * width).max(1) * rows.len() * columns.len());
    let mut mixed = vec![0.0; width];
    for plane in x.chunks_exact((height * width).max(1)) {
        for row in rows {
            let [first, second] = row.places.map(|at| &plane[at * width..][..width]);
            for (mixed, (a, b)) in mixed.iter_mut().zip(first.iter().zip(second)) {
                *mixed = mix(*a, *b, row.share as f32);
            }
            y.extend(columns.iter().map(|c| mix(mixed[c.places[0]], mixed[c.places[1]], c.share as f32)));
        }
    }
    y
}

fn mix(a: f32, b: f32, share: f32) -> f32 {
    (1.0 - share) * a + share * b
}

/// The elements of a side whose mean becomes one of `to` elements.
#[must_use]
pub fn share_of(at: usize, side: usize, to: usize) -> std::ops::Range<usize> {
    at * side / to..((at + 1) * side).div_ceil(to)
}

/// The means of as many windows as there are elements in `to`, of images `[channels, height, width]` or of sequences, which
/// are images of height 1. Windows overlap where their number does not divide the side, as in PyTorch.
///
/// # Errors
/// If the tensor is neither.
pub fn adaptive_mean(x: &Tensor, to: [usize; 2]) -> Result<Tensor> {
    let [height, width] = plane(x)?;
    let y = with_elements(x, |x| {
        let mut y = Vec::with_capacity(x.len() / (height * width).max(1) * to[0] * to[1]);
        for plane in x.chunks_exact((height * width).max(1)) {
            for (row, column) in (0..to[0]).flat_map(|row| (0..to[1]).map(move |column| (row, column))) {
                let (rows, columns) = (share_of(row, height, to[0]), share_of(column, width, to[1]));
                let area = (rows.len() * columns.len()) as f32;
                y.push(rows.flat_map(|row| &plane[row * width..][columns.clone()]).sum::<f32>() / area);
            }
        }
        y
    })?;
    Tensor::from_vec(y, with_plane(x.dims(), to), &Device::Cpu)
}
