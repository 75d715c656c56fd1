//! A study for people: one HTML page that needs nothing else.
//!
//! The page is made of parts, each a file here that says what it shows and a template under `templates/page` that says how.
//! All texts are escaped where they are put in; only the page's own style and script are not. Its security policy forbids
//! everything else, so that nothing of a preset or a study is ever run, and nothing is loaded.

mod agreement;
mod chart;
mod choice;
mod fact;
mod hopeless;
mod layers;
mod matrix;
mod name;
mod origin;
mod ranking;
mod text;
mod training;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::store::Training;
use crate::study::{Status, Study};
use agreement::Comparison;
use choice::Choice;
use fact::Fact;
use hopeless::Hopeless;
use layers::Layers;
use matrix::Matrix;
use neartop_io::preset::printable;
pub use origin::{Origin, Recorded};
use ranking::Ranking;
use training::Curves;

/// Rows of the ranking on a page, unless said otherwise.
pub const MOST_ROWS: usize = 500;
/// What stands at the head of every page, and says that a file is one.
const MARK: &str = "<meta name=\"generator\" content=\"neartop ";
/// Bytes at the beginning of a file in which the mark stands.
pub const HEAD: usize = 1024;

/// What a page is made of.
pub struct Content<'a> {
    pub study: &'a Study,
    /// What short trainings gave.
    pub training: Option<&'a Training>,
    pub origin: Origin,
    /// Rows of the ranking at the most.
    pub rows: usize,
}

#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct Page {
    version: &'static str,
    policy: String,
    style: String,
    script: String,
    title: String,
    description: Option<String>,
    facts: Vec<Fact>,
    /// What a reader must know first.
    notices: Vec<String>,
    choice: Choice,
    ranking: Ranking,
    matrix: Option<Matrix>,
    layers: Option<Layers>,
    hopeless: Hopeless,
    curves: Option<Curves>,
    comparison: Option<Comparison>,
    origin: Origin,
    conditions: Vec<Fact>,
    assumptions: Vec<String>,
    preset: String,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the page: {0}")]
pub struct PageError(#[from] askama::Error);

/// The page as HTML.
///
/// # Errors
/// If it cannot be written.
pub fn render(content: Content<'_>) -> Result<String, PageError> {
    let Content { study, training, origin, rows } = content;
    let preset = &study.space.preset;
    let ranking = study.ranking();
    let chosen = study.recommended_of(&ranking);
    let choice = chosen.as_ref().map(|(id, _)| *id);
    let (style, script) = (lines(include_str!("../templates/page.css")), lines(include_str!("../templates/page.js")));
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        policy: policy(&style, &script),
        title: if preset.name.is_empty() { "A network".to_owned() } else { printable(&preset.name) },
        description: preset.description.as_deref().map(printable),
        facts: facts(study, &origin),
        notices: notices(study, &origin),
        choice: Choice::new(study, &ranking, chosen),
        matrix: Matrix::new(study, choice.or(ranking.first().map(|row| row.candidate)), choice),
        layers: choice.and_then(|id| Layers::new(study, id)),
        hopeless: Hopeless::new(study, &ranking),
        curves: training.and_then(|training| Curves::new(study, training, &ranking, choice)),
        comparison: Comparison::new(study, choice),
        ranking: Ranking::new(study, &ranking, choice, rows),
        conditions: origin.facts(study),
        assumptions: origin.assumed(study),
        preset: origin.preset_text(),
        origin,
        style,
        script,
    };
    Ok(page.render()?)
}

/// Whether a text begins as a page does, written by any version.
#[must_use]
pub fn is_page(head: &str) -> bool {
    head.starts_with("<!DOCTYPE html>") && head.contains(MARK)
}

/// A text with the line ends that HTML counts, so that its hash is right.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Allows the page its own style and script, and nothing else.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

/// What was ranked, in a few words.
fn facts(study: &Study, origin: &Origin) -> Vec<Fact> {
    let preset = &study.space.preset;
    let tally = study.tally();
    let mut facts = vec![Fact::new("Candidates", text::grouped(tally.candidates as u64))];
    facts.push(match preset.auto {
        Some(auto) => Fact::new("Repetitions", format!("{} to {}", auto.least, preset.repetitions)),
        None => Fact::new("Repetitions", preset.repetitions),
    });
    facts.push(Fact::new("Seed", preset.seed));
    facts.push(match &preset.search.architectures {
        // The network is one of theirs.
        Some(architectures) => Fact::new("Space of architectures", architectures.space.name()),
        None => Fact::new("Network", preset.network.summary()),
    });
    facts.push(Fact::new("Made", format!("{} by neartop {}", origin.date, env!("CARGO_PKG_VERSION"))));
    facts
}

/// What keeps the ranking from being final.
fn notices(study: &Study, origin: &Origin) -> Vec<String> {
    let tally = study.tally();
    let mut notices = Vec::new();
    if tally.done < tally.total {
        notices.push(format!(
            "Not everything is scored: {} of {} repetitions are. The ranking can still change.",
            text::grouped(tally.done as u64),
            text::grouped(tally.total as u64)
        ));
    } else if study.race().is_some_and(|race| !race.is_settled()) {
        notices.push("The repetitions did not suffice to tell the best candidates apart.".to_owned());
    }
    if origin.left_out > 0 {
        notices.push(format!(
            "{} recorded repetitions are left out: the preset, as it was run last, does not ask for them.",
            text::grouped(origin.left_out as u64)
        ));
    }
    let failed = (0..tally.candidates).filter(|id| study.status(*id) == Status::Failed).count();
    if failed > 0 && failed == tally.candidates {
        notices.push("No candidate could be scored.".to_owned());
    }
    notices
}

#[cfg(test)]
mod tests;
