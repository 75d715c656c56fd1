//! Layers and activations that exporters take apart, found again.
//!
//! Small functions are told by what they compute, not by how they are written: a part of the program from one value to
//! another is evaluated in double precision and compared with what is known.

mod activation;
mod alike;
mod by_channel;
mod channels;
mod cone;
mod copies;
mod dense;
mod folded;
mod links;
mod moments;
mod names;
mod norms;
mod outline;
mod recurrent;
mod sized;
mod unfound;

use super::program::Program;

pub use channels::channels_first;
pub use copies::{drop_copies, tie};
pub use folded::{Folded, computed_beforehand, folded_batch_norms};
pub use links::{Links, Sizes};
pub use names::{is_named, is_parameter};
pub use sized::{is_open, with_sizes};
pub use unfound::unfound_norms;

/// Puts layers, norms and activations in the place of the steps that they were taken apart to.
pub fn found_again(program: &mut Program) {
    dense::recognize(program);
    program.drop_unused();
    norms::recognize(program);
    program.drop_unused();
    activation::recognize(program);
    program.drop_unused();
}

/// The same, and names modules and parameters, as far as the file tells.
pub fn recognize(program: &mut Program) {
    found_again(program);
    recurrent::stack(program);
    program.drop_unused();
    let open = [alike::stored_once(program), alike::unsure_weights(program)];
    names::give(program);
    program.remarks.extend(open.into_iter().flatten());
}
