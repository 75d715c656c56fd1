//! What studies hold is found only as long as the program would compute the same: when scores change, the number of their
//! definition must rise.

use std::fmt::Write as _;
use std::sync::Arc;

use neartop_io::preset::Preset;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::space::Space;
use neartop_study::store::DEFINITION;

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
    let words = |text: &str| text.split([' ', '/', '\t']).map(str::to_owned).collect::<Vec<_>>();
    let close = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x == y || (x - y).abs() <= 1e-4 * (1.0 + x.abs()) || (x.is_nan() && y.is_nan()),
        _ => a == b,
    };
    let (a, b) = (words(a), words(b));
    a.len() == b.len() && a.iter().zip(&b).all(close)
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

#[test]
fn the_guard_notices_a_change() {
    let line = "drawn: relu with kaiming_normal, repetition 0\t3.250000000 1.5 0.100000/-4.600000/-";
    assert!(same(line, &line.replace("3.250000000", "3.250000001")));
    for changed in [("3.25", "3.26"), ("0.1", "0.2"), ("/-4.6", "/-4.7"), ("/-", "/0.5"), (" 1.5", "")] {
        assert!(!same(line, &line.replace(changed.0, changed.1)), "{changed:?}");
    }
}
