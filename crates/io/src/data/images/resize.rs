//! Images of another size, as Pillow's `Image.resize` with `BILINEAR` makes them: every new pixel is the mean of the old
//! ones below a triangle, which is as wide as the step from one new pixel to the next. Rows come first, then columns, or the
//! other way round where that is less work, and whole numbers are rounded in between.

/// How much the old pixels from `first` on count in a new one.
struct Window {
    first: usize,
    weights: Vec<f64>,
}

/// Rounds as the pixels of the image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To whole numbers, by sums in fixed point.
    Bytes,
    /// To whole numbers.
    Whole,
    None,
}

/// What a weight of 1 is where bytes are summed in fixed point. Sums stay exact in double precision.
const ONE: f64 = (1u32 << 22) as f64;

fn windows(from: usize, to: usize, rounding: Rounding) -> Vec<Window> {
    let step = from as f64 / to as f64;
    let reach = step.max(1.0);
    let triangle = |x: f64| (1.0 - x.abs()).max(0.0);
    let window = |i: usize| {
        let centre = (i as f64 + 0.5) * step;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let end = ((centre + reach + 0.5) as usize).min(from);
        let mut weights: Vec<f64> = (first..end).map(|x| triangle((x as f64 - centre + 0.5) / reach)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        if rounding == Rounding::Bytes {
            weights.iter_mut().for_each(|w| *w = (*w * ONE).round());
        }
        Window { first, weights }
    };
    (0..to).map(window).collect()
}

impl Rounding {
    fn mean(self, weights: &[f64], pixels: impl Iterator<Item = f32>) -> f32 {
        let sum: f64 = weights.iter().zip(pixels).map(|(w, x)| w * f64::from(x)).sum();
        match self {
            Self::Bytes => ((sum + ONE / 2.0) / ONE).floor().clamp(0.0, 255.0) as f32,
            Self::Whole => (sum + 0.5).floor() as f32,
            Self::None => sum as f32,
        }
    }
}

/// A channel of `from` rows and columns in `to` rows and columns.
pub fn resize(plane: &[f32], from: (usize, usize), to: (usize, usize), rounding: Rounding) -> Vec<f32> {
    if columns_first(from, to) {
        let short = down(plane, from, to.0, rounding);
        return across(&short, (to.0, from.1), to.1, rounding);
    }
    let narrow = across(plane, from, to.1, rounding);
    down(&narrow, (from.0, to.1), to.0, rounding)
}

/// Whether the height falls, by more than twice as many pixels as the width does: so Pillow decides since version 13.
fn columns_first(from: (usize, usize), to: (usize, usize)) -> bool {
    to.0 < from.0 && from.0 + 2 * to.1 > to.0 + 2 * from.1
}

/// Every row made `to` pixels long.
fn across(plane: &[f32], from: (usize, usize), to: usize, rounding: Rounding) -> Vec<f32> {
    let mut narrow = Vec::with_capacity(from.0 * to);
    let windows = windows(from.1, to, rounding);
    for row in plane.chunks_exact(from.1.max(1)) {
        narrow.extend(windows.iter().map(|w| rounding.mean(&w.weights, row[w.first..].iter().copied())));
    }
    narrow
}

/// Every column made `to` pixels long.
fn down(plane: &[f32], from: (usize, usize), to: usize, rounding: Rounding) -> Vec<f32> {
    let mut short = Vec::with_capacity(to * from.1);
    for window in windows(from.0, to, rounding) {
        for column in 0..from.1 {
            let pixels = plane[window.first * from.1 + column..].iter().step_by(from.1).copied();
            short.push(rounding.mean(&window.weights, pixels));
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of numpy.asarray(Image.fromarray(p).resize(size, Image.BILINEAR)), with p[i, j] = (37 i + 11 j) mod 256.
    #[test]
    fn as_pillow_does() {
        let plane: Vec<f32> = (0..35).map(|n| ((37 * (n / 5) + 11 * (n % 5)) % 256) as f32).collect();
        let small = resize(&plane, (7, 5), (2, 3), Rounding::Bytes);
        assert_eq!(small, [64.0, 81.0, 98.0, 168.0, 185.0, 172.0]);
        assert_eq!(resize(&plane, (7, 5), (7, 5), Rounding::Bytes), plane);
        let large = resize(&plane, (7, 5), (9, 8), Rounding::Bytes);
        assert_eq!(large[..8], [0.0, 5.0, 12.0, 19.0, 25.0, 32.0, 39.0, 44.0]);
        let deep: Vec<f32> = plane.iter().map(|x| x * 100.0).collect();
        let small = resize(&deep, (7, 5), (2, 3), Rounding::Whole);
        assert_eq!(small, [6322.0, 8051.0, 9780.0, 16820.0, 18549.0, 17216.0]);
    }
}
