//! Along which axes of a value a norm goes, and which of them its weights lie along.

use crate::model::program::{Op, Operand, Plain};

/// What has a scale and a shift of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Affine {
    /// Every channel of those that are normalized apart.
    Channel,
    /// Every channel of a group, where groups are normalized apart.
    InGroup,
    /// Every place that is normalized together.
    Place,
}

/// A value, the first axis of which is that of the samples, and the axes of it along which a norm goes.
#[derive(Debug, Clone)]
pub struct Outline {
    pub dims: Vec<usize>,
    axes: Vec<usize>,
}

type Moves = Vec<(Plain, Vec<Operand>)>;

impl Outline {
    /// None where the norm would go over the samples, or along no axis.
    pub fn new(dims: Vec<usize>, axes: Vec<usize>) -> Option<Self> {
        let is_known = !axes.is_empty() && axes.iter().all(|axis| (1..dims.len()).contains(axis));
        is_known.then_some(Self { dims, axes })
    }

    pub fn samples(&self) -> usize {
        self.dims[0].max(1)
    }

    /// Elements of a sample.
    fn places(&self) -> usize {
        self.dims[1..].iter().product()
    }

    /// The place of an element among those of its axes in `of`.
    fn along(&self, element: usize, of: &[usize]) -> usize {
        let mut rest = element;
        let mut index = vec![0; self.dims.len()];
        for (axis, size) in self.dims.iter().enumerate().rev() {
            index[axis] = rest % size;
            rest /= size;
        }
        of.iter().fold(0, |at, axis| at * self.dims[*axis] + index[*axis])
    }

    /// The axes that stay apart, but for that of the samples.
    fn apart(&self) -> Vec<usize> {
        (1..self.dims.len()).filter(|axis| !self.axes.contains(axis)).collect()
    }

    /// The axes along which weights lie; none where the value has no such axes.
    fn units(&self, affine: Affine) -> Option<Vec<usize>> {
        let (apart, last) = (self.apart(), self.dims.len() - 1);
        match (affine, apart.as_slice()) {
            (Affine::Channel, [1]) => Some(vec![1]),
            (Affine::Channel, [at]) if *at == last => Some(vec![*at]),
            (Affine::InGroup, [1]) if last > 1 => Some(vec![1, 2]),
            (Affine::InGroup, [at]) if *at + 1 == last => Some(vec![*at, last]),
            (Affine::Place, _) => Some(self.axes.clone()),
            _ => None,
        }
    }

    /// What may have scales and shifts, the likeliest first.
    pub fn affines(&self) -> [Affine; 3] {
        match self.axes.as_slice() {
            [axis] if axis + 1 == self.dims.len() => [Affine::Place, Affine::Channel, Affine::InGroup],
            _ => [Affine::Channel, Affine::InGroup, Affine::Place],
        }
    }

    /// Whether there is a layer for it.
    pub fn allows(&self, affine: Affine, is_centred: bool) -> bool {
        let is_row = affine == Affine::Place && self.axes.len() == 1;
        self.units(affine).is_some() && (is_centred || is_row)
    }

    /// The value normalized.
    pub fn normed(&self, x: &[f64], epsilon: f64, is_centred: bool) -> Vec<f64> {
        let kept = [vec![0], self.apart()].concat();
        let groups: usize = kept.iter().map(|axis| self.dims[*axis]).product();
        let count = (x.len() / groups.max(1)) as f64;
        let of: Vec<_> = (0..x.len()).map(|at| self.along(at, &kept)).collect();
        let sums = |f: &dyn Fn(usize) -> f64| {
            let mut sums = vec![0.0; groups];
            of.iter().enumerate().for_each(|(at, group)| sums[*group] += f(at) / count);
            sums
        };
        let means = if is_centred { sums(&|at| x[at]) } else { vec![0.0; groups] };
        let variances = sums(&|at| (x[at] - means[of[at]]).powi(2));
        (0..x.len()).map(|at| (x[at] - means[of[at]]) / (variances[of[at]] + epsilon).sqrt()).collect()
    }

    /// Scale and shift at every place of a sample that make what was made of what was normalized, where there are such.
    pub fn affine(&self, rounds: Vec<(Vec<f64>, &[f64])>) -> Option<(Vec<f64>, Vec<f64>)> {
        let places = self.places();
        let (mut scales, mut shifts) = (Vec::with_capacity(places), Vec::with_capacity(places));
        for place in 0..places {
            let all = rounds.iter().flat_map(|(normed, made)| {
                normed.iter().zip(made.iter()).skip(place).step_by(places).map(|(a, b)| (*a, *b))
            });
            let all: Vec<_> = all.collect();
            let count = all.len() as f64;
            let [a, b] = [all.iter().map(|x| x.0).sum::<f64>() / count, all.iter().map(|x| x.1).sum::<f64>() / count];
            let spread: f64 = all.iter().map(|x| (x.0 - a).powi(2)).sum();
            let scale = all.iter().map(|x| (x.0 - a) * (x.1 - b)).sum::<f64>() / spread;
            let shift = b - scale * a;
            let is_close = |(x, y): &(f64, f64)| (scale * x + shift - y).abs() <= 1e-5 * (1.0 + y.abs());
            if !scale.is_finite() || !all.iter().all(is_close) {
                return None;
            }
            scales.push(scale);
            shifts.push(shift);
        }
        Some((scales, shifts))
    }

