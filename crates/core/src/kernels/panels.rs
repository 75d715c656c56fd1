//! Products of rows with columns that lie in panels.
//!
//! Every result is one sum, in the order of the elements of its row. So it is the same to the last bit however many rows
//! and columns are multiplied at once.

use pulp::Simd;

/// Columns whose numbers lie together: whole vectors, whatever the machine.
pub const PANEL: usize = 16;

/// Rows that lie `stride` apart, of which the first `inner` elements count.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub values: &'a [f32],
    pub count: usize,
    pub stride: usize,
    pub inner: usize,
}

impl Rows<'_> {
    #[inline(always)]
    fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.stride..][..self.inner]
    }
}

/// Writes the products of all rows with all columns to `y` `[rows, panels, PANEL]`, where `columns` are `[panels, inner,
/// PANEL]`.
#[inline(always)]
pub fn multiply<S: Simd>(simd: S, y: &mut [f32], rows: Rows<'_>, columns: &[[f32; PANEL]]) {
    if S::REGISTER_COUNT >= 32 {
        by_blocks::<S, 8>(simd, y, rows, columns);
    } else {
        by_blocks::<S, 4>(simd, y, rows, columns);
    }
}

#[inline(always)]
fn by_blocks<S: Simd, const ROWS: usize>(simd: S, y: &mut [f32], rows: Rows<'_>, columns: &[[f32; PANEL]]) {
    let width = columns.len() / rows.inner.max(1) * PANEL;
    let vectors = width / S::F32_LANES;
    for first in (0..vectors).step_by(2) {
        // The last may be alone, and is then computed twice, as the last rows are.
        let pair = [first, (first + 1).min(vectors - 1)].map(|vector| vector * S::F32_LANES);
        let panels = pair.map(|column| &columns[column / PANEL * rows.inner..][..rows.inner]);
        for row in (0..rows.count).step_by(ROWS) {
            let block: [usize; ROWS] = std::array::from_fn(|r| (row + r).min(rows.count - 1));
            let sums = sums(simd, block.map(|row| rows.row(row)), panels, pair.map(|column| column % PANEL));
            for (row, sums) in block.iter().zip(sums) {
                for (column, sum) in pair.iter().zip(sums) {
                    let to = row * width + column;
                    S::as_mut_simd_f32s(&mut y[to..to + S::F32_LANES]).0.copy_from_slice(&[sum]);
                }
            }
        }
    }
}

/// The sums of some rows with two vectors of columns.
#[inline(always)]
fn sums<S: Simd, const ROWS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    panels: [&[[f32; PANEL]]; 2],
    from: [usize; 2],
) -> [[S::f32s; 2]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    for (k, (left, right)) in panels[0].iter().zip(panels[1]).enumerate() {
        let left = &left[from[0]..][..S::F32_LANES];
        let right = &right[from[1]..][..S::F32_LANES];
        let (&[left], &[right]) = (S::as_simd_f32s(left).0, S::as_simd_f32s(right).0) else { return sums };
        for (sums, row) in sums.iter_mut().zip(rows) {
            let x = simd.splat_f32s(row[k]);
            *sums = [simd.mul_add_e_f32s(x, left, sums[0]), simd.mul_add_e_f32s(x, right, sums[1])];
        }
    }
    sums
}
