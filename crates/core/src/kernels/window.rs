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
        self.slide_over(sides, false)
    }

    /// The same, where a last window that begins within the image or the zeros before it may hang over the end, as
    /// PyTorch's `ceil_mode` has it.
    #[must_use]
    pub fn slide_over(&self, sides: [usize; 2], hangs_over: bool) -> Option<[usize; 2]> {
        let along = |axis| self.slide_along(axis, sides[axis], hangs_over);
        Some([along(0)?, along(1)?])
    }

    fn slide_along(&self, axis: usize, side: usize, hangs_over: bool) -> Option<usize> {
        let (before, after) = self.pads[axis];
        let reach = self.dilation[axis].checked_mul(self.kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        let padded = side.checked_add(before)?.checked_add(after)?;
        let (room, stride) = (padded.checked_sub(reach)?, self.stride[axis]);
        let fits = room.checked_div(stride)? + 1;
        let begins_within = fits.checked_mul(stride)? < side + before;
        Some(if hangs_over && room % stride != 0 && begins_within { fits + 1 } else { fits })
    }
}
