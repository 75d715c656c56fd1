//! Recurrent layers, stacked and in both directions.

use super::concatenation::Concat;
use super::recurrence;
use super::select::Select;
use crate::layer::{Arguments, Block, Default, Domain, Edge, Kind, Layer, Make, Param, Short, Trial, Value, Vertex};
use crate::shape::Form;

/// The most layers of one stack.
const MOST_LAYERS: u64 = 1000;

static PARAMS: &[Param] = &[
    Param {
        name: "hidden",
        label: "the hidden units",
        domain: Domain::Size,
        default: Default::Needed,
        about: "units of the state",
    },
    Param {
        name: "layers",
        label: "the layers",
        domain: Domain::Whole { least: 1, most: MOST_LAYERS },
        default: Default::Whole(1),
        about: "layers on top of each other",
    },
    Param {
        name: "bidirectional",
        label: "bidirectional",
        domain: Domain::Flag,
        default: Default::Flag(false),
        about: "whether each layer also goes from the last token to the first, its units beside the others",
    },
    Param {
        name: "output",
        label: "the output",
        domain: Domain::Word(&["sequence", "last"]),
        default: Default::Word("sequence"),
        about: "the state at every token, or the last one of each direction",
    },
    Param {
        name: "bias",
        label: "bias",
        domain: Domain::Flag,
        default: Default::Flag(true),
        about: "whether it adds biases",
    },
];

pub static LSTM: Kind = Kind {
    name: "lstm",
    about: "Long short-term memory (Hochreiter & Schmidhuber 1997), as PyTorch computes it. It takes tokens x features.",
    params: PARAMS,
    short: Short::Written { param: "hidden", label: "the hidden units of lstm" },
    example: "lstm: {hidden: 128}",
    make: Make::Layer(stacked),
    trials: || trials(&LSTM),
};

pub static GRU: Kind = Kind {
    name: "gru",
    about: "Gated recurrent units (Cho et al. 2014), as PyTorch computes them. It takes tokens x features.",
    params: PARAMS,
    short: Short::Written { param: "hidden", label: "the hidden units of gru" },
    example: "gru: {hidden: 128}",
    make: Make::Layer(stacked),
    trials: || trials(&GRU),
};

pub static RNN: Kind = Kind {
    name: "rnn",
    about: "A recurrent layer with tanh, as PyTorch computes it. It takes tokens x features.",
    params: PARAMS,
    short: Short::Written { param: "hidden", label: "the hidden units of rnn" },
    example: "rnn: {hidden: 128}",
    make: Make::Layer(stacked),
    trials: || trials(&RNN),
};

/// One or two directions a layer, each from what the layer below gives.
fn stacked(arguments: &Arguments) -> Layer {
    let Arguments { kind, values } = arguments;
    let [hidden, bias] = ["hidden", "bias"].map(|name| arguments.get(name).cloned().unwrap_or(Value::Flag(true)));
    let direction = |reverse: bool| {
        let values = vec![Value::Word(kind.name), hidden.clone(), Value::Flag(reverse), bias.clone()];
        recurrence::KIND.made_of(values)
    };
    let (layers, both) = (arguments.whole("layers"), arguments.flag("bidirectional"));
    let mut vertices = Vec::new();
    let mut below = 0;
    for layer in 0..layers {
        let one = |name: &str, reverse| Vertex::new(vec![Edge::one(below, name, direction(reverse))], Concat);
        vertices.push(one(&format!("l{layer}"), false));
        let is_last = layer + 1 == layers && arguments.word("output") == Some("last");
        let ends = |from, name: &str, end: Select| match is_last {
            true => Edge::one(from, name, end),
            // No two edges of a block share a name.
            false => Edge::new(from, &format!("l{layer}_{name}"), Vec::new()),
        };
        let forward = ends(vertices.len(), "last", Select::last());
        if both {
            vertices.push(one(&format!("l{layer}_reverse"), true));
            let backward = ends(vertices.len(), "first", Select::first());
            vertices.push(Vertex::new(vec![forward, backward], Concat));
        } else if is_last {
            vertices.push(Vertex::new(vec![forward], Concat));
        }
        below = vertices.len();
    }
    Block { kind, values: values.clone(), vertices }.into()
}

fn trials(kind: &'static Kind) -> Vec<Trial> {
    let trial = |layers: u64, bidirectional, output| {
        let flags = [Value::Flag(bidirectional), Value::Word(output), Value::Flag(layers > 1)];
        let values = [Value::Whole(3), Value::Whole(layers)].into_iter().chain(flags).collect();
        Trial::of_tokens(Form::tokens(vec![4, 2]), vec![kind.made_of(values)])
    };
    vec![trial(1, false, "sequence"), trial(2, true, "last"), trial(2, false, "last")]
}
