//! Pooling. candle pools images that are padded before; a sequence is one of height 1.

use crate::export::sliding::Sliding;
use crate::export::source::list;
use neartop_core::layers::{AvgPool, Frame};
use neartop_core::network::{Form, Node};

/// A window over images.
struct Window {
    kernel: String,
    stride: String,
    is_sequence: bool,
}

impl Window {
    fn of(sliding: &Sliding) -> Self {
        let is_sequence = sliding.kernel.len() == 1;
        let [kernel, stride] = [&sliding.kernel, &sliding.stride].map(|sides| match sides.as_slice() {
            [length] => format!("(1, {length})"),
            [height, width] if height == width => height.to_string(),
            sides => format!("({})", list(sides)),
        });
        Self { kernel, stride, is_sequence }
    }

    fn pool(&self, how: &str, image: &str) -> String {
        let (kernel, stride) = (&self.kernel, &self.stride);
        let pooled = format!("{image}.{how}_pool2d_with_stride({kernel}, {stride})?");
        if self.is_sequence { format!("{pooled}.squeeze(2)?") } else { pooled }
    }

    /// What is pooled.
    fn image(&self) -> &'static str {
        if self.is_sequence { "x.unsqueeze(2)?" } else { "x" }
    }
}

/// An image with `value` around it, where there is something around it.
fn padded(image: &str, pads: &[(usize, usize)], value: &str) -> String {
    match pads {
        _ if pads.iter().all(|pads| *pads == (0, 0)) => image.to_owned(),
        [length] => format!("pad(&{image}, [(0, 0), {length:?}], {value})?"),
        _ => format!("pad(&{image}, {pads:?}, {value})?"),
    }
}

pub fn max_pooling(node: &Node, frame: &Frame) -> String {
    let sliding = Sliding::new(node, frame);
    let window = Window::of(&sliding);
    window.pool("max", &padded(window.image(), &sliding.around(), "f32::NEG_INFINITY"))
}

pub fn avg_pooling(node: &Node, pool: &AvgPool) -> String {
    let sliding = Sliding::new(node, &pool.frame);
    let window = Window::of(&sliding);
    let [counted, uncounted] = sliding.counted(pool.count_include_pad);
    let mean =
        |image: &str, value: &str| window.pool("avg", &padded(&padded(image, &counted, value), &uncounted, "0.0"));
    match uncounted.iter().all(|pads| *pads == (0, 0)) {
        true => mean(window.image(), "0.0"),
        false => {
            let ones = format!("{}.ones_like()?", window.image());
            format!("({} / {})?", mean(window.image(), "0.0"), mean(&ones, "1.0"))
        }
    }
}

/// The axes one after the other.
pub fn adaptive(output: &Form) -> String {
    let sides = output.shape.0.iter().enumerate().skip(1);
    sides.fold("x".to_owned(), |x, (axis, count)| format!("adaptive_mean(&{x}, {}, {count})?", axis + 1))
}
