//! Windows that slide over images.

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

    fn slide_along(&self, axis: usize, side: usize) -> Option<usize> {
        let (before, after) = self.pads[axis];
        let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        let padded = side.checked_add(before)?.checked_add(after)?;
        Some(padded.checked_sub(reach)?.checked_div(self.stride[axis])? + 1)
    }
}

/// Zeros before and after that keep a side for stride 1, as PyTorch puts them.
#[must_use]
pub fn same(kernel: usize, dilation: usize) -> (usize, usize) {
    let total = dilation.saturating_mul(kernel.saturating_sub(1));
    (total / 2, total - total / 2)
}
