//! What is known of a value while a program is followed.

use candle_core::{DType, Tensor};
use neartop_core::network::{Stored, ValueId};

/// A value of a program.
#[derive(Debug, Clone)]
pub enum Traced {
    /// One that depends on the samples.
    Live(Live),
    /// One that is the same whatever comes in.
    Fixed(Fixed),
}

impl Traced {
    /// The number of axes in the file.
    pub fn rank(&self) -> usize {
        match self {
            Self::Live(live) => live.dims.len(),
            Self::Fixed(fixed) => fixed.tensor.rank(),
        }
    }
}

/// A value of the network, with its axes in the file.
#[derive(Debug, Clone)]
pub struct Live {
    pub value: ValueId,
    pub dims: Vec<Dim>,
}

/// An axis in the file, as the axes that it is made of, the slowest first.
pub type Dim = Vec<Part>;

/// A part of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The samples.
    Samples,
    Of(usize),
}

/// A tensor that does not depend on the samples.
#[derive(Debug, Clone)]
pub struct Fixed {
    pub tensor: Tensor,
    /// Whether training changes what it is made of.
    pub is_trained: bool,
    /// Whether all parameters that it is made of are frozen, so that training does not change it after all.
    pub is_frozen: bool,
    /// Whether its numbers are truths: 0 or 1.
    pub is_truth: bool,
    /// The parameter or buffer that it is, as a whole, transposed, or some rows.
    pub source: Option<Stored>,
}

impl Fixed {
    /// A constant.
    pub fn constant(tensor: Tensor) -> Self {
        Self { tensor, is_trained: false, is_frozen: false, is_truth: false, source: None }
    }

    pub fn number(x: f64) -> candle_core::Result<Self> {
        Tensor::new(x, &candle_core::Device::Cpu).map(Self::constant)
    }

    /// Its numbers in double precision.
    pub fn numbers(&self) -> candle_core::Result<Vec<f64>> {
        self.tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
    }

    /// The same parameter seen in another way, or none any more.
    pub fn seen(&self, tensor: Tensor, source: Option<Stored>) -> Self {
        Self { tensor, source, ..*self }
    }
}

/// Places in each sample, which the file counts across all: by how much they are further on for the next sample.
#[derive(Debug, Clone)]
pub struct Across {
    pub places: Live,
    pub by: usize,
}

/// The number of elements along an axis of a file with so many samples.
pub fn size(dim: &[Part], samples: usize) -> usize {
    dim.iter().map(|part| part.size(samples)).product()
}

impl Part {
    pub fn size(self, samples: usize) -> usize {
        match self {
            Self::Samples => samples,
            Self::Of(size) => size,
        }
    }

    pub fn of(self) -> Option<usize> {
        match self {
            Self::Samples => None,
            Self::Of(size) => Some(size),
        }
    }
}

impl Live {
    /// The sizes of its axes in the file.
    pub fn sizes(&self, samples: usize) -> Vec<usize> {
        self.dims.iter().map(|dim| size(dim, samples)).collect()
    }

    /// The axes of one sample in the network.
    pub fn shape(&self) -> Vec<usize> {
        shape(&self.dims)
    }

    /// The axes of the network, that of the samples being 0, that an axis in the file is made of.
    pub fn axes(&self, axis: usize) -> Vec<usize> {
        let before: usize = self.dims[..axis].iter().map(|dim| count(dim)).sum();
        (0..count(&self.dims[axis])).map(|at| 1 + before + at).collect()
    }

    /// The axis of the network that an axis in the file is, where it is one and does not hold the samples.
    pub fn axis(&self, axis: usize) -> Option<usize> {
        match self.dims.get(axis)?.as_slice() {
            [Part::Of(_)] => self.axes(axis).first().copied(),
            _ => None,
        }
    }

    pub fn holds_samples(&self, axis: usize) -> bool {
        self.dims[axis].contains(&Part::Samples)
    }
}

fn count(dim: &[Part]) -> usize {
    dim.iter().filter(|part| part.of().is_some()).count()
}

/// The axes of one sample in the network.
pub fn shape(dims: &[Dim]) -> Vec<usize> {
    dims.iter().flatten().filter_map(|part| part.of()).collect()
}

/// The axes `dims` with other borders between them, in the order of memory; none where samples would be split.
pub fn regroup(dims: &[Dim], to: &[usize], samples: usize) -> Option<Vec<Dim>> {
    let all = dims.iter().flatten().copied().filter(|part| *part != Part::Of(1));
    let mut rest: std::collections::VecDeque<_> = all.collect();
    let mut grouped = Vec::with_capacity(to.len());
    for target in to {
        let (mut dim, mut left) = (Vec::new(), *target);
        // A single sample is a factor of 1, which belongs where a 1 is asked for.
        if *target == 1 && samples == 1 && rest.front() == Some(&Part::Samples) {
            dim.extend(rest.pop_front());
        }
        while left > 1 {
            let part = rest.pop_front()?;
            let size = part.size(samples);
            if size > 0 && left.is_multiple_of(size) {
                left /= size;
                dim.push(part);
            } else if part != Part::Samples && size.is_multiple_of(left) {
                dim.push(Part::Of(left));
                rest.push_front(Part::Of(size / left));
                left = 1;
            } else if let (Part::Of(size), Some(Part::Of(next))) = (part, rest.front().copied()) {
                // Neighbours whose border is nowhere in the result are one axis.
                rest[0] = Part::Of(size * next);
            } else {
                return None;
            }
        }
        grouped.push(if dim.is_empty() { vec![Part::Of(1)] } else { dim });
    }
    // Single samples that nobody asked for stay in the last axis.
    if let (1, Some(Part::Samples), Some(last)) = (samples, rest.front().copied(), grouped.last_mut()) {
        last.insert(0, Part::Samples);
        rest.pop_front();
    }
    rest.is_empty().then_some(grouped)
}

#[cfg(test)]
mod tests {
    use super::Part::{Of, Samples};
    use super::*;

    #[test]
    fn axes_are_grouped_in_the_order_of_memory() {
        let tokens = vec![vec![Of(17)], vec![Samples], vec![Of(32)]];
        let heads = regroup(&tokens, &[17, 32, 8], 8).unwrap();
        assert_eq!(heads, [vec![Of(17)], vec![Samples, Of(4)], vec![Of(8)]]);
        let flat = regroup(&[vec![Samples], vec![Of(12)], vec![Of(15)]], &[96, 15], 8).unwrap();
        assert_eq!(flat, [vec![Samples, Of(12)], vec![Of(15)]]);
        assert_eq!(regroup(&flat, &[8, 12, 3, 5], 8).unwrap()[2..], [vec![Of(3)], vec![Of(5)]]);
        assert_eq!(regroup(&[vec![Samples], vec![Of(6)]], &[2, 4, 6], 8), None);
        let other = regroup(&[vec![Samples], vec![Of(6)], vec![Of(8)]], &[8, 4, 12], 8).unwrap();
        assert_eq!(other, [vec![Samples], vec![Of(4)], vec![Of(12)]]);
        assert_eq!(regroup(&[vec![Of(6)], vec![Samples], vec![Of(8)]], &[4, 96], 8), None);
        let single = regroup(&[vec![Samples], vec![Of(6)]], &[1, 2, 3], 1).unwrap();
        assert_eq!(single, [vec![Samples], vec![Of(2)], vec![Of(3)]]);
    }
}
