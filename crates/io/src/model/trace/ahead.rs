//! What is known of the values of a program before a network is made of it.

use std::collections::{HashMap, HashSet};

use neartop_core::network::Form;

use super::Tracer;
use super::entry::needed;
use super::values::Traced;
use crate::model::program::Program;
use crate::model::recognize::Sizes;

impl<'p> Tracer<'p> {
    /// The sizes in the file of all values, as far as the program can be followed.
    pub(super) fn sizes(program: &'p Program, given: Option<&Form>) -> Option<Sizes> {
        let slots = HashMap::new();
        let mut tracer = Tracer::new(program, given, &slots).ok()?;
        let needed = needed(program, program.outputs.first()?);
        for step in &program.steps {
            if let Ok(made) = tracer.step(step, &needed) {
                tracer.values.extend(step.outputs.iter().map(String::as_str).zip(made));
            }
        }
        let sizes = |traced: &Traced| match traced {
            Traced::Live(live) => live.sizes(tracer.samples),
            Traced::Fixed(fixed) => fixed.tensor.dims().to_vec(),
        };
        Some(tracer.values.iter().map(|(name, traced)| ((*name).to_owned(), sizes(traced))).collect())
    }
}

/// The numbers of values of a program that takes nothing, in double precision; none where one cannot be computed.
pub fn fixed_values(program: &Program, wanted: &[&String]) -> Option<Vec<Vec<f64>>> {
    let (form, slots, needed) = (Form::features(1), HashMap::new(), HashSet::new());
    let mut tracer = Tracer::of(program, form, 1, &slots);
    for step in &program.steps {
        if let Ok(made) = tracer.step(step, &needed) {
            tracer.values.extend(step.outputs.iter().map(String::as_str).zip(made));
        }
    }
    let numbers = |name: &&String| match tracer.value(name).ok()? {
        Traced::Fixed(fixed) => fixed.numbers().ok(),
        Traced::Live(_) => None,
    };
    wanted.iter().map(numbers).collect()
}
