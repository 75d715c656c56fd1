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

/// Writes the products of all rows with all columns to `y` `[rows, panels, PANEL]`, whose rows lie `stride` apart, where `columns`
/// are `[panels, inner, PANEL]`.
#[inline(always)]
pub fn multiply<S: Simd>(simd: S, y: &mut [f32], stride: usize, rows: Rows<'_>, columns: &[[f32; PANEL]]) {
    let vectors = columns.len() / rows.inner.max(1) * PANEL / S::F32_LANES;
    for first in (0..vectors).step_by(2) {
        // The last may be alone, and is then computed twice.
        let columns = Pair::of::<S>(columns, rows.inner, [first, (first + 1).min(vectors - 1)]);
        let mut row = 0;
        while row < rows.count {
            // As many sums as there are registers for. The last rows may be computed twice as well.
            row += match (S::REGISTER_COUNT >= 32, rows.count - row) {
                (true, 9..) => multiply_rows::<S, 12>(simd, y, stride, rows, row, columns),
                (true, 5..) => multiply_rows::<S, 8>(simd, y, stride, rows, row, columns),
                (false, 5..) => multiply_rows::<S, 6>(simd, y, stride, rows, row, columns),
                _ => multiply_rows::<S, 4>(simd, y, stride, rows, row, columns),
            };
        }
    }
}

/// Two vectors of columns: beside each other in a panel, or a panel each.
#[derive(Clone, Copy)]
struct Pair<'a> {
    panels: [&'a [[f32; PANEL]]; 2],
    /// Where they begin in a panel.
    from: usize,
    /// Where they begin among all columns.
    columns: [usize; 2],
}

impl<'a> Pair<'a> {
    #[inline(always)]
    fn of<S: Simd>(columns: &'a [[f32; PANEL]], inner: usize, vectors: [usize; 2]) -> Self {
        let [left, right] = [vectors[0] * S::F32_LANES, vectors[1] * S::F32_LANES];
        let panel = |column: usize| &columns[column / PANEL * inner..][..inner];
        Self { panels: [panel(left), panel(right)], from: left % PANEL, columns: [left, right] }
    }

    /// Both vectors of a row.
    #[inline(always)]
    fn at<S: Simd>(&self, row: usize) -> [S::f32s; 2] {
        let [left, right] = self.panels;
        if S::F32_LANES == PANEL {
            [S::as_simd_f32s(&left[row]).0[0], S::as_simd_f32s(&right[row]).0[0]]
        } else {
            let both = S::as_simd_f32s(&left[row][self.from..][..2 * S::F32_LANES]).0;
            [both[0], both[1]]
        }
    }
}

/// Writes the products of `ROWS` rows from `first` on, or of those that there are, and returns `ROWS`.
#[inline(always)]
fn multiply_rows<S: Simd, const ROWS: usize>(
    simd: S,
    y: &mut [f32],
    stride: usize,
    rows: Rows<'_>,
    first: usize,
    columns: Pair<'_>,
) -> usize {
    let mut block = [rows.row(first); ROWS];
    for (r, row) in block.iter_mut().enumerate() {
        *row = rows.row((first + r).min(rows.count - 1));
    }
    let sums = sums(simd, block, rows.inner, columns);
    for (row, sums) in (first..rows.count).zip(sums) {
        for (column, sum) in columns.columns.iter().zip(sums) {
            let to = row * stride + column;
            S::as_mut_simd_f32s(&mut y[to..to + S::F32_LANES]).0[0] = sum;
        }
    }
    ROWS
}

/// The sums of some rows with two vectors of columns.
#[inline(always)]
fn sums<S: Simd, const ROWS: usize>(
    simd: S,
    mut rows: [&[f32]; ROWS],
    inner: usize,
    mut columns: Pair<'_>,
) -> [[S::f32s; 2]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    // Known to be as long, so that no element is checked.
    for row in &mut rows {
        *row = &row[..inner];
    }
    for panel in &mut columns.panels {
        *panel = &panel[..inner];
    }
    for k in 0..inner {
        let [left, right] = columns.at::<S>(k);
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let x = simd.splat_f32s(row[k]);
            *sums = [simd.mul_add_e_f32s(x, left, sums[0]), simd.mul_add_e_f32s(x, right, sums[1])];
        }
    }
    sums
}
