//! Names of modules and parameters, as far as a file has them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::links::name;
use crate::model::program::{Op, Operand, Plain, Program, Step, Stored};

/// What the names of parameters end in where they stand in no module.
const ENDS: [&str; 12] = [
    "weight",
    "bias",
    "embedding",
    "embeddings",
    "token",
    "scale",
    "gamma",
    "beta",
    "kernel",
    "alpha",
    "query",
    "positions",
];

/// Whether a name is one that a user gave a parameter or buffer, not one that an exporter made up.
#[must_use]
pub fn is_named(name: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let mut parts = name.split('.');
    let last = parts.next_back().unwrap_or_default();
    let is_path =
        name.contains('.') && is_word(last) && parts.all(is_word) && !last.chars().all(|c| c.is_ascii_digit());
    let end = name.rsplit('_').next().unwrap_or(name);
    is_path || is_word(name) && ENDS.contains(&end) && !name.chars().next().is_some_and(|c| c.is_ascii_digit())
}

/// Whether training changes what has this name.
#[must_use]
pub fn is_parameter(name: &str) -> bool {
    is_named(name) && !["running_mean", "running_var", "num_batches_tracked"].iter().any(|end| name.ends_with(end))
}

/// The module of a parameter: `encoder.0.weight` is of `encoder.0`.
fn module_of_parameter(name: &str) -> Option<&str> {
    is_named(name).then(|| name.rsplit_once('.').map_or("", |(module, _)| module))
}

/// Names steps after their parameters, and parameters after their steps.
pub fn give(program: &mut Program) {
    own_constants(program);
    let mut shared = shared(program);
    for at in 0..program.steps.len() {
        let step = &program.steps[at];
        let weights = weights(step);
        if weights.is_empty() {
            continue;
        }
        let names: Vec<_> =
            weights.iter().map(|(_, value)| program.stored.get(value).map(|stored| stored.name.clone())).collect();
        let module = names.iter().flatten().find_map(|name| module_of_parameter(name)).map(str::to_owned);
        let is_of_several = !step.module.is_empty() && names.iter().flatten().any(|name| shared.contains(name));
        let module = module.filter(|_| !is_of_several).unwrap_or_else(|| module_of_step(step));
        for ((role, value), name) in weights.iter().zip(&names) {
            train(program, value, role);
            if let Some(name) = name.as_ref().filter(|name| !is_named(name))
                && let Some(given) = given_name(&names, &module, role)
                && !program.stored.values().any(|stored| stored.name == given)
            {
                if shared.contains(name) {
                    shared.insert(given.clone());
                }
                rename(program, value, name, given);
            }
        }
        program.steps[at].module = module;
    }
}

/// The parameters that layers of several modules take, as a head that is tied to an embedding does.
fn shared(program: &Program) -> HashSet<String> {
    let takers = takers(program, &|_, _| true);
    takers.into_iter().filter(|(_, modules)| modules.len() > 1).map(|(name, _)| name).collect()
}

/// By the name of a parameter, the modules of the layers that take it, of those that are asked for by their step and its role.
pub(super) fn takers(program: &Program, asked: &dyn Fn(&Step, &str) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let turned =
        program.steps.iter().chain(&program.folded).filter(|step| matches!(step.op, Op::Plain(Plain::Permute(_))));
    let turned: HashMap<_, _> =
        turned.filter_map(|step| Some((step.outputs.first()?.as_str(), name(step.operands.first())?))).collect();
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for step in program.steps.iter().filter(|step| !step.module.is_empty()) {
        for (_, value) in weights(step).into_iter().filter(|(role, _)| asked(step, role)) {
            let value = turned.get(value.as_str()).copied().unwrap_or(&value);
            let Some(stored) = program.stored.get(value) else { continue };
            modules.entry(stored.name.clone()).or_default().insert(without_calls(&step.module));
        }
    }
    modules
}

/// A path without the numbers of calls that the older exporter puts into it: `l_1.linear1_2` is `l.linear1`.
fn without_calls(path: &str) -> String {
    let is_number = |end: &str| !end.is_empty() && end.chars().all(|c| c.is_ascii_digit());
    let without = |part| match str::rsplit_once(part, '_') {
        Some((name, call)) if is_number(call) => name,
        _ => part,
    };
    path.split('.').map(without).collect::<Vec<_>>().join(".")
}

