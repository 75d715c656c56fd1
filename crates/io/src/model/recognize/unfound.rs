//! What looks like a norm and is none that was found: a root of means or sums, by which what they are of is multiplied or divided.

use std::collections::HashSet;

use super::links::{Links, name, output, passes};
use super::moments::is_root;
use crate::model::program::{Binary, Op, Plain, Program, Reduce, Step};

/// Steps between a sum and its root, and between that and the product.
const STEPS: usize = 32;

/// That some norms were not found, where there are such.
#[must_use]
pub fn unfound_norms(program: &Program) -> Option<String> {
    let links = Links::of(program);
    let mut roots: Vec<usize> = Vec::new();
    for (at, _) in program.steps.iter().enumerate().filter(|(_, step)| sums_within_samples(step, &links)) {
        let made = made_of(program, &links, at);
        let found =
            made.iter().copied().filter(|root| is_root(&program.steps[*root]) && scales(program, &links, *root));
        roots.extend(found);
    }
    roots.sort_unstable();
    roots.dedup();
    let first = &program.steps[*roots.first()?];
    let what = match roots.len() {
        1 => "what looks like a normalization stays arithmetic".to_owned(),
        count => format!("{count} steps that look like normalizations stay arithmetic"),
    };
    let place = [&first.place, &first.module].into_iter().find(|text| !text.is_empty());
    let place = place.map_or_else(|| output(first).to_owned(), Clone::clone);
    Some(format!("{what} (the first at {place}), so no layer is scored for it, and weights in it keep their numbers"))
}

/// Whether a step sums over places of a sample.
fn sums_within_samples(step: &Step, links: &Links) -> bool {
    let is_sum = |how: Reduce| !matches!(how, Reduce::Largest | Reduce::Least | Reduce::Product);
    let is_such = matches!(&step.op, Op::Plain(Plain::Reduce { how, axes, .. }) if is_sum(*how) && !axes.contains(&0));
    is_such && links.is_live(output(step))
}

/// A step, and those that make of its value alone, and of constants, something as large.
fn made_of(program: &Program, links: &Links, from: usize) -> Vec<usize> {
    let (mut made, mut seen) = (vec![from], HashSet::from([from]));
    let mut next = 0;
    while next < made.len() && made.len() <= STEPS {
        let value = output(&program.steps[made[next]]);
        for user in links.users(value) {
            if passes(&program.steps[*user]) && is_made_of(program, links, *user, &seen) && seen.insert(*user) {
                made.push(*user);
            }
        }
        next += 1;
    }
    made
}

/// Whether all that a step takes of the samples comes from these, or tells sizes.
fn is_made_of(program: &Program, links: &Links, step: usize, made: &HashSet<usize>) -> bool {
    let operands = program.steps[step].operands.iter().filter_map(|operand| name(Some(operand)));
    operands.filter(|value| links.is_live(value)).all(|value| {
        links.maker(value).is_some_and(|maker| made.contains(&maker) || is_size(&program.steps[maker], links))
    })
}

/// Whether a value tells sizes, or is a constant of such.
fn is_size(step: &Step, links: &Links) -> bool {
    let is_constant = || name(step.operands.first()).is_none_or(|value| !links.is_live(value));
    match step.op {
        Op::Plain(Plain::Shape | Plain::Size { .. } | Plain::Concat { .. } | Plain::Full | Plain::FullLike) => true,
        Op::Plain(Plain::Expand { .. } | Plain::Reshape { .. }) => is_constant(),
        _ => false,
    }
}

/// Whether something else is multiplied with, or divided by, what a root makes.
fn scales(program: &Program, links: &Links, root: usize) -> bool {
    let made = made_of(program, links, root);
    let within: HashSet<_> = made.iter().copied().collect();
    let meets = |step: &Step| {
        let is_product = matches!(step.op, Op::Plain(Plain::Binary(Binary::Multiply | Binary::Divide)));
        let mut live = step.operands.iter().filter_map(|one| name(Some(one))).filter(|value| links.is_live(value));
        is_product && live.any(|value| links.maker(value).is_none_or(|maker| !within.contains(&maker)))
    };
    made.iter().flat_map(|at| links.users(output(&program.steps[*at]))).any(|user| meets(&program.steps[*user]))
}
