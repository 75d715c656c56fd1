//! Pooling.

use super::window::Window;

/// What is taken of the elements under a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    Largest,
    /// The mean, in which padding may count.
    Mean {
        count_include_pad: bool,
    },
}

/// The largest or the mean element under a sliding window, of planes `input` that become planes `output`.
#[must_use]
pub fn pool(x: &[f32], [height, width]: [usize; 2], output: [usize; 2], window: &Window, how: Pooling) -> Vec<f32> {
    let [out_height, out_width] = output;
    let mut y = vec![0.0; x.len() / (height * width) * out_height * out_width];
    let fits = 2 * out_height <= height && 2 * out_width <= width;
    let halves = fits && how == Pooling::Largest && *window == Window::square(2, 2, 1, (0, 0));
    for (plane, out) in x.chunks_exact(height * width).zip(y.chunks_exact_mut(out_height * out_width)) {
        if halves {
            for (line, rows) in out.chunks_exact_mut(out_width).zip(plane.chunks_exact(2 * width)) {
                largest_of_four(rows, width, line);
            }
            continue;
        }
        for (row, line) in out.chunks_exact_mut(out_width).enumerate() {
            let (rows, tall) = (window.taps(0, row, height), window.padded_taps(0, row, height));
            for (column, y) in line.iter_mut().enumerate() {
                let (columns, wide) = (window.taps(1, column, width), window.padded_taps(1, column, width));
                let lines = plane[rows.start * width..rows.end * width].chunks_exact(width);
                *y = if window.dilation == [1, 1] {
                    joined(lines.flat_map(|line| &line[columns.clone()]), how, tall * wide)
                } else {
                    let lines = lines.step_by(window.dilation[0]);
                    let under = lines.flat_map(|line| line[columns.clone()].iter().step_by(window.dilation[1]));
                    joined(under, how, tall * wide)
                };
            }
        }
    }
    y
}

/// `padded` is how many elements are under the window with padding.
fn joined<'a>(under: impl Iterator<Item = &'a f32> + Clone, how: Pooling, padded: usize) -> f32 {
    match how {
        // Not f32::max, which would hide a NaN.
        Pooling::Largest => under.fold(f32::NEG_INFINITY, |a, b| if a > *b { a } else { *b }),
        Pooling::Mean { count_include_pad: true } => under.sum::<f32>() / padded as f32,
        Pooling::Mean { count_include_pad: false } => {
            let count = under.clone().count();
            under.sum::<f32>() / count as f32
        }
    }
}

/// The largest under every window of 2 x 2 along two rows.
fn largest_of_four(rows: &[f32], width: usize, line: &mut [f32]) {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let (top, bottom) = rows.split_at(width);
    for ((y, top), bottom) in line.iter_mut().zip(top.as_chunks::<2>().0).zip(bottom.as_chunks::<2>().0) {
        *y = larger(larger(larger(top[0], top[1]), bottom[0]), bottom[1]);
    }
}

/// The mean of every plane of `area` elements.
#[must_use]
pub fn global_mean(x: &[f32], area: usize) -> Vec<f32> {
    x.chunks_exact(area).map(|p| (p.iter().map(|x| f64::from(*x)).sum::<f64>() / area as f64) as f32).collect()
}
