//! Layers that several spaces have.

use crate::layer::Layer;
use crate::layers::{Conv2d, Flatten, GlobalAvgPool, Linear, Padding};

/// A convolution without bias that keeps the image's size but for the stride.
pub fn conv(out: usize, kernel: usize, stride: usize) -> Layer {
    let conv = Conv2d::new(out, kernel).strided(stride);
    Conv2d { padding: Padding::Zeros(kernel / 2), bias: false, ..conv }.into()
}

/// From the image's features to the classes.
pub fn classifier(classes: usize) -> [Layer; 3] {
    [GlobalAvgPool.into(), Flatten.into(), Linear::new(classes).into()]
}
