use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::failure::ScoreFailure;
use crate::space::Space;
use crate::store::TrainingRow;
use neartop_core::score::Score;
use neartop_core::score::propagation::{LayerSignal, Propagation};
use neartop_io::preset::Preset;

const SMALL: &str = "\
name: \"</title><script>alert('a')</script> &\"
description: \"<img src=x onerror=alert(1)>\"
network: {input: 6, layers: [linear: 8, activation, linear: 3]}
search:
  activations: [relu, tanh, {leaky_relu: {negative_slope: 0.1}}]
  inits: [orthogonal, {normal: {std: 0.05}}]
score: {repetitions: 2, seed: 5} # </code></pre><b>\u{202e}
";

fn study(text: &str) -> Study {
    let preset = Preset::parse(text, "small.yaml", Path::new("")).expect("a right preset");
    Study::new(Arc::new(Space::new(Arc::new(preset))))
}

fn score(near: f64, ln_size: f64) -> Score {
    let layer = |saturated| LayerSignal {
        ln_size,
        ln_spread: ln_size,
        ln_perturbation: ln_size,
        ln_typical_perturbation: ln_size,
        ln_gradient: Some(0.0),
        saturated,
    };
    let propagation = Some(Propagation { layers: vec![layer(None), layer(Some(0.0)), layer(None)], blocks: None });
    Score { near, effective_ranks: vec![near / 3.0; 3], dead_from: None, propagation }
}

/// Candidate 0 is best and explodes, 1 to 4 train, and 5 fails.
fn scored(text: &str) -> Study {
    let mut study = study(text);
    for repetition in 0..2 {
        let extra = 0.1 * repetition as f64;
        study.record(0, repetition, Ok(score(12.0 + extra, 9.0)));
        for id in 1..5 {
            study.record(id, repetition, Ok(score(10.0 - id as f64 + 2.0 * extra, 0.5)));
        }
    }
    study.record(5, 0, Err(ScoreFailure::read("values that are not finite after layer <overflow>")));
    study
}

fn page(study: &Study, training: Option<&Training>, rows: usize) -> String {
    let origin = Origin {
        date: "2026-01-31".to_owned(),
        command: "neartop report 'a<b>.yaml'".to_owned(),
        preset: ("As in small.yaml.".to_owned(), study.space.preset.text().to_owned()),
        assumptions: vec!["the first line is <taken> as names".to_owned()],
        ..Origin::default()
    };
    render(Content { study, training, origin, rows }).expect("a page")
}

/// What stands between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &page[start..start + page[start..].find(to).unwrap_or_else(|| panic!("no {to}"))]
}

/// The rows of the body of the first table of a section.
fn rows(page: &str, section: &str) -> usize {
    let section = between(page, &format!("<section id=\"{section}\""), "</section>");
    between(section, "<tbody>", "</tbody>").matches("<tr").count()
}

#[test]
fn texts_are_escaped_wherever_they_come_from() {
    let page = page(&scored(SMALL), None, MOST_ROWS);
    let body = page.replacen("<script>\"use strict\"", "", 1);
    for bad in
        ["<script>alert", "<img", "</pre><b>", "<taken>", "<b>.yaml", "<overflow>", "\u{202e}", "onerror=alert(1)>"]
    {
        assert!(!body.contains(bad), "{bad}");
    }
    for good in ["&#60;script&#62;alert(&#39;a&#39;)", "&#60;img src=x", "&#60;taken&#62;", "\\u{202e}"] {
        assert!(page.contains(good), "{good}");
    }
}

