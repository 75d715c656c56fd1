//! Labels drawn at random.

use super::super::streams::{Stream, shuffled, stream};
use neartop_core::network::Shape;
use neartop_core::random::{below, normal_quantile, uniform};
use neartop_core::settings::TaskKind;
use neartop_io::data::Labels;

/// Labels of so many samples for a network that gives `output`, and the task that they are.
pub fn labels(asked: Option<TaskKind>, output: &Shape, count: usize, seed: u64) -> (TaskKind, Labels) {
    let width = output.elements();
    let kind = asked.unwrap_or(match output.0.as_slice() {
        [classes] if *classes > 1 => TaskKind::Classification,
        _ => TaskKind::Regression,
    });
    let classes = |classes: usize| Labels::Classes { of: balanced(count, classes, seed), count: classes };
    let labels = match kind {
        TaskKind::Classification => classes(width),
        TaskKind::Binary => classes(2),
        TaskKind::MultiLabel => numbers(count, width, seed, |rng| below(rng, 2) as f32),
        TaskKind::Regression => numbers(count, width, seed, |rng| normal_quantile(uniform(rng)) as f32),
    };
    (kind, labels)
}

/// Every class as often as any other, as far as can be.
fn balanced(count: usize, classes: usize, seed: u64) -> Vec<u32> {
    shuffled(count, seed, Stream::Labels, 0).into_iter().map(|place| (place % classes) as u32).collect()
}

fn numbers(count: usize, width: usize, seed: u64, mut draw: impl FnMut(&mut rand_chacha::ChaCha8Rng) -> f32) -> Labels {
    let mut rng = stream(seed, Stream::Labels, 1);
    let of: Vec<_> = (0..count * width).map(|_| draw(&mut rng)).collect();
    if width == 1 { Labels::Values(of) } else { Labels::Several { of, width } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit_what_a_network_gives() {
        let of = |asked, dims: &[usize]| labels(asked, &Shape(dims.to_vec()), 30, 3);
        let (kind, Labels::Classes { of: classes, count: 10 }) = of(None, &[10]) else { panic!("not ten classes") };
        assert_eq!(kind, TaskKind::Classification);
        assert!((0..10).all(|class| classes.iter().filter(|of| **of == class).count() == 3));
        assert!(matches!(of(None, &[1]), (TaskKind::Regression, Labels::Values(of)) if of.len() == 30));
        assert!(matches!(of(None, &[4, 5]), (TaskKind::Regression, Labels::Several { width: 20, .. })));
        assert!(matches!(of(Some(TaskKind::Binary), &[1]), (TaskKind::Binary, Labels::Classes { count: 2, .. })));
        let (_, Labels::Several { of: answers, width: 4 }) = of(Some(TaskKind::MultiLabel), &[4]) else {
            panic!("not four answers")
        };
        assert!(answers.iter().all(|x| *x == 0.0 || *x == 1.0));
        assert_eq!(of(None, &[10]), of(None, &[10]));
    }
}
