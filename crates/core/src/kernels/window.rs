//! Windows that slide over images.

use std::ops::Range;

/// A window that slides over the height and the width of images. Sequences are images of height 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Along the height, then along the width, as everything here.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Zeros before and after a column or row.
    pub pads: [(usize, usize); 2],
}

impl Window {
    /// A square window.
    #[must_use]
    pub fn square(kernel: usize, stride: usize, dilation: usize, pads: (usize, usize)) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], dilation: [dilation; 2], pads: [pads; 2] }
    }

    /// A window over sequences.
    #[must_use]
    pub fn along(kernel: usize, stride: usize, dilation: usize, pads: (usize, usize)) -> Self {
        Self { kernel: [1, kernel], stride: [1, stride], dilation: [1, dilation], pads: [(0, 0), pads] }
    }

    /// Elements under the window.
    #[must_use]
    pub fn area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether it is a single element that visits every element.
    #[must_use]
    pub fn is_point(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.pads == [(0, 0); 2]
    }

    /// How many times it fits along both sides of an image; none where it does not fit at all.
    #[must_use]
    pub fn slide(&self, sides: [usize; 2]) -> Option<[usize; 2]> {
        Some([self.slide_along(0, sides[0])?, self.slide_along(1, sides[1])?])
    }

    /// [`Self::slide`], where a last window that starts within the image or before it may hang over the end, as with
    /// PyTorch's `ceil_mode`.
    #[must_use]
    pub fn slide_over(&self, sides: [usize; 2]) -> Option<[usize; 2]> {
        Some([self.slide_over_along(0, sides[0])?, self.slide_over_along(1, sides[1])?])
    }

    fn slide_along(&self, axis: usize, side: usize) -> Option<usize> {
        Some(self.free(axis, side)?.checked_div(self.stride[axis])? + 1)
    }

    fn slide_over_along(&self, axis: usize, side: usize) -> Option<usize> {
        let (free, stride) = (self.free(axis, side)?, self.stride[axis]);
        let more = free.checked_add(stride)?.checked_sub(1)?.checked_div(stride)?;
        let starts_within = more.checked_mul(stride)? < side.checked_add(self.pads[axis].0)?;
        Some(if starts_within { more + 1 } else { more })
    }

    /// How far the window can move within a padded side.
    fn free(&self, axis: usize, side: usize) -> Option<usize> {
        let (before, after) = self.pads[axis];
        let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        side.checked_add(before)?.checked_add(after)?.checked_sub(reach)
    }

    /// The side that a transposed convolution makes of each side, with `beyond` more at the ends; none where nothing is left.
    #[must_use]
    pub fn spread(&self, sides: [usize; 2], beyond: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let (before, after) = self.pads[axis];
            let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
            let whole = sides[axis].checked_sub(1)?.checked_mul(self.stride[axis])?.checked_add(reach)?;
            let side = whole.checked_add(beyond[axis])?.checked_sub(before)?.checked_sub(after)?;
            (side > 0).then_some(side)
        };
        Some([along(0)?, along(1)?])
    }

    /// The taps of a window along an axis that lie within the side: every `dilation`th element of this range.
    pub(crate) fn taps(&self, axis: usize, at: usize, side: usize) -> Range<usize> {
        let (start, before, dilation) = (at * self.stride[axis], self.pads[axis].0, self.dilation[axis]);
        let end = (start + dilation * (self.kernel[axis] - 1) + 1).saturating_sub(before).min(side);
        let skipped = before.saturating_sub(start).div_ceil(dilation) * dilation;
        (start + skipped - before).min(end)..end
    }

    /// How many taps of a window along an axis lie within the padded side.
    pub(crate) fn padded_taps(&self, axis: usize, at: usize, side: usize) -> usize {
        let (start, (before, after)) = (at * self.stride[axis], self.pads[axis]);
        let left = (side + before + after).saturating_sub(start).div_ceil(self.dilation[axis]);
        self.kernel[axis].min(left)
    }

    /// Calls `visit` for every line of positions that one tap of the window sees within images of `channels` channels: the
    /// tap, the first of its positions, the first of its pixels, and how many there are.
    pub(crate) fn for_each_line(
        &self,
        channels: usize,
        [height, width]: [usize; 2],
        [out_height, out_width]: [usize; 2],
        mut visit: impl FnMut(usize, usize, usize, usize),
    ) {
        let ([above, left], [down, step]) = (self.pads.map(|pads| pads.0), self.stride);
        for tap in 0..channels * self.area() {
            let within = tap % self.area();
            let dy = within / self.kernel[1] * self.dilation[0];
            let dx = within % self.kernel[1] * self.dilation[1];
            let first = left.saturating_sub(dx).div_ceil(step).min(out_width);
            let end = (width + left).saturating_sub(dx).div_ceil(step).clamp(first, out_width);
            for row in 0..out_height {
                let y = row * down + dy;
                if first == end || y < above || y - above >= height {
                    continue;
                }
                let pixel = (tap / self.area() * height + y - above) * width + first * step + dx - left;
                visit(tap, row * out_width + first, pixel, end - first);
            }
        }
    }
}

/// Zeros before and after a side as Keras and TensorFlow put them for `same`: a window has side/stride positions, rounded up,
/// and the odd zero comes last. For stride 1 these are PyTorch's too.
#[must_use]
pub fn same(side: usize, kernel: usize, stride: usize, dilation: usize) -> (usize, usize) {
    let steps = side.div_ceil(stride.max(1)).saturating_sub(1);
    let reach = dilation.saturating_mul(kernel.saturating_sub(1)).saturating_add(1);
    let total = steps.saturating_mul(stride).saturating_add(reach).saturating_sub(side);
    (total / 2, total - total / 2)
}