    /// Numbers at all places of a sample by what has its own; none where they differ within one.
    pub fn by_unit(&self, affine: Affine, numbers: &[f64]) -> Option<Vec<f64>> {
        let axes = self.units(affine)?;
        let count = axes.iter().map(|axis| self.dims[*axis]).product();
        let mut found = vec![f64::NAN; count];
        for (place, number) in numbers.iter().enumerate() {
            let own = &mut found[self.along(place, &axes)];
            if own.is_nan() {
                *own = *number;
            } else if (*own - number).abs() > 1e-5 * (1.0 + number.abs()) {
                return None;
            }
        }
        Some(found)
    }

    /// The sizes of weights.
    pub fn tensor_of(&self, affine: Affine) -> Vec<usize> {
        let sizes = self.units(affine).unwrap_or_default().into_iter().map(|axis| self.dims[axis]);
        match affine {
            Affine::Place => sizes.collect(),
            Affine::Channel | Affine::InGroup => vec![sizes.product()],
        }
    }

    pub fn op(&self, affine: Affine, is_centred: bool, epsilon: f64) -> Op {
        match affine {
            Affine::Place if is_centred => Op::LayerNorm { axes: self.axes.len(), epsilon },
            Affine::Place => Op::RmsNorm { epsilon },
            Affine::Channel => Op::InstanceNorm { epsilon },
            Affine::InGroup => {
                let groups = self.apart().first().map_or(1, |axis| self.dims[*axis]);
                Op::GroupNorm { groups, epsilon }
            }
        }
    }

    /// What brings the axes to where the layer takes them, and what brings them back.
    pub fn moves(&self, affine: Affine) -> (Moves, Moves) {
        if affine == Affine::Place {
            let order: Vec<_> = std::iter::once(0).chain(self.apart()).chain(self.axes.iter().copied()).collect();
            if order.is_sorted() {
                return (Vec::new(), Vec::new());
            }
            let back = (0..order.len()).filter_map(|axis| order.iter().position(|from| *from == axis));
            let permute =
                |order: Vec<usize>| (Plain::Permute(order.into_iter().map(|axis| axis as isize).collect()), vec![]);
            let back = back.collect();
            return (vec![permute(order)], vec![permute(back)]);
        }
        let number = |size: usize| Operand::Number(size as f64);
        let reshape = |sizes: &[usize]| {
            let sizes = std::iter::once(0).chain(sizes.iter().copied()).map(number).collect();
            (Plain::Reshape { zero_copies: true }, vec![Operand::List(sizes)])
        };
        let (whole, is_first) = (self.image(affine), self.has_channels_first(affine));
        let (mut before, mut after) = (Vec::new(), Vec::new());
        if whole != self.dims {
            before.push(reshape(&whole[1..]));
            after.push(reshape(&self.dims[1..]));
        }
        let last = whole.len() as isize - 1;
        if !is_first && last > 1 {
            let to_first = [0, last].into_iter().chain(1..last).collect();
            let to_last = std::iter::once(0).chain(2..=last).chain([1]).collect();
            before.push((Plain::Permute(to_first), Vec::new()));
            after.insert(0, (Plain::Permute(to_last), Vec::new()));
        }
        (before, after)
    }

    fn has_channels_first(&self, affine: Affine) -> bool {
        self.units(affine).is_some_and(|units| units.first() == Some(&1)) && self.dims.len() > 2
    }

    /// The sizes with all channels along one axis.
    pub fn image(&self, affine: Affine) -> Vec<usize> {
        let units = self.units(affine).unwrap_or_default();
        let channels = units.iter().map(|axis| self.dims[*axis]).product();
        let others = (1..self.dims.len()).filter(|axis| !units.contains(axis)).map(|axis| self.dims[axis]);
        match self.has_channels_first(affine) {
            true => [self.dims[0], channels].into_iter().chain(others).collect(),
            false => std::iter::once(self.dims[0]).chain(others).chain([channels]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_tell_which_norm_it_is() {
        let outline = |dims: &[usize], axes: &[usize]| Outline::new(dims.to_vec(), axes.to_vec()).unwrap();
        let by_group = outline(&[5, 6, 6, 4, 2], &[1, 2, 4]);
        assert_eq!(by_group.tensor_of(Affine::InGroup), [8]);
        assert_eq!(by_group.op(Affine::InGroup, true, 0.5), Op::GroupNorm { groups: 4, epsilon: 0.5 });
        assert!(!by_group.allows(Affine::Channel, true) && !by_group.allows(Affine::InGroup, false));
        let by_channel = outline(&[5, 8, 6, 6], &[2, 3]);
        assert_eq!(by_channel.op(Affine::Channel, true, 0.5), Op::InstanceNorm { epsilon: 0.5 });
        let of_rows = outline(&[5, 12, 8], &[1]);
        assert!(of_rows.allows(Affine::Place, true) && of_rows.allows(Affine::Place, false));
        assert_eq!(of_rows.moves(Affine::Place).0[0].0, Plain::Permute(vec![0, 2, 1]));
        assert!(Outline::new(vec![5, 8], vec![0]).is_none());
    }

    #[test]
    fn scale_and_shift_are_found_at_every_place() {
        let outline = Outline::new(vec![6, 3, 4], vec![1]).unwrap();
        let x: Vec<_> = (0..72).map(|at| (f64::from(at) * 1.7).sin()).collect();
        let normed = outline.normed(&x, 1e-3, true);
        let made: Vec<_> = normed.iter().enumerate().map(|(at, x)| x * (1.0 + (at % 12 / 4) as f64) - 0.5).collect();
        let (scale, shift) = outline.affine(vec![(normed, &made)]).unwrap();
        let by_unit = |numbers: &[f64]| outline.by_unit(Affine::Place, numbers).unwrap();
        let close = |a: &[f64], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&by_unit(&scale), [1.0, 2.0, 3.0]) && close(&by_unit(&shift), [-0.5; 3]));
    }
}
