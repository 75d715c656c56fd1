//! Recurrences. Keras has their formulas; an LSTM and a plain recurrence of it have one bias, the sum of PyTorch's two.

use super::initializers::plain;
use crate::export::model::{Model, is_by_element};
use neartop_core::init::Law;
use neartop_core::kernels::Cell;
use neartop_core::layers::Recurrence;
use neartop_core::network::Node;

/// The class, its arguments, and what stands after it.
pub fn recurrence(model: &Model, node: &Node, recurrence: &Recurrence) -> (&'static str, Vec<String>, Option<String>) {
    let (class, own) = match recurrence.cell {
        Cell::Lstm => ("LSTM", Some("unit_forget_bias=False")),
        Cell::Gru => ("GRU", Some("reset_after=True")),
        Cell::Tanh => ("SimpleRNN", None),
    };
    let mut arguments = vec![recurrence.hidden.to_string(), "return_sequences=True".to_owned()];
    arguments.extend(own.map(str::to_owned));
    if recurrence.reverse {
        arguments.push("go_backwards=True".to_owned());
    }
    let law = |name| node.weights.iter().find(|weight| weight.name == name).map(|weight| model.law(node, weight));
    let gates = recurrence.cell.gates();
    for (keyword, name) in [("kernel", "weight_ih"), ("recurrent", "weight_hh")] {
        arguments.extend(law(name).map(|law| format!("{keyword}_initializer={}", by_gate(&law, gates))));
    }
    arguments.push(match (law("bias_ih"), law("bias_hh")) {
        (Some(of_input), Some(of_state)) => {
            format!("bias_initializer={}", biases(of_input, of_state, recurrence.cell == Cell::Gru))
        }
        _ => "use_bias=False".to_owned(),
    });
    let turned = recurrence.reverse.then(|| "keras.ops.flip(x, axis=1)".to_owned());
    (class, arguments, turned)
}

/// The matrices of the gates, drawn apart.
fn by_gate(law: &Law, gates: usize) -> String {
    match gates == 1 || is_by_element(law) {
        true => plain(law),
        false => format!("GateByGate({}, {gates})", plain(law)),
    }
}

/// Both biases as two rows, or else their sum.
fn biases(of_input: Law, of_state: Law, apart: bool) -> String {
    match (of_input, of_state) {
        _ if apart && of_input == of_state => plain(&of_input),
        (Law::Constant { value: a }, Law::Constant { value: b }) if !apart => plain(&Law::Constant { value: a + b }),
        _ => format!("BothBiases({}, {})", plain(&of_input), plain(&of_state)),
    }
}

/// What to know of the weights of such layers, for the head of a file.
pub fn remarks(model: &Model) -> Vec<&'static str> {
    let has = |what: fn(&Recurrence) -> bool| model.has_kind(what);
    let mut remarks = Vec::new();
    if has(|it| it.cell != Cell::Gru && it.bias) {
        remarks.push("A recurrent layer has one bias, the sum of the two that PyTorch's has.");
    }
    if has(|it| it.cell == Cell::Gru) {
        remarks.push("The gates of a GRU stand in the order z, r, n; PyTorch's is r, z, n.");
    }
    remarks
}
