//! Transposed convolutions.

use super::convolve::{Groups, add_to_planes};
use super::products::multiply_columns_into;
use super::window::Window;

/// Positions of about so many samples are multiplied at once.
const POSITIONS: usize = 64;

/// Transposed convolution of `x` `[samples, channels, height, width]` with `w` `[in, out/groups, kernel height, kernel
/// width]`: every element of `x` spreads over the window of the output that a convolution would take it from.
#[must_use]
pub fn convolve_transposed(
    x: &[f32],
    samples: usize,
    sizes: Groups,
    window: &Window,
    w: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let ([ins, height, width], [outs, out_height, out_width]) = (sizes.input, sizes.output);
    let spread = Spread {
        ins: ins / sizes.groups,
        outs: outs / sizes.groups,
        sides: [height, width],
        out_sides: [out_height, out_width],
        window,
    };
    let per_group = spread.ins * spread.outs * window.area();
    let mut y = vec![0.0; samples * outs * out_height * out_width];
    for (group, w) in w.chunks_exact(per_group.max(1)).enumerate() {
        spread.group(group, sizes.groups, w, x, &mut y);
    }
    add_to_planes(&mut y, out_height * out_width, bias);
    y
}

/// One group of channels.
struct Spread<'a> {
    ins: usize,
    outs: usize,
    sides: [usize; 2],
    out_sides: [usize; 2],
    window: &'a Window,
}

impl Spread<'_> {
    /// Some samples at a time: a product with the weights `[ins, outs x area]`, and its columns added up in the output.
    fn group(&self, group: usize, groups: usize, w: &[f32], x: &[f32], y: &mut [f32]) {
        let (positions, pixels) = (self.sides[0] * self.sides[1], self.out_sides[0] * self.out_sides[1]);
        let (image, result) = (groups * self.ins * positions, groups * self.outs * pixels);
        let together = POSITIONS.div_ceil(positions.max(1)).min(x.len() / image.max(1)).max(1);
        let mut inputs = vec![0.0; self.ins * together * positions];
        let mut columns = vec![0.0; self.outs * self.window.area() * together * positions];
        for (x, y) in x.chunks(together * image).zip(y.chunks_mut(together * result)) {
            let width = x.len() / image * positions;
            let (inputs, columns) = (&mut inputs[..self.ins * width], &mut columns[..w.len() / self.ins * width]);
            for (sample, image) in x.chunks_exact(image).enumerate() {
                let planes = image[group * self.ins * positions..].chunks_exact(positions);
                for (line, plane) in inputs.chunks_exact_mut(width).zip(planes) {
                    line[sample * positions..][..positions].copy_from_slice(plane);
                }
            }
            multiply_columns_into(columns, w, inputs, self.ins);
            for (sample, y) in y.chunks_exact_mut(result).enumerate() {
                let y = &mut y[group * self.outs * pixels..][..self.outs * pixels];
                self.fold(columns, [width, sample * positions], y);
            }
        }
    }

    /// Adds the columns of a sample, which start at `start` of lines of `width`, where they lie in the output.
    fn fold(&self, columns: &[f32], [width, start]: [usize; 2], y: &mut [f32]) {
        let step = self.window.stride[1];
        self.window.for_each_line(self.outs, self.out_sides, self.sides, |tap, position, pixel, count| {
            let line = &columns[tap * width + start + position..][..count];
            y[pixel..].iter_mut().step_by(step).zip(line).for_each(|(y, x)| *y += x);
        });
    }
}
