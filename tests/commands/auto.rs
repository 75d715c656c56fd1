//! Repetitions that are spent where the ranking is open.

use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use neartop_core::score::Score;
use neartop_io::preset::Preset;
use neartop_study::scheduler::{self, Known, NearScorer};
use neartop_study::space::Space;
use neartop_study::study::{Status, Study};
use serde_json::Value;

const PRESET: &str = "
name: Race
data: {source: digits}
network: {input: 64, layers: [linear: 24, activation, linear: 16, activation, linear: 10]}
search:
  activations: [relu, tanh, {leaky_relu: {negative_slope: 0.3}}, sigmoid]
  inits: [torch_default, xavier_normal, kaiming_normal, orthogonal]
score: {repetitions: {minimum: 6, maximum: 40, confidence: 0.9}}
";

fn space() -> Arc<Space> {
    Arc::new(Space::new(Arc::new(Preset::parse(PRESET, "race.yaml", Path::new("")).expect("a right preset"))))
}

async fn run(jobs: usize, known: &Study) -> Study {
    let space = Arc::clone(&known.space);
    let scorer = Arc::new(NearScorer::new(Arc::clone(&space)).expect("digits"));
    let known = |id: usize, repetition: usize| match known.scores(id).get(repetition).copied().flatten() {
        Some(near) => Known::Scored(near),
        None => Known::Nothing,
    };
    let mut run = scheduler::start(scorer, &space, jobs, &known);
    let mut study = Study::new(space);
    while let Some(progress) = run.progress.recv().await {
        study.record(progress.candidate, progress.repetition, progress.result);
    }
    study
}

#[tokio::test]
async fn decisions_are_the_same_on_any_number_of_cores() {
    let nothing = Study::new(space());
    let one = run(1, &nothing).await;
    let race = one.race().expect("a race");
    assert!(race.is_over());
    let counts = |study: &Study| (0..16).map(|id| study.count(id)).collect::<Vec<_>>();
    assert!(counts(&one).contains(&6), "{:?}", counts(&one));
    assert!(counts(&one).iter().all(|n| (6..=40).contains(n)));
    assert!((0..16).all(|id| one.status(id) == Status::Scored));
    let tally = one.tally();
    assert_eq!((tally.done, tally.scored), (tally.total, 16));
    for jobs in [2, 5] {
        let other = run(jobs, &nothing).await;
        assert_eq!(counts(&other), counts(&one), "{jobs} jobs");
        assert!((0..16).all(|id| other.scores(id) == one.scores(id)));
        assert_eq!(other.recommended(), one.recommended());
    }
}

#[tokio::test]
async fn what_is_known_is_not_scored_again() {
    let nothing = Study::new(space());
    let whole = run(2, &nothing).await;
    let again = run(2, &whole).await;
    assert!((0..16).all(|id| again.count(id) == 0));
}

#[test]
fn the_command_line_asks_for_it() {
    let rank = |extra: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
        command.args(["rank", "digits-mlp", "--no-study", "--format", "json"]).args(extra);
        let output = command.assert().success().get_output().stdout.clone();
        serde_json::from_slice(&output).expect("JSON")
    };
    let auto = rank(&["--repetitions", "auto"]);
    let spent: u64 = auto["candidates"].as_array().unwrap().iter().map(|c| c["repetitions"].as_u64().unwrap()).sum();
    assert!(spent < 130 * 32, "{spent}");
    assert!(auto["settled"].is_boolean());
    assert_eq!(rank(&["--repetitions", "2"]).get("settled"), None);
    let mut wrong = Command::new(env!("CARGO_BIN_EXE_neartop"));
    wrong.args(["rank", "digits-mlp", "--repetitions", "many"]).assert().code(2);
}

#[test]
fn presets_say_how() {
    let parse = |text: &str| {
        Preset::parse(
            &format!("network: {{input: 4, layers: [linear: 3]}}\nscore: {{repetitions: {text}}}\n"),
            "p.yaml",
            Path::new(""),
        )
    };
    let preset = parse("auto").unwrap();
    assert_eq!((preset.repetitions, preset.auto.map(|a| a.least)), (128, Some(8)));
    assert!(preset.to_yaml().contains("repetitions: auto"));
    let preset = parse("{maximum: 5}").unwrap();
    assert_eq!((preset.repetitions, preset.auto.map(|a| a.least)), (5, Some(5)));
    let again = Preset::parse(&preset.to_yaml(), "again.yaml", Path::new("")).unwrap();
    assert_eq!((again.repetitions, again.auto), (preset.repetitions, preset.auto));
    for wrong in ["some", "{minimum: 9, maximum: 8}", "{confidence: 1.0}", "{confidence: 0.2}", "{most: 3}", "0"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

/// The first repetitions happen to be of high scores, and those that leave have no others.
#[test]
fn a_candidate_that_left_stands_behind_those_that_went_on() {
    let mut study = Study::new(space());
    let near = |candidate: usize, repetition: usize| {
        let of_all = if repetition < 6 { 100.0 } else { 0.0 };
        let wavers = if candidate == 1 { f64::from([-1i8, 1][repetition % 2]) } else { 0.0 };
        let own = if candidate < 2 { 50.0 } else { 10.0 + candidate as f64 };
        of_all + own + wavers
    };
    for repetition in 0..40 {
        for candidate in 0..16 {
            if study.race().is_some_and(|race| !race.is_over() && race.open().contains(&candidate)) {
                let score = Score {
                    near: near(candidate, repetition),
                    effective_ranks: Vec::new(),
                    dead_from: None,
                    propagation: None,
                };
                study.record(candidate, repetition, Ok(score));
            }
        }
    }
    assert_eq!((study.count(0), study.count(1), study.count(15)), (40, 40, 6));
    let mean = |id: usize| study.near(id).expect("a score").mean;
    assert!(mean(15) > mean(0), "{} {}", mean(15), mean(0));
    let ranking = study.ranking();
    let order: Vec<_> = ranking.iter().map(|r| r.candidate).collect();
    assert_eq!(order, [0, 1, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let tied: Vec<_> = ranking.iter().filter(|r| r.tied_with_best).map(|r| r.candidate).collect();
    assert_eq!(tied, [0, 1]);
    assert_eq!(study.best(), Some(0));
}