/// The module of a step, or a name in its place.
fn module_of_step(step: &Step) -> String {
    let output = step.outputs.first().map_or("", String::as_str);
    let output = output.strip_suffix("#first").unwrap_or(output);
    let output: String = output.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    match (step.module.as_str(), output.chars().next()) {
        ("", Some(first)) if first.is_alphabetic() => output,
        ("", _) => format!("{}_{output}", step.original.to_lowercase()),
        (module, _) => module.to_owned(),
    }
}

/// The parameters of a layer, with what PyTorch calls them.
fn weights(step: &Step) -> Vec<(&'static str, String)> {
    let roles: &[(usize, &'static str)] = match &step.op {
        Op::Linear { .. }
        | Op::Convolution(_)
        | Op::LayerNorm { .. }
        | Op::GroupNorm { .. }
        | Op::InstanceNorm { .. }
        | Op::RmsNorm { .. } => &[(1, "weight"), (2, "bias")],
        Op::BatchNorm { .. } => &[(1, "weight"), (2, "bias"), (3, "running_mean"), (4, "running_var")],
        Op::Embedding { .. } => &[(0, "weight")],
        Op::Prelu => &[(1, "weight")],
        Op::Recurrent(_) => &[(3, "weight_ih_l0"), (4, "weight_hh_l0"), (5, "bias_ih_l0"), (6, "bias_hh_l0")],
        _ => &[],
    };
    let value = |at: usize| name(step.operands.get(at)).map(str::to_owned);
    roles.iter().filter_map(|(at, role)| Some((*role, value(*at)?))).collect()
}

fn train(program: &mut Program, value: &str, role: &str) {
    if let Some(stored) = program.stored.get_mut(value) {
        stored.is_trained = !role.starts_with("running_");
    }
}

/// What a parameter that an exporter renamed is called in PyTorch, by the others of its layer.
fn given_name(names: &[Option<String>], module: &str, role: &str) -> Option<String> {
    // The projections of an attention are called after what they are, as `in_proj_bias`.
    let other = names.iter().flatten().find(|name| is_named(name)).map(|name| name.rsplit('.').next().unwrap_or(name));
    let prefix = other.and_then(|other| other.strip_suffix("_bias").or(other.strip_suffix("_weight")));
    let role = prefix.map_or(role.to_owned(), |prefix| format!("{prefix}_{role}"));
    match (module, other) {
        ("", None) => None,
        ("", Some(_)) => Some(role),
        (module, _) => Some(format!("{module}.{role}")),
    }
}

fn rename(program: &mut Program, value: &str, old: &str, new: String) {
    let Some(dims) = program.stored.get(value).map(|stored| stored.tensor.dims().to_vec()) else { return };
    // Copies are the same parameter.
    for stored in program.stored.values_mut().filter(|stored| stored.name == old && stored.tensor.dims() == dims) {
        stored.name.clone_from(&new);
    }
}

/// Gives every layer constants of its own. Exporters keep equal tensors once, and norms and biases that were not trained are
/// all equal.
fn own_constants(program: &mut Program) {
    let mut seen: HashSet<String> = HashSet::new();
    for at in 0..program.steps.len() {
        let step = &program.steps[at];
        let module = module_of_step(step);
        for (role, value) in weights(step) {
            if seen.insert(value.clone()) {
                continue;
            }
            let Some(stored) = program.stored.get(&value).filter(|stored| is_constant(stored)).cloned() else {
                continue;
            };
            let own = format!("{module}.{role}");
            if program.stored.contains_key(&own) {
                continue;
            }
            let operands = &mut program.steps[at].operands;
            operands.iter_mut().filter(|operand| **operand == Operand::Value(value.clone())).take(1).for_each(
                |operand| {
                    *operand = Operand::Value(own.clone());
                },
            );
            program.stored.insert(own.clone(), Stored { name: own, ..stored });
        }
    }
}

pub(super) fn is_constant(stored: &Stored) -> bool {
    let numbers = stored.tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>()).unwrap_or_default();
    numbers.iter().all(|x| Some(x) == numbers.first())
}
