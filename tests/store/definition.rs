//! What studies hold is found only as long as the program would compute the same: when scores change, the number of their
//! definition must rise.

use std::fmt::Write as _;
use std::sync::Arc;

use neartop_io::preset::Preset;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::space::Space;
use neartop_study::store::{DEFINITION, Work};

use super::*;

/// Presets that take most of what decides a score, small enough to be scored in a moment.
const PRESETS: [(&str, &str); 5] = [
    (
        "everything",
        "data: {source: digits, scale: standardize}
network: {input: 64, layers: [linear: 8, activation, linear: 4]}
search: {activations: all, inits: all}
score: {repetitions: 1, seed: 3}",
    ),
    (
        "images",
        "data: {source: digits, scale: unit}
network:
  input: [1, 8, 8]
  layers:
    - conv2d: {out: 4, kernel: 3, padding: same}
    - batch_norm
    - activation
    - residual: {body: [conv2d: {out: 4, kernel: 3, padding: 1, groups: 2}, group_norm: 2, activation]}
    - max_pool: 2
    - avg_pool: {kernel: 3, stride: 1, padding: 1}
    - conv2d: {out: 6, kernel: 2, stride: 2, dilation: 1, bias: false}
    - activation
    - global_avg_pool
    - flatten
    - linear: 3
    - layer_norm
search: {activations: [relu, tanh], inits: [torch_default, orthogonal], bias: fan_in_uniform}
score: {repetitions: 2, seed: 5}",
    ),
    (
        "drawn",
        "data: {source: gaussian, scale: none}
network: {input: 12, layers: [linear: 6, activation, dropout: 0.5, linear: 5]}
search: {activations: [relu], inits: [kaiming_normal]}
score: {repetitions: 3, seed: 18446744073709551615}",
    ),
    (
        "airfoil",
        "data: {source: airfoil, scale: standardize_features}
network: {input: 5, layers: [linear: 6, activation, linear: 1]}
search: {activations: [gelu], inits: [xavier_uniform], bias: zeros}
score: {repetitions: 2, seed: 0}",
    ),
    (
        "architectures",
        "data: {source: uniform}
network: {input: [3, 8, 8], classes: 3}
search: {architectures: {space: nats_sss, sample: 2}, inits: [kaiming_normal]}
score: {repetitions: 1, seed: 1}",
    ),
];

/// A line for each score: what it is of, the effective rank of each layer, and how signals pass.
fn scores() -> String {
    let mut lines = String::new();
    for (name, text) in PRESETS {
        let preset = Preset::parse(text, name, Path::new("")).expect("a right preset");
        let space = Arc::new(Space::new(Arc::new(preset)));
        let scorer = NearScorer::new(Arc::clone(&space)).expect("samples");
        for candidate in &space.candidates {
            for repetition in 0..space.preset.repetitions {
                write!(lines, "{name}: {candidate}, repetition {repetition}\t").expect("memory");
                let task = Portion { repetition, candidates: vec![candidate.id] };
                scorer.score(&task, &|| false, &mut |_, score| match score {
                    Err(error) => lines += &format!("{error}"),
                    Ok(score) => {
                        let ranks = score.effective_ranks.iter().map(|rank| format!("{rank:.9}"));
                        let signals = score.propagation.iter().flat_map(|p| &p.layers).map(|layer| {
                            let gradient = layer.ln_gradient.map_or("-".to_owned(), |x| format!("{x:.6}"));
                            format!("{:.6}/{:.6}/{gradient}", layer.ln_size, layer.ln_perturbation)
                        });
                        lines += &ranks.chain(signals).collect::<Vec<_>>().join(" ");
                    }
                });
                lines.push('\n');
            }
        }
    }
    lines
}

/// Whether two lines say the same but for rounding, which is not the same on every machine.
fn same(a: &str, b: &str) -> bool {
    let ((of_a, a), (of_b, b)) = (a.split_once('\t').unwrap_or_default(), b.split_once('\t').unwrap_or_default());
    let (a_words, b_words): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
    let rounding = rounding_of(&signals(a));
    let ranks = a_words.len().saturating_sub(rounding.len());
    let allowed = std::iter::repeat_n([0.0; 3], ranks).chain(rounding);
    let mut words = a_words.iter().zip(&b_words).zip(allowed);
    of_a == of_b && a_words.len() == b_words.len() && words.all(|((a, b), allowed)| same_word(a, b, allowed))
}

/// Whether two ranks, or the three numbers of two signals, are the same but for rounding.
fn same_word(a: &str, b: &str, allowed: [f64; 3]) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.split('/').collect(), b.split('/').collect());
    let of_rank = if a.len() == 1 { RANK } else { 0.0 };
    let close = |((a, b), allowed): ((&&str, &&str), f64)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => {
            let allowed = allowed.max(1e-4 * (1.0 + x.abs())).max(of_rank * x.abs());
            x == y || (x - y).abs() <= allowed || (x.is_nan() && y.is_nan())
        }
        _ => a == b,
    };
    a.len() == b.len() && a.iter().zip(&b).zip(allowed).all(close)
}

/// A rank is exp of an entropy that is bisected until it is known to 9e-5. Rounding decides where in that interval the
/// bisection ends, so two ranks may differ by twice as much of themselves.
const RANK: f64 = 2.0 * 9e-5;
/// Signals are differences of values in single precision, whose roundings add up over products and layers. Between kernels
/// with AVX-512, with AVX2 and with neither they add up to 4.9 units at the most.
const ROUNDINGS: f64 = 8.0;
/// Half a unit in the last place of 1.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;
/// The size of a perturbation at a layer, relative to what is perturbed.
const AT_LAYER: f64 = 1e-3;
/// No rounding may hide a change larger than this.
const MOST: f64 = 0.1;

