//! Which axis holds the units of a value whose axes are new: what the layers that follow read says it.

use std::collections::HashSet;

use super::Tracer;
use super::takers::takers;
use crate::model::program::{Op, Plain, Step};

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
            | Plain::Slice { .. },
        ) => Reading::OfResult,
        Op::Embedding { .. } | Op::Softmax { .. } | Op::Plain(_) => Reading::Nothing,
    }
}

impl Tracer<'_> {
    /// Whether layers read what a step makes with its units along the first axis, and none along the last.
    pub(super) fn leads_to_channels(&self, step: &Step) -> bool {
        let takers = self.takers.get_or_init(|| takers(self.program));
        let mut values: Vec<&str> = step.outputs.iter().map(String::as_str).collect();
        let (mut seen, mut found) = (HashSet::new(), false);
        while let Some(value) = values.pop() {
            for place in takers.get(value).into_iter().flatten().filter(|place| seen.insert(**place)) {
                let taker = &self.program.steps[*place];
                match reading(&taker.op) {
                    Reading::Channels => found = true,
                    Reading::Features => return false,
                    Reading::OfResult => values.extend(taker.outputs.iter().map(String::as_str)),
                    Reading::Nothing => {}
                }
            }
        }
        found
    }
}
