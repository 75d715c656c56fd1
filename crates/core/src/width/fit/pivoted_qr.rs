//! A QR decomposition of a matrix with three columns, and the least squares that are solved with it.

pub type Vector = [f64; 3];
/// By column.
type Matrix = [Vector; 3];

/// A P = Q R, with the first elements of Q^T b for the right side b of a least-squares problem.
pub struct PivotedQr {
    /// Of A.
    pub column_norms: Vector,
    /// Its upper triangle.
    r: Matrix,
    permutation: [usize; 3],
    qt_b: Vector,
}

impl PivotedQr {
    /// Of a matrix by columns, with as many rows as columns at least, by reflections; the longest column that is left comes
    /// next.
    pub fn new(mut a: [Vec<f64>; 3], mut b: Vec<f64>) -> Self {
        let column_norms = [norm(&a[0]), norm(&a[1]), norm(&a[2])];
        let (mut diagonal, mut exact) = (column_norms, column_norms);
        let mut permutation = [0, 1, 2];
        for j in 0..3 {
            let pivot = (j + 1..3).fold(j, |best, k| if diagonal[k] > diagonal[best] { k } else { best });
            a.swap(j, pivot);
            permutation.swap(j, pivot);
            (diagonal[pivot], exact[pivot]) = (diagonal[j], exact[j]);
            let (left, right) = a.split_at_mut(j + 1);
            let axis = &mut left[j][j..];
            diagonal[j] = -reflector(axis);
            if diagonal[j] == 0.0 {
                continue;
            }
            for (k, column) in (j + 1..).zip(right) {
                reflect(&mut column[j..], axis);
                shorten(&mut diagonal[k], &mut exact[k], &column[j..]);
            }
        }
        for (j, column) in a.iter().enumerate() {
            if column[j] != 0.0 {
                reflect(&mut b[j..], &column[j..]);
            }
        }
        let mut r = [0, 1, 2].map(|j| [0, 1, 2].map(|i| a[j][i]));
        (0..3).for_each(|j| r[j][j] = diagonal[j]);
        Self { column_norms, r, permutation, qt_b: [b[0], b[1], b[2]] }
    }

    /// The largest cosine between b and a column of A; none where it is no number.
    pub fn largest_cosine(&self, b_norm: f64) -> Option<f64> {
        let b = self.qt_b.map(|x| x / b_norm);
        let mut largest = 0.0f64;
        for (j, column) in self.r.iter().enumerate() {
            let scale = self.column_norms[self.permutation[j]];
            if scale == 0.0 {
                continue;
            }
            let cosine = (dot(&column[..=j], &b[..=j]) / scale).abs();
            if cosine.is_nan() {
                return None;
            }
            largest = largest.max(cosine);
        }
        Some(largest)
    }

    /// |A x|
    pub fn image_norm(&self, x: &Vector) -> f64 {
        let mut image = [0.0; 3];
        for (i, column) in self.r.iter().enumerate() {
            add(&mut image[..=i], x[self.permutation[i]], &column[..=i]);
        }
        norm(&image)
    }

    /// Whether no column depends on the others.
    pub fn is_regular(&self) -> bool {
        (0..3).all(|j| self.r[j][j] != 0.0)
    }

    /// A^T b, permuted and divided by a diagonal.
    pub fn gradient(&self, diagonal: &Vector) -> Vector {
        std::array::from_fn(|i| dot(&self.qt_b[..=i], &self.r[i][..=i]) / diagonal[self.permutation[i]])
    }

    /// The least squares of A x - b.
    pub fn solve(&self) -> Vector {
        let mut x = self.qt_b;
        let rank = (0..3).position(|j| self.r[j][j] == 0.0).unwrap_or(3);
        x[rank..].fill(0.0);
        for i in (0..rank).rev() {
            x[i] /= self.r[i][i];
            let value = x[i];
            add(&mut x[..i], -value, &self.r[i][..i]);
        }
        self.unpermuted(&x)
    }

    /// The solution of R^T x = P^T b.
    pub fn solve_transposed(&self, b: &Vector) -> Vector {
        let mut x = self.permutation.map(|from| b[from]);
        for (j, column) in self.r.iter().enumerate() {
            x[j] = (x[j] - dot(&x[..j], &column[..j])) / column[j];
        }
        x
    }

    /// The least squares of A x - b and D x together, and the factor L of A^T A + D D = L L^T.
    pub fn solve_damped(&self, diagonal: &Vector) -> (Vector, Factor<'_>) {
        let (mut x, factor) = self.eliminate(diagonal);
        let rank = factor.diagonal.iter().position(|d| *d == 0.0).unwrap_or(3);
        x[rank..].fill(0.0);
        for j in (0..rank).rev() {
            let known = dot(&factor.columns[j][j + 1..rank], &x[j + 1..rank]);
            x[j] = (x[j] - known) / factor.diagonal[j];
        }
        (self.unpermuted(&x), factor)
    }