#[test]
fn the_policy_allows_the_page_its_own_style_and_script_alone() {
    let page = page(&scored(SMALL), None, MOST_ROWS);
    for (kind, text) in
        [("style", between(&page, "<style>", "</style>")), ("script", between(&page, "<script>", "</script>"))]
    {
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        let policy = between(&page, "Content-Security-Policy\" content=\"", "\">").replace("&#39;", "'");
        assert!(policy.contains(&format!("{kind}-src 'sha256-{hash}'")), "{policy}");
        assert!(policy.starts_with("default-src 'none'"));
    }
    assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
    // Nothing that a policy would have to stop.
    for outside in ["src=\"", "http:", "https:", "@import", "url(", "style=\"", "onclick"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(is_page(&page[..HEAD]) && !is_page("<!DOCTYPE html><html></html>") && !is_page("# notes"));
}

#[test]
fn a_page_says_what_to_take_and_why_others_do_not_train() {
    let page = page(&scored(SMALL), None, MOST_ROWS);
    let choice = between(&page, "<p class=\"verdict\">", "</p>");
    assert_eq!(choice, "Take <code>relu</code> with <code>normal(std=0.05)</code>.");
    assert!(page.contains("relu with orthogonal has a higher NEAR but will not train: exploding"), "{page}");
    assert!(page.contains("2 of 6 candidates will not train"));
    let exploding = between(&page, "<caption>Exploding", "</table>");
    assert!(exploding.contains("the size of the outputs") && exploding.contains("8,100") && exploding.contains("12.2"));
    assert!(
        between(&page, "<caption>Not finite", "</table>").contains("after layer &#60;overflow&#62;, in repetition 0")
    );
    assert_eq!((rows(&page, "ranking"), rows(&page, "matrix"), rows(&page, "layers")), (6, 3, 3));
    assert!(between(&page, "<section id=\"layers\"", "</section>").contains("f(x) = max(0, x)"));
    assert!(!page.contains("id=\"training\"") && !page.contains("id=\"agreement\""));
    assert!(!page.contains("class=\"notice\""));
}

#[test]
fn what_is_left_out_is_said() {
    let page = page(&scored(SMALL), None, 1);
    // The recommended candidate is there all the same.
    assert_eq!(rows(&page, "ranking"), 2);
    assert!(page.contains("The best 1 of 6 candidates, and the recommended one."));
    let mut part = study(SMALL);
    part.record(0, 0, Ok(score(12.0, 0.5)));
    let page = self::page(&part, None, MOST_ROWS);
    assert!(page.contains("Not everything is scored: 1 of 12 repetitions are."));
    let page = self::page(&study(SMALL), None, MOST_ROWS);
    assert!(page.contains("<p class=\"verdict\">None.</p>") && page.contains("Why: nothing is scored yet."));
    assert!(!page.contains("id=\"layers\""));
}

#[test]
fn without_a_candidate_that_trains_none_is_recommended() {
    let mut study = study(SMALL);
    for id in 0..6 {
        study.record(id, 0, Ok(score(12.0 - id as f64, 9.0)));
    }
    assert!(
        page(&study, None, MOST_ROWS).contains("Why: no candidate will train: relu with orthogonal has the highest")
    );
    study.set_guard(false);
    let unguarded = page(&study, None, MOST_ROWS);
    assert!(unguarded.contains("Take <code>relu</code> with <code>orthogonal</code>."));
    assert!(unguarded.contains("the highest NEAR, also if it will not train"));
}

#[test]
fn trainings_are_drawn_and_told() {
    let row = |candidate, accuracy: f64| TrainingRow {
        candidate,
        epochs: 2.0,
        accuracy: Some(accuracy),
        loss: Some(0.5),
        details: format!(
            r#"{{"state":"trained","quality":{accuracy},"curve":[[1,0.9,0.8,0.5],[2,0.6,null,{accuracy}]]}}"#
        ),
    };
    let budget = r#"{"epochs":2,"batch":64,"optimizer":"<adam>","learning_rate":null,"candidates":3}"#.to_owned();
    let odd = TrainingRow { details: "not JSON".to_owned(), accuracy: None, ..row(3, 0.1) };
    let training = Training { budget, rows: vec![row(1, 0.75), row(2, 0.875), odd] };
    let study = scored(SMALL);
    let page = page(&study, Some(&training), MOST_ROWS);
    assert!(page.contains(
        "Of 2 candidates that trained for a short time, tanh with orthogonal did best, with accuracy 0.8750"
    ));
    assert!(page.contains("what NEAR recommends came to 0.7500."));
    assert!(page.contains("&#60;adam&#62;") && page.contains("by a range test of each candidate"));
    assert_eq!(page.matches("<polyline").count(), 2, "the loss is known at one point");
    assert_eq!(rows(&page, "training"), 2);
}

#[test]
fn slots_that_are_filled_apart_and_long_spaces_have_pages_too() {
    let slots =
        "network: {input: 6, layers: [linear: 8, activation: {slot: hidden}, linear: 3, activation: {slot: output}]}
search: {activations: {hidden: all, output: all}, inits: [orthogonal, lsuv]}
score: {repetitions: 1}
";
    let mut study = study(slots);
    let all = study.space.candidates.len();
    (0..all).for_each(|id| study.record(id, 0, Ok(score(5.0 + id as f64 / all as f64, 0.5))));
    let page = page(&study, None, MOST_ROWS);
    assert_eq!((rows(&page, "ranking"), rows(&page, "matrix")), (MOST_ROWS.min(all), 60));
    assert!(page.contains(&format!("The 60 of {} rows with the highest NEAR.", all / 2)));
    assert!(page.contains(" in slot hidden</code>") && page.contains(" in slot output</code>"));
    assert!(page.len() < 1_000_000, "{}", page.len());
}
