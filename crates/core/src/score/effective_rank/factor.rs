//! Ranks of the outputs of dense layers that have far fewer inputs than units.
//!
//! Such outputs are Y = X W^T + b = [X 1] V^T with V = [W b]. With the Cholesky factor of V^T V = L L^T, Y Y^T is
//! [X 1] L ([X 1] L)^T. So [X 1] L has the singular values of Y but for zeros, and no more columns than V.

use faer::{MatRef, Side};

use super::gram::Gram;
use super::scaled::{largest, power_of_two};
use crate::kernels::{linear, memory};

/// Stands for the weights of a dense layer where only singular values count.
pub struct Factor {
    /// `[columns, inputs]`: L^T without what multiplies the bias.
    weight: Vec<f32>,
    /// Where it is not zero.
    bias: Option<Vec<f32>>,
    columns: usize,
}

/// The squared length of a column of V that the columns before it do not span is at least this share of all of it. Otherwise too
/// few digits of it are left.
const INDEPENDENT: f64 = 1e-8;

impl Factor {
    /// Of a weight `[units, inputs]` and a bias `[units]`; none where its columns depend on each other, as nearly all those of
    /// drawn weights do not.
    pub fn new(weight: &[f32], bias: Option<&[f32]>, units: usize) -> Option<Self> {
        let inputs = weight.len() / units.max(1);
        let bias = bias.filter(|bias| bias.iter().any(|b| *b != 0.0));
        let columns = inputs + usize::from(bias.is_some());
        if inputs == 0 || units < columns {
            return None;
        }
        let mut double = memory::to_write::<f64>(units * columns);
        for (unit, (to, row)) in double.chunks_exact_mut(columns).zip(weight.chunks_exact(inputs)).enumerate() {
            to.iter_mut().zip(row).for_each(|(to, w)| *to = f64::from(*w));
            if let Some(bias) = bias {
                to[inputs] = f64::from(bias[unit]);
            }
        }
        let gram = Gram::new(&double, units, columns);
        memory::keep(double);
        let squares = MatRef::from_column_major_slice_with_stride(&gram.values, columns, columns, gram.stride);
        let factor = squares.llt(Side::Lower).ok()?;
        let l = factor.L();
        let is_independent = |i: usize| l[(i, i)] * l[(i, i)] > INDEPENDENT * squares[(i, i)];
        if !(0..columns).all(is_independent) {
            return None;
        }
        // Ranks ignore scale; single precision does not.
        let longest = (0..columns).map(|i| squares[(i, i)]).fold(0.0, f64::max).sqrt();
        let at = |row: usize, column: usize| if row < column { 0.0 } else { (l[(row, column)] / longest) as f32 };
        Some(Self {
            weight: (0..columns).flat_map(|c| (0..inputs).map(move |i| at(i, c))).collect(),
            bias: bias.map(|_| (0..columns).map(|c| at(inputs, c)).collect()),
            columns,
        })
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A matrix `[rows, columns]` that has the singular values, up to a common factor, of what the layer makes of inputs `[rows, inputs]`; none
    /// if one of these is not finite.
    pub fn matrix(&self, mut inputs: Vec<f32>) -> Option<Vec<f32>> {
        let largest = largest(&inputs)?.max(if self.bias.is_some() { 1.0 } else { 0.0 });
        let scale = power_of_two(largest);
        inputs.iter_mut().for_each(|x| *x *= scale);
        let bias = self.bias.as_ref().map(|bias| bias.iter().map(|b| b * scale).collect::<Vec<_>>());
        let rows = inputs.len() * self.columns / self.weight.len();
        let matrix = linear(&inputs, rows, &self.weight, bias.as_deref(), self.columns);
        memory::keep(inputs);
        Some(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::super::effective_rank;
    use super::*;
    use crate::random::{Key, Purpose};

    fn normals(n: usize, seed: u64) -> Vec<f32> {
        Key { seed, repetition: 0, layer: 0, purpose: Purpose::Inputs }.standard_normals(n)
    }

    /// The effective rank of singular values of all outputs in double precision.
    fn expected(x: &[f32], w: &[f32], bias: Option<&[f32]>, units: usize) -> f64 {
        let inputs = w.len() / units;
        let rows = x.len() / inputs;
        let output = |row: usize, unit: usize| {
            let products = (0..inputs).map(|i| f64::from(x[row * inputs + i]) * f64::from(w[unit * inputs + i]));
            products.sum::<f64>() + bias.map_or(0.0, |bias| f64::from(bias[unit]))
        };
        let outputs = faer::Mat::from_fn(rows, units, output);
        super::super::entropy_rank(outputs.singular_values().unwrap().into_iter())
    }

    #[test]
    fn the_rank_is_that_of_all_outputs() {
        for (seed, (rows, inputs, units)) in
            [(40, 1, 9), (50, 7, 50), (64, 20, 64), (130, 60, 130), (200, 96, 192), (300, 30, 260)]
                .into_iter()
                .enumerate()
        {
            for (mean, size, bias) in
                [(0.0, 1.0, 0.0), (0.0, 1e-3, 0.3), (5.0, 1.0, 1.0), (0.5, 1e30, 1e20), (0.0, 1e-30, 1e-25)]
            {
                let x: Vec<_> = normals(rows * inputs, seed as u64).iter().map(|z| size * (z + mean)).collect();
                let w: Vec<_> =
                    normals(units * inputs, 100 + seed as u64).iter().map(|z| 0.1 * z + 0.1 * mean).collect();
                let bias: Vec<_> = normals(units, 200 + seed as u64).iter().map(|z| bias * z).collect();
                let factor = Factor::new(&w, Some(&bias), units).unwrap();
                let matrix = factor.matrix(x.clone()).unwrap();
                let found = effective_rank(&matrix, rows, factor.columns()).unwrap();
                let expected = expected(&x, &w, Some(&bias), units);
                assert!(
                    (found / expected - 1.0).abs() < 2e-4,
                    "{rows} {inputs} {units} {mean} {size}: {found}, {expected}"
                );
            }
        }
    }

    #[test]
    fn weights_that_depend_on_each_other_have_no_factor() {
        let (inputs, units) = (6, 20);
        let mut w = normals(units * inputs, 1);
        assert!(Factor::new(&w, None, units).is_some());
        assert!(Factor::new(&w, Some(&vec![0.0; units]), units).is_some_and(|factor| factor.columns() == inputs));
        // A column that is nearly the sum of two, one that is another, and one of zeros.
        w.chunks_exact_mut(inputs).for_each(|row| row[3] = row[0] + row[1] + 1e-5 * row[3]);
        assert!(Factor::new(&w, None, units).is_none());
        w.chunks_exact_mut(inputs).for_each(|row| row[3] = row[5]);
        assert!(Factor::new(&w, None, units).is_none());
        w.chunks_exact_mut(inputs).for_each(|row| row[3] = 0.0);
        assert!(Factor::new(&w, None, units).is_none());
        assert!(Factor::new(&vec![f32::NAN; units * inputs], None, units).is_none());
        assert!(Factor::new(&w[..12], None, 2).is_none());
    }

    #[test]
    fn inputs_that_are_not_finite_are_told() {
        let factor = Factor::new(&normals(40, 1), None, 20).unwrap();
        assert!(factor.matrix(vec![1.0, f32::INFINITY]).is_none());
        assert!(factor.matrix(vec![0.0; 8]).is_some_and(|matrix| matrix == [0.0; 8]));
    }
}
