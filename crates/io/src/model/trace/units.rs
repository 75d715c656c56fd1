//! Which axis holds the units of a value whose axes are new: what the layers that follow read says it.

use std::collections::HashSet;

use super::Tracer;
use crate::model::program::{Op, Plain, Step};
use crate::model::recognize::Links;

/// What a step says of the units of what it takes.
enum Reading {
    /// They are along the first axis of a sample.
    Channels,
    /// They are along the last.
    Features,
    /// As those of what it makes.
    OfResult,
    Nothing,
}

fn reading(op: &Op) -> Reading {
    match op {
        Op::Convolution(_)
        | Op::BatchNorm { .. }
        | Op::GroupNorm { .. }
        | Op::InstanceNorm { .. }
        | Op::Pool(_)
        | Op::AdaptiveAveragePool { .. }
        | Op::Upsample { .. }
        | Op::Prelu
        | Op::Plain(Plain::PixelShuffle { .. } | Plain::ChannelShuffle { .. }) => Reading::Channels,
        // Means of images, whatever they are called.
        Op::Plain(Plain::Reduce { axes, .. }) => match axes.as_slice() {
            [2, 3] | [3, 2] | [-2, -1] | [-1, -2] => Reading::Channels,
            _ => Reading::Nothing,
        },
        // One over several axes passes a value as it lies.
        Op::LayerNorm { axes: 2.., .. } => Reading::OfResult,
        Op::Linear { .. }
        | Op::LayerNorm { .. }
        | Op::RmsNorm { .. }
        | Op::Recurrent(_)
        | Op::Attention { .. }
        | Op::Plain(Plain::MatMul | Plain::Einsum(_)) => Reading::Features,
        Op::Activation(_)
        | Op::Dropout
        | Op::Plain(
            Plain::Unary(_)
            | Plain::Binary(_)
            | Plain::Where
            | Plain::Clamp
            | Plain::Cast(_)
            | Plain::Identity
            | Plain::Pad
            | Plain::Roll { .. }
            | Plain::Concat { .. }
            | Plain::Slice { .. }
            | Plain::Split { .. }
            | Plain::Chunk { .. }
            | Plain::Glu { .. }
            | Plain::Expand { .. },
        ) => Reading::OfResult,
        Op::Embedding { .. } | Op::Softmax { .. } | Op::Plain(_) => Reading::Nothing,
    }
}

impl Tracer<'_> {
    /// Whether the nearest layers that read what a step makes do so with its units along the first axis.
    pub(super) fn leads_to_channels(&self, step: &Step) -> bool {
        let links = self.links.get_or_init(|| Links::of(self.program));
        let mut values: Vec<&str> = step.outputs.iter().map(String::as_str).collect();
        let mut seen = HashSet::new();
        while !values.is_empty() {
            let (mut next, mut channels, mut features) = (Vec::new(), false, false);
            let places = values.iter().flat_map(|value| links.users(value));
            for place in places.filter(|place| seen.insert(**place)) {
                let taker = &self.program.steps[*place];
                match reading(&taker.op) {
                    Reading::Channels => channels = true,
                    Reading::Features => features = true,
                    Reading::OfResult => next.extend(taker.outputs.iter().map(String::as_str)),
                    Reading::Nothing => {}
                }
            }
            if channels || features {
                return !features;
            }
            values = next;
        }
        false
    }
}
