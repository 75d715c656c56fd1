//! An exported preset scores as the candidate did.

use std::path::Path;

use neartop_io::export::Format;
use neartop_io::preset::Preset;
use neartop_study::export::render;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::study::Study;

use super::study;

fn scored(preset: Preset) -> Study {
    let mut study = study(preset);
    let scorer = NearScorer::new(study.space.clone()).unwrap();
    for repetition in 0..study.repetitions() {
        for candidates in study.space.groups() {
            let task = Portion { repetition, candidates };
            let mut report = |id, score: Result<_, neartop_core::score::ScoreError>| {
                study.record(id, repetition, score.map_err(Into::into));
            };
            scorer.score(&task, &|| false, &mut report);
        }
    }
    study
}

fn bits(study: &Study, id: usize) -> Vec<u64> {
    study
        .scores(id)
        .iter()
        .map(|s| s.unwrap().to_bits())
        .chain(study.effective_ranks(id).iter().map(|r| r.to_bits()))
        .collect()
}

#[test]
fn an_exported_preset_scores_to_the_last_bit() {
    let text = r"
name: 'Digits: a # in its name'
data: {source: digits, scale: standardize}
network: {input: 64, layers: [linear: 20, activation, residual: {body: [linear: 20, layer_norm, activation]}, linear: 10]}
search:
  activations: [tanh, {snake: {a: 0.123456789012345}}, prelu]
  inits: [orthogonal, {xavier_normal: {gain: auto}}, lsuv, {variance_scaling: {scale: 0.3}}]
  bias: fan_in_uniform
score: {repetitions: 3, seed: 18446744073709551615}
";
    let ranked = scored(Preset::parse(text, "given.yaml", Path::new("")).unwrap());
    let winner = ranked.best().unwrap();
    assert_eq!(ranked.space.candidates.len(), 12);
    for id in 0..ranked.space.candidates.len() {
        let exported = render(&ranked, id, Format::Yaml).unwrap();
        let again = scored(Preset::parse(&exported, "exported.yaml", Path::new("")).unwrap());
        assert_eq!(again.space.candidates.len(), 1);
        assert_eq!(bits(&again, 0), bits(&ranked, id), "{}", ranked.candidate(id).init);
        assert_eq!(again.near(0), ranked.near(id));
    }
    assert_ne!(bits(&ranked, winner), bits(&ranked, (winner + 1) % 12), "the scores tell candidates apart");
    assert!(render(&ranked, winner, Format::Yaml).unwrap().starts_with("# "));
    let mut elsewhere = Preset::parse(text, "given.yaml", Path::new("")).unwrap();
    elsewhere.seed = 1;
    assert_ne!(bits(&scored(elsewhere), winner), bits(&ranked, winner), "the seed matters");
}
