//! How the window of a pooling slides, for libraries in which none hangs over the end.

use neartop_core::layers::Frame;
use neartop_core::network::Node;

/// A window over the axes of positions.
pub struct Sliding {
    pub kernel: Vec<usize>,
    pub stride: Vec<usize>,
    /// Padding before and after along each axis.
    pub pads: Vec<(usize, usize)>,
    /// What the last windows need beyond that.
    pub beyond: Vec<(usize, usize)>,
}

impl Sliding {
    pub fn new(node: &Node, frame: &Frame) -> Self {
        let (input, output) = (&node.place.inputs[0], &node.place.output);
        let (window, axes) = (frame.window(input), input.shape.0.len().saturating_sub(1));
        let first = 2usize.saturating_sub(axes);
        let (kernel, stride) = (window.kernel[first..].to_vec(), window.stride[first..].to_vec());
        let pads = window.pads[first..].to_vec();
        let beyond = (0..kernel.len()).map(|axis| {
            let (side, count) = (input.shape.0[axis + 1], output.shape.0[axis + 1]);
            let reached = count.saturating_sub(1) * stride[axis] + kernel[axis];
            (0, reached.saturating_sub(side + pads[axis].0 + pads[axis].1))
        });
        let beyond = beyond.collect();
        Self { kernel, stride, pads, beyond }
    }

    pub fn has_pads(&self) -> bool {
        self.pads.iter().any(|pads| *pads != (0, 0))
    }

    pub fn goes_beyond(&self) -> bool {
        self.beyond.iter().any(|pads| *pads != (0, 0))
    }

    /// All that stands around the input.
    pub fn around(&self) -> Vec<(usize, usize)> {
        self.pads.iter().zip(&self.beyond).map(|(pads, beyond)| (pads.0 + beyond.0, pads.1 + beyond.1)).collect()
    }

    /// What stands around the input and counts in a mean, and what does not.
    pub fn counted(&self, with_pads: bool) -> [Vec<(usize, usize)>; 2] {
        match with_pads {
            true => [self.pads.clone(), self.beyond.clone()],
            false => [vec![(0, 0); self.pads.len()], self.around()],
        }
    }
}