/// ln of size and perturbation of each layer's output, and ln of the gradient's growth where it was measured.
fn signals(line: &str) -> Vec<(f64, f64, Option<f64>)> {
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
    let signal = |word: &str| {
        let mut parts = word.split('/');
        Some((number(parts.next())?, number(parts.next())?, number(parts.next())))
    };
    line.split(' ').filter(|word| word.contains('/')).filter_map(signal).collect()
}

/// How far rounding may move each of the logarithms. Each layer's output is wrong by a unit of its size, and from there on
/// this error grows as the perturbation of the input does. What it is relative to the number itself, it is to the logarithm:
/// little for a size, and much for a perturbation that has shrunk.
fn rounding_of(signals: &[(f64, f64, Option<f64>)]) -> Vec<[f64; 3]> {
    // By layer, ln of the errors that have reached its output.
    let mut relative = 0.0;
    let errors: Vec<f64> = signals
        .iter()
        .map(|(size, perturbation, _)| {
            relative += (size - perturbation).exp();
            f64::ln(relative) + perturbation
        })
        .collect();
    let at_output = errors.last().copied().unwrap_or(0.0);
    let allowed = |ln: f64| (ROUNDINGS * UNIT * ln.exp()).min(MOST);
    let of_layer = |((size, perturbation, gradient), error): (&(f64, f64, Option<f64>), &f64)| {
        let arrived = gradient.map_or(0.0, |gradient| AT_LAYER.ln() + size + gradient);
        [allowed(error - size), allowed(error - perturbation), allowed(at_output - arrived)]
    };
    signals.iter().zip(&errors).map(of_layer).collect()
}

#[test]
fn scores_change_only_with_their_definition() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study/definition.txt");
    let now = scores();
    let fixture = fs::read_to_string(&path).unwrap_or_default();
    let (head, then) = fixture.split_once('\n').unwrap_or_default();
    let is_same_definition = head == format!("definition {DEFINITION}");
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    if is_same_definition {
        let of = |line: &str| line.split_once('\t').map(|(of, _)| of.to_owned());
        // What is new has no scores that anybody could have stored.
        let known: std::collections::HashMap<_, _> = now.lines().map(|line| (of(line), line)).collect();
        for line in then.lines() {
            let now = known.get(&of(line)).unwrap_or_else(|| panic!("there is no score any more of {line}"));
            assert!(
                same(line, now),
                "scores are not what they were, so `store::DEFINITION` must rise, and UPDATE_FIXTURES=1 then writes \
                 them anew\nbefore: {line}\nnow:    {now}"
            );
        }
    }
    if update {
        fs::write(&path, format!("definition {DEFINITION}\n{now}")).expect("the fixture");
    } else {
        assert!(is_same_definition, "UPDATE_FIXTURES=1 writes the scores of definition {DEFINITION}");
        assert_eq!(now.lines().count(), then.lines().count(), "UPDATE_FIXTURES=1 adds the scores of what is new");
    }
}

/// Studies of earlier builds with the same definition go on, since what a bundled preset asks for is called as it was.
#[test]
fn bundled_presets_are_found_in_earlier_studies() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study/keys.txt");
    let fixture = fs::read_to_string(&path).expect("keys");
    let (head, then) = fixture.split_once('\n').unwrap_or_default();
    let key = |name: &str| {
        let space = Arc::new(Space::new(Arc::new(Preset::load(name).expect("a bundled preset"))));
        let scorer = NearScorer::new(Arc::clone(&space)).expect("samples");
        Work::new(&space, &scorer).expect("a work").key
    };
    let names = then.lines().filter_map(|line| line.split(' ').next());
    let now: String = names.map(|name| format!("{name} {}\n", key(name))).collect();
    let is_same_definition = head == format!("definition {DEFINITION}");
    if is_same_definition {
        assert_eq!(now, then);
    } else if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&path, format!("definition {DEFINITION}\n{now}")).expect("the fixture");
    }
    assert!(is_same_definition, "UPDATE_FIXTURES=1 writes the keys of definition {DEFINITION}");
    assert_eq!(now.lines().count(), 10);
}

#[test]
fn the_guard_notices_a_change() {
    let line = "drawn: relu with kaiming_normal, repetition 0\t3.250000000 1.5 0.100000/-4.600000/-";
    assert!(same(line, &line.replace("3.250000000", "3.250000001")));
    for changed in [("3.25", "3.26"), ("0.1", "0.2"), ("/-4.6", "/-4.7"), ("/-", "/0.5"), (" 1.5", "")] {
        assert!(!same(line, &line.replace(changed.0, changed.1)), "{changed:?}");
    }
}

#[test]
fn rounding_counts_for_more_where_a_perturbation_has_shrunk() {
    let shrunk = "images: relu\t2.5 -1.314940/-6.156066/-2.983866 -0.000253/-7.202793/0.000000";
    assert!(same(shrunk, &shrunk.replace("-2.983866", "-2.993866")));
    let whole = "images: relu\t2.5 -1.314940/-6.156066/0.016134 -0.000253/-7.202793/0.000000";
    assert!(!same(whole, &whole.replace("0.016134", "0.026134")));
    assert!(!same(shrunk, &shrunk.replace("-1.314940", "-1.315940")), "a size is known to more digits");
}