    /// Turns the rows of D into R, one after the other, by rotations.
    fn eliminate(&self, diagonal: &Vector) -> (Vector, Factor<'_>) {
        let mut b = self.qt_b;
        let mut l: Matrix = std::array::from_fn(|j| std::array::from_fn(|i| self.r[i.max(j)][i.min(j)]));
        let mut l_diagonal = [0.0; 3];
        for j in 0..3 {
            let mut row = [0.0; 3];
            row[j] = diagonal[self.permutation[j]];
            let mut b_of_row = 0.0;
            for k in j..3 {
                if row[k] == 0.0 {
                    continue;
                }
                let (sin, cos) = rotation(l[k][k], row[k]);
                l[k][k] = cos * l[k][k] + sin * row[k];
                (b[k], b_of_row) = (cos * b[k] + sin * b_of_row, -sin * b[k] + cos * b_of_row);
                for i in k + 1..3 {
                    (l[k][i], row[i]) = (cos * l[k][i] + sin * row[i], -sin * l[k][i] + cos * row[i]);
                }
            }
            l_diagonal[j] = l[j][j];
        }
        (b, Factor { permutation: &self.permutation, columns: l, diagonal: l_diagonal })
    }

    fn unpermuted(&self, x: &Vector) -> Vector {
        let mut to = [0.0; 3];
        (0..3).for_each(|j| to[self.permutation[j]] = x[j]);
        to
    }
}

/// A lower triangular matrix of permuted rows.
pub struct Factor<'a> {
    permutation: &'a [usize; 3],
    /// What is below the diagonal.
    columns: Matrix,
    diagonal: Vector,
}

impl Factor<'_> {
    /// The solution of L x = P^T b.
    pub fn solve(&self, b: &Vector) -> Vector {
        let mut x = self.permutation.map(|from| b[from]);
        for j in 0..3 {
            x[j] /= self.diagonal[j];
            let value = x[j];
            add(&mut x[j + 1..], -value, &self.columns[j][j + 1..]);
        }
        x
    }
}

/// Turns a vector into the axis of the reflection that moves it onto the first coordinate, and returns its length with the
/// sign of its first element. Zeros stay.
fn reflector(axis: &mut [f64]) -> f64 {
    let length = norm(axis);
    if length == 0.0 {
        return 0.0;
    }
    let length = if axis[0] < 0.0 { -length } else { length };
    axis.iter_mut().for_each(|x| *x /= length);
    axis[0] += 1.0;
    length
}

fn reflect(x: &mut [f64], axis: &[f64]) {
    let by = -(dot(x, axis) / axis[0]);
    add(x, by, axis);
}

/// Takes the first element out of the length of a column; anew where too few digits are left (LAPACK working note 176).
fn shorten(length: &mut f64, exact: &mut f64, column: &[f64]) {
    if *length == 0.0 {
        return;
    }
    *length *= (1.0 - (column[0] / *length).powi(2)).max(0.0).sqrt();
    if 0.05 * (*length / *exact).powi(2) <= f64::EPSILON {
        *length = norm(&column[1..]);
        *exact = *length;
    }
}

/// Sine and cosine of the rotation that turns `b` into `a`.
fn rotation(a: f64, b: f64) -> (f64, f64) {
    let of = |ratio: f64| 0.5 / (0.25 + 0.25 * (ratio * ratio)).sqrt();
    if a.abs() < b.abs() {
        let sin = of(a / b);
        (sin, sin * (a / b))
    } else {
        let cos = of(b / a);
        (cos * (b / a), cos)
    }
}

/// The Euclidean norm. Values whose squares are no numbers of normal size are scaled.
pub fn norm(x: &[f64]) -> f64 {
    let squares = dot(x, x);
    if squares.is_normal() || squares.is_nan() {
        return squares.sqrt();
    }
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    largest * x.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).fold(0.0, |sum, (x, y)| sum + x * y)
}

/// x += factor y
fn add(x: &mut [f64], factor: f64, y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += factor * y);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> ([Vec<f64>; 3], Vec<f64>) {
        let x = [1.0, 2.0, 3.5, 7.0, 11.0f64];
        let by = |of: fn(f64) -> f64| x.map(of).to_vec();
        ([by(|_| 1.0), by(|x| x.powf(-0.7)), by(|x| x.ln() * x.powf(-0.7))], by(|x| (x - 4.0).sin()))
    }

    /// A^T (A x - b) + D D x
    fn slope(x: &Vector, diagonal: &Vector) -> Vector {
        let (a, b) = problem();
        let rest: Vec<f64> = (0..b.len()).map(|row| (0..3).map(|j| a[j][row] * x[j]).sum::<f64>() - b[row]).collect();
        std::array::from_fn(|j| dot(&a[j], &rest) + diagonal[j] * diagonal[j] * x[j])
    }

    #[test]
    fn solutions_are_least_squares() {
        let (a, b) = problem();
        let qr = PivotedQr::new(a, b);
        assert!(norm(&slope(&qr.solve(), &[0.0; 3])) < 1e-13);
        let diagonal = [0.3, 1.0, 2.0];
        assert!(norm(&slope(&qr.solve_damped(&diagonal).0, &diagonal)) < 1e-13);
    }

    #[test]
    fn dependent_columns_are_noticed() {
        let (mut a, b) = problem();
        a[2] = vec![0.0; b.len()];
        assert!(!PivotedQr::new(a, b).is_regular());
    }

    #[test]
    fn norms_hold_what_squares_do_not() {
        assert!((norm(&[3e200, -4e200]) / 5e200 - 1.0).abs() < 1e-15);
        assert!((norm(&[3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
        assert_eq!(norm(&[0.0, 0.0]), 0.0);
        assert!(norm(&[f64::NAN, 1.0]).is_nan());
    }
}
